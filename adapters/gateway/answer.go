package gateway

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
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
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil || members == nil {
		return answer{}, malformed("it must be an object with a statusCode, not %.60s", describe(raw))
	}
	var a answer
	for name, value := range members {
		if err := a.set(name, value); err != nil {
			return answer{}, err
		}
	}
	if a.status == 0 {
		return answer{}, malformed("it has no statusCode, only %v", slices.Sorted(maps.Keys(members)))
	}
	return a, nil
}

func (a *answer) set(name string, value json.RawMessage) (err error) {
	switch name {
	case "statusCode":
		a.status, err = parseStatus(value)
	case "body":
		err = unmarshalMember(name, value, &a.body)
	case "headers":
		err = a.setHeaders(value)
	case "multiValueHeaders":
		err = a.setMultiValueHeaders(value)
	case "isBase64Encoded":
		var ignored bool
		err = unmarshalMember(name, value, &ignored)
	default:
		err = malformed("unknown member %q", name)
	}
	return err
}

func unmarshalMember(name string, value json.RawMessage, into any) error {
	if err := json.Unmarshal(value, into); err != nil {
		return malformed("%s can't be %.60s", name, value)
	}
	return nil
}

// parseStatus takes a number or its text, since API Gateway takes both.
func parseStatus(value json.RawMessage) (int, error) {
	status, err := strconv.Atoi(strings.Trim(string(value), `"`))
	if err != nil || status < 100 || status > 599 {
		return 0, malformed("statusCode %.20s", value)
	}
	return status, nil
}

func (a *answer) setHeaders(value json.RawMessage) error {
	var headers map[string]any
	if err := unmarshalMember("headers", value, &headers); err != nil {
		return err
	}
	for name, v := range headers {
		switch v.(type) {
		case map[string]any, []any:
			return malformed("header %q is no text", name)
		}
		a.addHeader(name, fmt.Sprint(v))
	}
	return nil
}

func (a *answer) setMultiValueHeaders(value json.RawMessage) error {
	var headers map[string][]string
	if err := unmarshalMember("multiValueHeaders", value, &headers); err != nil {
		return err
	}
	for name, values := range headers {
		if len(values) > 0 {
			a.addHeader(name, values[len(values)-1])
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
