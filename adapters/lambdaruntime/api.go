package lambdaruntime

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// apiPath is where the version of the Runtime API begins that there is.
const apiPath = "/2018-06-01/runtime/"

// maxDrained is how much of an answer over the quota is read so that the process can read the refusal.
const maxDrained = 64 << 20

// ServeHTTP is the Runtime API of one process (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html).
func (pr *process) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, ok := strings.CutPrefix(r.URL.Path, apiPath)
	id, verb, isEvent := strings.Cut(strings.TrimPrefix(path, "invocation/"), "/")
	switch {
	case !ok:
		refuse(w, http.StatusNotFound, "NotFound", "the path of the Runtime API begins with "+apiPath)
	case path == "invocation/next" && r.Method == http.MethodGet:
		pr.next(w, r)
	case path == "init/error" && r.Method == http.MethodPost:
		pr.initError(w, r)
	case isEvent && verb == "response" && r.Method == http.MethodPost:
		pr.response(w, r, id)
	case isEvent && verb == "error" && r.Method == http.MethodPost:
		pr.eventError(w, r, id)
	default:
		refuse(w, http.StatusNotFound, "NotFound", r.Method+" "+r.URL.Path+" is no part of the Runtime API")
	}
}

func refuse(w http.ResponseWriter, status int, typ, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"errorType": typ, "errorMessage": message})
}

// wrongState is the answer to a call that doesn't fit to what the process did before.
func wrongState(w http.ResponseWriter, now state, wanted string) {
	refuse(w, http.StatusForbidden, "InvalidStateTransition", fmt.Sprintf("Transition from %v to %s is not allowed.", now, wanted))
}

func accept(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, "{\"status\":\"OK\"}\n")
}

// next waits for an event.
func (pr *process) next(w http.ResponseWriter, r *http.Request) {
	if now, ok := pr.becomeReady(); !ok {
		wrongState(w, now, "Ready")
		return
	}
	select {
	case inv := <-pr.events:
		pr.writeEvent(w, inv)
	case <-r.Context().Done():
		pr.questionLost()
	}
}

// becomeReady offers the process to the events that wait. An event whose question was lost is offered again.
func (pr *process) becomeReady() (now state, ok bool) {
	p := pr.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	now = pr.state
	switch now {
	case idle:
		return now, false
	case running:
		return now, len(pr.events) > 0
	case ending:
		return now, true
	case starting:
		p.starting--
	}
	pr.state, pr.current = idle, nil
	if p.unwanted(pr) {
		pr.terminate()
		return now, true
	}
	p.ready(pr)
	return now, true
}

// questionLost forgets that the process waits, since the connection on which it did is closed.
func (pr *process) questionLost() {
	p := pr.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if pr.state != idle {
		return
	}
	pr.state = responded
	p.removeIdle(pr)
	pr.alarm(p.options.InitTimeout)
}

// writeEvent sends the event with the headers that Lambda gives it.
func (pr *process) writeEvent(w http.ResponseWriter, inv *invocation) {
	h := w.Header()
	h["Content-Type"] = []string{"application/json"}
	h["Content-Length"] = []string{strconv.Itoa(len(inv.event))}
	h["Lambda-Runtime-Aws-Request-Id"] = []string{inv.id}
	h["Lambda-Runtime-Deadline-Ms"] = []string{strconv.FormatInt(inv.deadline.UnixMilli(), 10)}
	h["Lambda-Runtime-Invoked-Function-Arn"] = []string{pr.pool.arn()}
	h["Lambda-Runtime-Trace-Id"] = []string{traceID(inv.id)}
	_, _ = w.Write(inv.event)
}

// traceID is an X-Ray trace header that belongs to no trace, in the form of
// https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader.
func traceID(requestID string) string {
	digits := strings.ReplaceAll(requestID, "-", "")
	return "Root=1-" + strconv.FormatInt(time.Now().Unix(), 16) + "-" + digits[:24] + ";Parent=" + digits[16:] + ";Sampled=0"
}

// response takes an answer, whole or streamed: it is buffered, as Lambda does for a caller that asked for no stream.
func (pr *process) response(w http.ResponseWriter, r *http.Request, id string) {
	if mode := r.Header.Get("Lambda-Runtime-Function-Response-Mode"); mode != "" && mode != "streaming" {
		refuse(w, http.StatusBadRequest, "InvalidFunctionResponseMode", "Invalid function response mode")
		return
	}
	answer, err := readAll(r)
	var failed *Error
	switch {
	case errors.As(err, &failed):
		if pr.settle(w, id, nil, failed) {
			refuse(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", failed.Message)
		}
		return
	case err != nil:
		refuse(w, http.StatusBadRequest, "TruncatedHTTPRequest", "HTTP request detected as truncated")
		return
	}
	if failed := streamError(r.Trailer); failed != nil {
		answer, err = nil, failed
	}
	if pr.settle(w, id, answer, err) {
		accept(w)
	}
}

// readAll reads an answer, and returns an *Error if it is over the quota.
func readAll(r *http.Request) ([]byte, error) {
	body := make([]byte, 0, min(max(r.ContentLength, 512), maxAnswer)+1)
	for len(body) <= maxAnswer {
		n, err := r.Body.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		if errors.Is(err, io.EOF) && len(body) <= maxAnswer {
			return body, nil
		} else if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if len(body) == cap(body) {
			body = append(body, 0)[:len(body)]
		}
	}
	_, _ = io.CopyN(io.Discard, r.Body, maxDrained)
	return nil, tooLarge()
}

// streamError is the error that a runtime met while it sent an answer, and reports in the trailer.
func streamError(trailer http.Header) *Error {
	typ := trailer.Get("Lambda-Runtime-Function-Error-Type")
	if typ == "" {
		return nil
	}
	body, err := base64.StdEncoding.DecodeString(trailer.Get("Lambda-Runtime-Function-Error-Body"))
	if err != nil {
		body = nil
	}
	return reported(body, typ)
}

// eventError takes the error of an event.
func (pr *process) eventError(w http.ResponseWriter, r *http.Request, id string) {
	body, err := readAll(r)
	failed := reported(body, r.Header.Get("Lambda-Runtime-Function-Error-Type"))
	if err != nil {
		failed = tooLarge()
	}
	if pr.settle(w, id, nil, failed) {
		accept(w)
	}
}

// settle gives the event of the process its outcome. If the process has no such event, it is told so.
func (pr *process) settle(w http.ResponseWriter, id string, answer []byte, err error) bool {
	pr.pool.mu.Lock()
	now, inv := pr.state, pr.current
	ok := now == running && inv != nil && inv.id == id && len(pr.events) == 0
	if ok {
		pr.state = responded
		if pr.pool.unwanted(pr) {
			pr.alarm(grace)
		}
		inv.finish(answer, err)
	}
	pr.pool.mu.Unlock()
	switch {
	case ok:
	case inv == nil || inv.id != id:
		refuse(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
	default:
		wrongState(w, now, "ResponseSent")
	}
	return ok
}

// initError takes the error of an initialisation, after which the process has to end.
func (pr *process) initError(w http.ResponseWriter, r *http.Request) {
	body, err := readAll(r)
	if err != nil {
		body = nil
	}
	failed := reported(body, r.Header.Get("Lambda-Runtime-Function-Error-Type"))
	pr.pool.mu.Lock()
	now := pr.state
	if now == starting {
		pr.failure = failed
		pr.alarm(grace)
	}
	pr.pool.mu.Unlock()
	if now != starting {
		wrongState(w, now, "InitError")
		return
	}
	accept(w)
}
