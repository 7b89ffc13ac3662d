package gateway

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// serveManagement answers POST, GET and DELETE of /@connections/{id}.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
func (g *Gateway) serveManagement(w http.ResponseWriter, r *http.Request, id string) {
	start := time.Now()
	w.Header().Set("x-amzn-requestid", newUUID())
	w.Header().Set("x-amz-apigw-id", newID())
	http.NewResponseController(w).SetReadDeadline(start.Add(bodyWait))
	body, err := io.ReadAll(io.LimitReader(r.Body, maxPayload))
	if err != nil {
		fail(w, http.StatusBadRequest, "BadRequestException", "the body could not be read")
		return
	}
	g.faults.holdPost()
	c := g.find(id)
	if no := g.checkCall(r, id, body); no != nil {
		fail(w, no.status, no.kind, no.message)
		g.logCall(r, c, id, body, no.status, no.kind, start)
		return
	}
	status := g.call(w, r, c, id, body)
	g.logCall(r, c, id, body, status, "", start)
}

// maxPayload is what is read of a body before it is refused; API Gateway takes requests of 10 MB.
const maxPayload = 10 << 20

// apiError is an answer of the service in the form that AWS's SDKs understand.
type apiError struct {
	status        int
	kind, message string
}

var (
	errForbiddenCall = &apiError{http.StatusForbidden, "ForbiddenException", "Forbidden"}
	errGone          = &apiError{http.StatusGone, "GoneException", ""}
	errBusy          = &apiError{http.StatusTooManyRequests, "LimitExceededException", "Too many requests, or the client's buffer is full"}
	errTooLarge      = &apiError{http.StatusRequestEntityTooLarge, "PayloadTooLargeException", "The data has exceeded the maximum size allowed"}
)

// checkCall finds what is wrong with a call, whatever it asks for.
func (g *Gateway) checkCall(r *http.Request, id string, body []byte) *apiError {
	if no := g.checkSignature(r, body); no != nil {
		return no
	}
	switch {
	case r.Method != http.MethodPost && r.Method != http.MethodGet && r.Method != http.MethodDelete:
		return errForbiddenCall
	case !g.posts.Allow():
		return errBusy
	case !wellFormedID.MatchString(id):
		return &apiError{http.StatusBadRequest, "BadRequestException", "Invalid connectionId: " + id}
	case exceeds(len(body), g.cfg.Limits.MessageBytes):
		return errTooLarge
	}
	return nil
}

// call does what was asked for, of a connection that is nil if there is none with the id, and returns the status.
func (g *Gateway) call(w http.ResponseWriter, r *http.Request, c *conn, id string, body []byte) int {
	var no *apiError
	switch {
	case c == nil && r.Method == http.MethodPost && g.faults.ghost(id):
		return posted(w)
	case c == nil:
		no = g.unknown()
	case r.Method == http.MethodGet:
		return c.describe(w)
	case r.Method == http.MethodPost:
		if no = c.accept(body); no == nil {
			return posted(w)
		}
	default:
		if no = c.delete(); no == nil {
			w.WriteHeader(http.StatusNoContent)
			return http.StatusNoContent
		}
	}
	fail(w, no.status, no.kind, no.message)
	return no.status
}

// unknown answers a call with a well-formed id that is not connected.
func (g *Gateway) unknown() *apiError {
	g.assume(unknownIDsAreGone)
	if status := g.cfg.Assumptions.UnknownIDStatus; status != http.StatusGone {
		return &apiError{status, "ForbiddenException", "Forbidden"}
	}
	return errGone
}

// accept takes a post for the client, or refuses it.
func (c *conn) accept(body []byte) *apiError {
	u := c.g.cfg.Assumptions
	text := bytes.ToValidUTF8(body, []byte("\uFFFD"))
	if !bytes.Equal(text, body) {
		c.g.assume(badUTF8PostsAreRepaired)
		if u.RejectBadUTF8Posts {
			return &apiError{http.StatusBadRequest, "BadRequestException", "The data is not UTF-8"}
		}
	}
	if len(body) == 0 {
		c.g.assume(emptyPostsSendNothing)
		if !u.EmptyPosts {
			return nil
		}
	}
	switch c.post(text) {
	case pushedFull:
		return errBusy
	case pushedSealed:
		return errGone
	}
	return nil
}

// delete closes the connection for its caller, who may not be the client.
func (c *conn) delete() *apiError {
	cl := c.g.cfg.Assumptions.DeleteClose
	c.g.assume(deletingClosesNormally, slog.Int("code", cl.Code))
	if !c.end(ending{send: &cl, report: cl, cause: "deleted"}) {
		return errGone
	}
	return nil
}

// isoMillis is the form of dates in answers.
const isoMillis = "2006-01-02T15:04:05.000Z"

// describe answers GET, laid out as the service lays it out.
func (c *conn) describe(w http.ResponseWriter) int {
	agent := "null"
	if c.identity.UserAgent != "" {
		quoted, _ := json.Marshal(c.identity.UserAgent)
		agent = string(quoted)
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{
  "identity" : {
    "sourceIp" : %q,
    "userAgent" : %s
  },
  "connectedAt" : %q,
  "lastActiveAt" : %q
}`, c.identity.SourceIP, agent,
		c.connectedAt.UTC().Format(isoMillis), time.UnixMilli(c.lastActive.Load()).UTC().Format(isoMillis))
	return http.StatusOK
}

func posted(w http.ResponseWriter) int {
	w.Header().Set("x-amzn-trace-id", newTrace(time.Now().Unix()))
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusOK)
	return http.StatusOK
}

// fail answers with an error as SDKs expect it. Without a message the body is empty, which is how the service answers
// 410.
func fail(w http.ResponseWriter, status int, kind, message string) {
	w.Header().Set("x-amzn-errortype", kind)
	writeMessage(w, status, message)
}

func forbidden(w http.ResponseWriter) {
	w.Header().Set("x-amzn-requestid", newUUID())
	fail(w, http.StatusForbidden, "ForbiddenException", "Forbidden")
}

func writeMessage(w http.ResponseWriter, status int, message string) {
	body := ""
	if message != "" {
		body = `{"message":` + strings.TrimSpace(string(encode(message))) + `}`
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	io.WriteString(w, body)
}
