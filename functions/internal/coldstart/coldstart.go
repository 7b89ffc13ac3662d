// Package coldstart starts a Lambda's binary as Lambda does, with one event, and measures how long its answer takes.
package coldstart

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"time"
)

// Connect is an event of the route $connect.
const Connect = `{"requestContext":{"routeKey":"$connect","eventType":"CONNECT","stage":"dev","connectedAt":1707502303419,
"requestId":"PJqB0E1tKRcF-Qw=","connectionId":"PJqB0fHsqRcCHlw=","authorizer":{"user":"ada"}},"isBase64Encoded":false}`

// BuildFlags are those of the deployed binaries (see the Makefile) that bear on the start; CGO_ENABLED is 0 there.
func BuildFlags() []string {
	return []string{"-trimpath", "-tags", "lambda.norpc", "-ldflags", "-s -w"}
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

// Run starts a binary under Lambda's runtime protocol with one event and with nothing in its environment but what is
// given, what the Lambda service sets itself and the address of a server of AWS's protocols, where aws answers. When
// the binary has answered it ends the process. If that ends without an answer there is an error, beside its Lines.
//
// The protocol: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
func Run(ctx context.Context, binary, event string, aws http.Handler, environment ...string) (Invocation, error) {
	answers := make(chan string, 1)
	runtime := httptest.NewServer(runtimeAPI(event, answers))
	defer runtime.Close()
	services := httptest.NewServer(aws)
	defer services.Close()
	var output bytes.Buffer
	process := exec.CommandContext(ctx, binary)
	process.Stdout, process.Stderr = &output, &output
	process.Env = append([]string{
		"AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(runtime.URL, "http://"), "AWS_ENDPOINT_URL=" + services.URL,
		"AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test",
	}, environment...)
	began := time.Now()
	if err := process.Start(); err != nil {
		return Invocation{}, err
	}
	answer, err := answerOf(process, answers)
	took := time.Since(began)
	return Invocation{answer, took, strings.Split(strings.TrimSpace(output.String()), "\n")}, err
}

// answerOf waits for the answer of a process, or for its end, and ends it.
func answerOf(process *exec.Cmd, answers <-chan string) (string, error) {
	ended := make(chan error, 1)
	go func() { ended <- process.Wait() }()
	select {
	case answer := <-answers:
		_ = process.Process.Kill() // It may have ended by itself.
		<-ended
		return answer, nil
	case err := <-ended:
		return "", fmt.Errorf("%s ended without an answer: %w", process.Path, err)
	}
}

// runtimeAPI hands out one event, and keeps whoever asks for another waiting.
func runtimeAPI(event string, answers chan<- string) http.HandlerFunc {
	asked := false
	return func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/response") || strings.HasSuffix(r.URL.Path, "/error"):
			body, _ := io.ReadAll(r.Body)
			w.WriteHeader(http.StatusAccepted)
			answers <- string(body)
		case asked:
			<-r.Context().Done()
		default:
			asked = true
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
			w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(10*time.Second).UnixMilli()))
			io.WriteString(w, event)
		}
	}
}
