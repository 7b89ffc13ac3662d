package gateway

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
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
	doc := document{text: string(raw)}
	if !doc.parse() || doc.sloppy || doc.root.kind != kindObject {
		return answer{}, malformed("it must be an object with a statusCode, not %.60s", describe(raw))
	}
	var a answer
	for i := range doc.root.members {
		m := &doc.root.members[i]
		if err := a.set(m.name, &m.value); err != nil {
			return answer{}, err
		}
	}
	if a.status == 0 {
		return answer{}, malformed("it has no statusCode: %.60s", raw)
	}
	return a, nil
}

// set takes one member.
func (a *answer) set(name string, v *value) error {
	switch {
	case name == "statusCode":
		return a.setStatus(v)
	case name != "body" && name != "headers" && name != "multiValueHeaders" && name != "isBase64Encoded":
		return malformed("unknown member %q", name)
	case v.null():
		return nil
	case name == "isBase64Encoded" && (v.text == "true" || v.text == "false"):
		return nil
	case name == "body" && v.kind == kindText:
		a.body = v.text
		return nil
	case (name == "headers" || name == "multiValueHeaders") && v.kind == kindObject:
		return a.setHeaders(v, name == "multiValueHeaders")
	}
	return malformed("%s can't be %.60s", name, v)
}

// setStatus takes a number or its text, since API Gateway takes both.
func (a *answer) setStatus(v *value) error {
	status, err := strconv.Atoi(v.text)
	if err != nil || status < 100 || status > 599 {
		return malformed("statusCode %.20s", v)
	}
	a.status = status
	return nil
}

// setHeaders takes headers that have one value each, or a list of them, of which the last counts here.
func (a *answer) setHeaders(headers *value, lists bool) error {
	for i := range headers.members {
		m := &headers.members[i]
		if lists != (m.kind == kindArray) || m.kind == kindObject {
			return malformed("header %q can't be %.60s", m.name, &m.value)
		}
		if !lists {
			a.addHeader(m.name, m.text)
		} else if n := len(m.members); n > 0 {
			a.addHeader(m.name, m.members[n-1].text)
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
