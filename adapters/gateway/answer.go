package gateway

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"wsecho/adapters/gateway/internal/lenient"
)

// answer is the response of a Lambda proxy integration, of which WebSocket APIs use little.
type answer struct {
	status  int
	headers map[string]string
	body    string
}

// errMalformed is what API Gateway writes into its execution log, followed here by the reason.
var errMalformed = errors.New("malformed Lambda proxy response")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errMalformed, fmt.Sprintf(format, args...))
}

// parseAnswer accepts what API Gateway accepts: an object with a statusCode and no unknown member, whose other members
// may be null. Names are compared exactly, unlike encoding/json does it for structs.
func parseAnswer(raw []byte) (answer, error) {
	doc, ok := lenient.Parse(string(raw))
	if !ok || !doc.Strict || doc.Root.Kind != lenient.Object {
		return answer{}, malformed("it must be an object with a statusCode, not %.60s", describe(raw))
	}
	var a answer
	for i := range doc.Root.Members {
		m := &doc.Root.Members[i]
		if err := a.set(m.Name, &m.Value); err != nil {
			return answer{}, err
		}
	}
	if a.status == 0 {
		return answer{}, malformed("it has no statusCode: %.60s", raw)
	}
	return a, nil
}

// set takes one member.
func (a *answer) set(name string, v *lenient.Value) error {
	switch {
	case name == "statusCode":
		return a.setStatus(v)
	case name != "body" && name != "headers" && name != "multiValueHeaders" && name != "isBase64Encoded":
		return malformed("unknown member %q", name)
	case v.Null():
		return nil
	case name == "isBase64Encoded" && (v.Text == "true" || v.Text == "false"):
		return nil
	case name == "body" && v.Kind == lenient.Text:
		a.body = strings.ToValidUTF8(v.Text, "\uFFFD") // A text frame can be nothing else.
		return nil
	case (name == "headers" || name == "multiValueHeaders") && v.Kind == lenient.Object:
		return a.setHeaders(v, name == "multiValueHeaders")
	}
	return malformed("%s can't be %.60s", name, v)
}

// setStatus takes a number or its text, since API Gateway takes both.
func (a *answer) setStatus(v *lenient.Value) error {
	status, err := strconv.Atoi(v.Text)
	if err != nil || status < 100 || status > 599 {
		return malformed("statusCode %.20s", v)
	}
	a.status = status
	return nil
}

// setHeaders takes headers that have one value each, or a list of them, of which the last counts here.
func (a *answer) setHeaders(headers *lenient.Value, lists bool) error {
	for i := range headers.Members {
		m := &headers.Members[i]
		if lists != (m.Kind == lenient.Array) || m.Kind == lenient.Object {
			return malformed("header %q can't be %.60s", m.Name, &m.Value)
		}
		if !lists {
			a.addHeader(m.Name, m.Text)
		} else if n := len(m.Members); n > 0 {
			a.addHeader(m.Name, m.Members[n-1].Text)
		}
	}
	return nil
}

func (a *answer) addHeader(name, value string) {
	if a.headers == nil {
		a.headers = map[string]string{}
	}
	a.headers[strings.ToLower(name)] = value
}

func describe(raw []byte) string {
	if len(bytes.TrimSpace(raw)) == 0 {
		return "an empty answer"
	}
	return string(raw)
}
