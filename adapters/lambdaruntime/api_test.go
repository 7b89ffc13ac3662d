package lambdaruntime_test

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"wsecho/adapters/lambdaruntime"
)

// runtimeAPI lets the test speak for the process, which does nothing itself.
type runtimeAPI struct {
	t      *testing.T
	client *http.Client
	base   string
}

// speak starts a pool whose only process is the test.
func speak(t *testing.T) (*lambdaruntime.Pool, runtimeAPI) {
	t.Helper()
	f := lambdaruntime.Function{Name: "Test", Dir: t.TempDir(), MaxProcesses: 1, Timeout: time.Minute,
		Command: []string{"/bin/sh", "-c", "echo api $AWS_LAMBDA_RUNTIME_API.; exec sleep 1000"}}
	p, w := pool(t, f, lambdaruntime.Options{})
	go func() { _ = p.Init(context.Background()) }()
	address := regexp.MustCompile(`api (127\.0\.0\.1:\d+)\.`)
	w.await(t, ".\n")
	client := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(client.CloseIdleConnections)
	return p, runtimeAPI{t, client, "http://" + address.FindStringSubmatch(w.String())[1] + "/2018-06-01/runtime/"}
}

// call returns the status, the body and the headers of an answer.
func (a runtimeAPI) call(method, path, body string, headers ...string) (int, string, http.Header) {
	a.t.Helper()
	request, err := http.NewRequest(method, a.base+path, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	return a.do(request)
}

func (a runtimeAPI) do(request *http.Request) (int, string, http.Header) {
	a.t.Helper()
	response, err := a.client.Do(request)
	if err != nil {
		a.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return response.StatusCode, string(text), response.Header
}

func (a runtimeAPI) want(status int, part, method, path, body string, headers ...string) {
	a.t.Helper()
	if got, text, _ := a.call(method, path, body, headers...); got != status || !strings.Contains(text, part) {
		a.t.Errorf("%s %s: %d %s, want %d with %s", method, path, got, text, status, part)
	}
}

// result is what an Invoke returned.
type result struct {
	answer string
	err    error
}

// event invokes with an event and takes it as the process.
func (a runtimeAPI) event(p *lambdaruntime.Pool, event string) (id string, done <-chan result) {
	a.t.Helper()
	results := make(chan result, 1)
	go func() {
		answer, err := p.Invoke(context.Background(), []byte(event))
		results <- result{string(answer), err}
	}()
	status, body, headers := a.call("GET", "invocation/next", "")
	if status != 200 || body != event {
		a.t.Fatalf("the next event is %d %s, want %s", status, body, event)
	}
	for _, name := range []string{"Deadline-Ms", "Invoked-Function-Arn", "Trace-Id"} {
		if headers.Get("Lambda-Runtime-"+name) == "" {
			a.t.Errorf("the event has no %s", name)
		}
	}
	if got := headers.Get("Content-Type"); got != "application/json" {
		a.t.Errorf("the event is %s", got)
	}
	return headers.Get("Lambda-Runtime-Aws-Request-Id"), results
}

func TestRuntimeAPI(t *testing.T) {
	p, api := speak(t)
	api.want(400, "InvalidRequestID", "POST", "invocation/unknown/response", "1")
	api.want(404, "is no part of the Runtime API", "GET", "invocation/unknown/response", "")
	api.want(404, "is no part of the Runtime API", "POST", "restore/next", "")
	id, done := api.event(p, `{"n":1}`)
	api.want(403, "InvalidStateTransition", "GET", "invocation/next", "")
	api.want(403, "InvalidStateTransition", "POST", "init/error", "{}")
	api.want(400, "InvalidRequestID", "POST", "invocation/unknown/response", "1")
	api.want(400, "InvalidFunctionResponseMode", "POST", "invocation/"+id+"/response", "1", "Lambda-Runtime-Function-Response-Mode", "sideways")
	api.want(202, "OK", "POST", "invocation/"+id+"/response", `"one"`)
	api.want(403, "InvalidStateTransition", "POST", "invocation/"+id+"/response", `"two"`)
	if got := <-done; got.answer != `"one"` || got.err != nil {
		t.Errorf("the answer is %+v", got)
	}
	second, done := api.event(p, `{"n":2}`)
	api.want(400, "InvalidRequestID", "POST", "invocation/"+id+"/response", `"late"`)
	api.want(202, "OK", "POST", "invocation/"+second+"/error", `{"errorMessage":"Unauthorized"}`, "Lambda-Runtime-Function-Error-Type", "Function.Denied")
	failed := (*lambdaruntime.Error)(nil)
	if got := <-done; !errors.As(got.err, &failed) || failed.Type != "Function.Denied" || got.err.Error() != "Unauthorized" {
		t.Errorf("the answer is %+v", got)
	}
}

func TestRuntimeAPIOfLargeAndStreamedAnswers(t *testing.T) {
	p, api := speak(t)
	id, done := api.event(p, `{}`)
	api.want(413, "RequestEntityTooLarge", "POST", "invocation/"+id+"/response", strings.Repeat("x", 6<<20+101))
	if got := <-done; got.err == nil || !strings.Contains(got.err.Error(), "6291556 bytes") {
		t.Errorf("the answer is %.100v", got)
	}
	id, done = api.event(p, `{}`)
	api.want(202, "", "POST", "invocation/"+id+"/response", strings.Repeat("x", 6<<20+100))
	if got := <-done; len(got.answer) != 6<<20+100 {
		t.Errorf("the answer has %d bytes, %v", len(got.answer), got.err)
	}
	id, done = api.event(p, `{}`)
	api.want(202, "", "POST", "invocation/"+id+"/response", "streamed", "Lambda-Runtime-Function-Response-Mode", "streaming")
	if got := <-done; got.answer != "streamed" {
		t.Errorf("the answer is %+v", got)
	}
	id, done = api.event(p, `{}`)
	request, _ := http.NewRequest("POST", api.base+"invocation/"+id+"/response", io.MultiReader(strings.NewReader("half")))
	request.Trailer = http.Header{
		"Lambda-Runtime-Function-Error-Type": {"Stream.Broke"},
		"Lambda-Runtime-Function-Error-Body": {base64.StdEncoding.EncodeToString([]byte(`{"errorMessage":"midway"}`))},
	}
	if status, body, _ := api.do(request); status != 202 {
		t.Errorf("a stream that breaks: %d %s", status, body)
	}
	failed := (*lambdaruntime.Error)(nil)
	if got := <-done; !errors.As(got.err, &failed) || failed.Type != "Stream.Broke" || failed.Message != "midway" {
		t.Errorf("the answer is %+v", got)
	}
}

// TestRuntimeAPIQuestionLost: a runtime whose connection breaks while it waits asks once more.
func TestRuntimeAPIQuestionLost(t *testing.T) {
	p, api := speak(t)
	ctx, cancel := context.WithCancel(context.Background())
	asked := make(chan struct{})
	go func() {
		request, _ := http.NewRequestWithContext(ctx, "GET", api.base+"invocation/next", nil)
		_, _ = api.client.Do(request)
		close(asked)
	}()
	until(t, func() bool { return p.Idle() == 1 })
	cancel()
	<-asked
	until(t, func() bool { return p.Idle() == 0 })
	id, done := api.event(p, `{}`)
	api.want(202, "OK", "POST", "invocation/"+id+"/response", `1`)
	if got := <-done; got.answer != "1" {
		t.Errorf("the answer is %+v", got)
	}
}

func TestRuntimeAPIInitError(t *testing.T) {
	p, api := speak(t)
	done := make(chan error, 1)
	go func() {
		_, err := p.Invoke(context.Background(), []byte(`{}`))
		done <- err
	}()
	until(t, func() bool { return p.Waiting() > 0 })
	api.want(202, "OK", "POST", "init/error", `{"errorType":"Config","errorMessage":"no table"}`)
	failed := (*lambdaruntime.Error)(nil)
	if err := <-done; !errors.As(err, &failed) || failed.Type != "Config" || failed.Message != "no table" {
		t.Errorf("the error is %v", err)
	}
}
