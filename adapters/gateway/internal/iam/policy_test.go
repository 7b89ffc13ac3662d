package iam

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

const (
	action   = "execute-api:Invoke"
	resource = "arn:aws:execute-api:us-east-1:123456789012:localapi00/dev/$connect"
	allow    = `{"Effect":"Allow","Action":"*","Resource":"*"}`
)

func TestAllows(t *testing.T) {
	for statements, want := range map[string]bool{
		``:          true,
		`,` + allow: true,
		`,{"Effect":"Deny","Action":"s3:*","Resource":"*"}`:                                        true,
		`,{"Effect":"Deny","Action":"EXECUTE-API:invoke","Resource":"*"}`:                          false,
		`,{"Effect":"Deny","Action":"execute-api:*","Resource":"arn:aws:execute-api:*:*:*/dev/*"}`: false,
		`,{"Effect":"Deny","Action":"*","Resource":"arn:aws:execute-api:*/DEV/*"}`:                 true,
		`,{"Effect":"Deny","NotAction":["s3:*","sqs:*"],"Resource":"*"}`:                           false,
		`,{"Effect":"Deny","Action":"*","NotResource":"arn:aws:execute-api:*"}`:                    true,
		`,{"Effect":"Deny","Action":"*","Resource":"arn:other","Condition":{"IpAddress":{}}}`:      true,
		`,{"Effect":"Deny","Action":"*","Resource":["a","*"],"Condition":{"IpAddress":{}}}`:        false,
		`,{"Effect":"deny","Action":"s3:*","Resource":"arn:other"}`:                                false,
	} {
		if got, _ := decode(t, `{"Statement":[`+allow+statements+`]}`).Allows(action, resource); got != want {
			t.Errorf("with %s: %v, want %v", statements, got, want)
		}
	}
	for _, document := range []string{
		`{}`, `{"Statement":[]}`, `{"Statement":{"Effect":"Allow","Action":"execute-api:Manage*","Resource":"*"}}`,
		`{"Statement":{"Effect":"Allow","Action":"*"}}`, `{"Statement":{"Effect":"Allow","Resource":"*"}}`,
	} {
		if got, _ := decode(t, document).Allows(action, resource); got {
			t.Errorf("%s allows", document)
		}
	}
}

// TestNotes: what is evaluated otherwise than on AWS is said.
func TestNotes(t *testing.T) {
	allowed, notes := decode(t, `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{}}}`).Allows(action, resource)
	if allowed || len(notes) != 1 || !strings.Contains(notes[0], "statement 1 has a Condition") {
		t.Errorf("%v, %q", allowed, notes)
	}
	_, notes = decode(t, `{"Statement":[`+allow+`,{"Effect":"no"}]}`).Allows(action, resource)
	if len(notes) != 1 || !strings.Contains(notes[0], `statement 2: effect "no"`) {
		t.Errorf("%q", notes)
	}
}

func decode(t *testing.T, document string) *Policy {
	t.Helper()
	var p Policy
	if err := json.Unmarshal([]byte(document), &p); err != nil {
		t.Fatalf("%s: %v", document, err)
	}
	return &p
}

// FuzzWildcard holds the matching of patterns to a regular expression that means the same.
func FuzzWildcard(f *testing.F) {
	f.Add("arn:*:execute-api:?*/$connect", resource)
	f.Add("a*a*a*b", strings.Repeat("a", 50))
	f.Add("?", "")
	f.Fuzz(func(t *testing.T, pattern, s string) {
		if notASCII := func(r rune) bool { return r > 0x7f }; len(pattern) > 1000 || strings.ContainsFunc(pattern+"/"+s, notASCII) {
			return // As IAM's names are. A regular expression counts runes, not bytes.
		}
		meaning := strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(regexp.QuoteMeta(pattern))
		if want := regexp.MustCompile(`(?s)\A` + meaning + `\z`).MatchString(s); wildcard(pattern, s) != want {
			t.Errorf("wildcard(%q, %q) = %v", pattern, s, !want)
		}
	})
}
