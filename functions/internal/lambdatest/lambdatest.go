// Package lambdatest runs a function's binary as the Lambda service does, for tests of what is deployed.
package lambdatest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Build makes the binary of the command in a folder as it is deployed, but for this machine, and returns its path.
func Build(t testing.TB, folder string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "bootstrap")
	command := exec.Command("go", "build", "-trimpath", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", binary, ".")
	command.Dir = folder
	command.Env = append(command.Environ(), "CGO_ENABLED=0")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("building %s: %v\n%s", folder, err, out)
	}
	return binary
}

// Invocation is what came of one event.
type Invocation struct {
	// Answer is the function's response, or its error as JSON.
	Answer string
	// Took is the time from the start of the process to its answer.
	Took time.Duration
	// Lines are what the process wrote until then, to its standard output and error: Lambda logs both.
	Lines []string
}

// Invoke starts a binary under Lambda's runtime protocol, hands it one event and ends it. calls answers what it asks of
// AWS. Its environment is what is given and what the Lambda service sets itself.
// Source: AWS, "Using the Lambda runtime API for custom runtimes".
func Invoke(t testing.TB, binary, event string, calls http.HandlerFunc, environment ...string) Invocation {
	t.Helper()
	answers := make(chan string, 1)
	runtime := httptest.NewServer(service(event, answers))
	defer runtime.Close()
	aws := httptest.NewServer(calls)
	defer aws.Close()
	var output bytes.Buffer
	process := exec.Command(binary)
	process.Stdout, process.Stderr = &output, &output
	process.Env = append([]string{
		"AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(runtime.URL, "http://"), "AWS_ENDPOINT_URL=" + aws.URL,
		"AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test",
	}, environment...)
	began := time.Now()
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	answer := answerOf(process, answers)
	took := time.Since(began)
	return Invocation{Answer: answer, Took: took, Lines: strings.Split(strings.TrimSpace(output.String()), "\n")}
}

// answerOf waits for the answer of a process, or for its end, and ends it.
func answerOf(process *exec.Cmd, answers <-chan string) string {
	ended := make(chan struct{})
	go func() {
		_ = process.Wait()
		close(ended)
	}()
	select {
	case answer := <-answers:
		_ = process.Process.Kill()
		<-ended
		return answer
	case <-ended:
		return ""
	}
}

// service is the runtime API with one event.
func service(event string, answers chan<- string) http.HandlerFunc {
	asked := false
	return func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/response") || strings.HasSuffix(r.URL.Path, "/error"):
			body, _ := io.ReadAll(r.Body)
			w.WriteHeader(http.StatusAccepted)
			answers <- string(body)
		case asked:
			<-r.Context().Done() // There is one event; the process ends before the next.
		default:
			asked = true
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
			w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(10*time.Second).UnixMilli()))
			_, _ = io.WriteString(w, event)
		}
	}
}
