package sigv4

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	signer "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

var verifier = Verifier{Keys: map[string]string{"AKIDEXAMPLE": "secret"}, Region: "us-east-1", Service: "execute-api"}

// TestPublishedExample verifies the request that AWS signs step by step in its documentation.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
func TestPublishedExample(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)))
		r := httptest.NewRequest("GET", "/?Action=ListUsers&Version=2010-05-08", nil)
		r.Host = "iam.amazonaws.com"
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
		r.Header.Set("X-Amz-Date", "20150830T123600Z")
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "+
			"SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7")
		v := Verifier{Keys: map[string]string{"AKIDEXAMPLE": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}, Region: "us-east-1", Service: "iam"}
		if no := v.Verify(r, nil); no != nil {
			t.Errorf("refused: %+v", no)
		}
	})
}

// TestVerify: what the SDK signs is taken, and nothing of it may be changed.
func TestVerify(t *testing.T) {
	const denied = "InvalidSignatureException"
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	without := func(part string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), part, "", 1))
		}
	}
	for name, test := range map[string]struct {
		change func(*http.Request)
		kind   string
	}{
		"as signed":              {func(*http.Request) {}, ""},
		"a header that is not":   {header("User-Agent", "x"), ""},
		"not signed":             {func(r *http.Request) { r.Header.Del("Authorization") }, "MissingAuthenticationTokenException"},
		"basic":                  {header("Authorization", "Basic eA=="), "IncompleteSignatureException"},
		"no signature":           {without("Signature="), "IncompleteSignatureException"},
		"a credential too short": {without("/us-east-1"), "IncompleteSignatureException"},
		"an unknown key":         {without("AKID"), "UnrecognizedClientException"},
		"host not signed":        {without("host;"), denied},
		"another signature":      {func(r *http.Request) { r.Header.Set("Authorization", r.Header.Get("Authorization")+"0") }, denied},
		"another path":           {func(r *http.Request) { r.URL.Path, r.URL.RawPath = "/dev/@connections/other", "" }, denied},
		"another query":          {func(r *http.Request) { r.URL.RawQuery = "a=3" }, denied},
		"another method":         {func(r *http.Request) { r.Method = "DELETE" }, denied},
		"another host":           {func(r *http.Request) { r.Host = "other" }, denied},
		"another date":           {header("X-Amz-Date", "20000101T000001Z"), denied},
		"no date":                {header("X-Amz-Date", ""), denied},
		"another day":            {header("X-Amz-Date", "20000102T000000Z"), denied},
		"a header that is":       {header("Content-Type", "text/plain"), denied},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, body := signed(t, "us-east-1", "execute-api")
				test.change(r)
				if got := kindOf(verifier.Verify(r, body)); got != test.kind {
					t.Errorf("got %q, want %q", got, test.kind)
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		r, body := signed(t, "us-east-1", "execute-api")
		if got := kindOf(verifier.Verify(r, append(body, '.'))); got != denied {
			t.Errorf("another body: %q", got)
		}
		time.Sleep(maxSkew)
		if no := verifier.Verify(r, body); no != nil {
			t.Errorf("after %v: %+v", maxSkew, no)
		}
		time.Sleep(time.Second)
		if no := verifier.Verify(r, body); no == nil || !strings.Contains(no.Message, "expired") {
			t.Errorf("later: %+v", no)
		}
		for region, service := range map[string]string{"eu-west-1": "execute-api", "us-east-1": "s3"} {
			r, body = signed(t, region, service)
			if no := verifier.Verify(r, body); no == nil || !strings.Contains(no.Message, "should be scoped") {
				t.Errorf("signed for %s in %s: %+v", service, region, no)
			}
		}
	})
}

func kindOf(no *Refusal) string {
	if no == nil {
		return ""
	}
	return no.Kind
}

// signed makes a request that AWS's SDK has signed, as a server sees it.
func signed(t *testing.T, region, service string) (*http.Request, []byte) {
	t.Helper()
	body := []byte("hello")
	r := httptest.NewRequest("POST", "http://localhost:8080/dev/@connections/L0SM9cOFvHcCIhw%3D?a=1%202&a=0&b", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/octet-stream")
	r.Header.Set("X-Spaces", "  a   b  ")
	sum := sha256.Sum256(body)
	err := signer.NewSigner().SignHTTP(t.Context(), aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"},
		r, hex.EncodeToString(sum[:]), service, region, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return r, body
}
