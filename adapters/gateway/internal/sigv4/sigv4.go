// Package sigv4 verifies that requests are signed with AWS Signature Version 4, in their Authorization header.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Verifier knows who may sign and what for. It may be used by several goroutines.
type Verifier struct {
	// Keys are secret access keys by access key id.
	Keys map[string]string
	// Region and Service that requests must be signed for, such as us-east-1 and execute-api.
	Region, Service string
}

// Refusal says why a request is not taken: the error's kind and message as AWS writes them. Its HTTP status is 403.
type Refusal struct{ Kind, Message string }

// maxSkew is how far a signature's time may lie from now.
const maxSkew = 5 * time.Minute

const amzTime = "20060102T150405Z"

// credential is the parsed Authorization header of a signed request.
type credential struct {
	key, date, region, service, terminator string
	signed                                 []string
	signature                              string
}

// Verify returns nil for a request that is signed as it should be. The body is the request's, which was read already.
func (v Verifier) Verify(r *http.Request, body []byte) *Refusal {
	auth := r.Header.Get("Authorization")
	if auth == "" {
		return &Refusal{"MissingAuthenticationTokenException", "Missing Authentication Token"}
	}
	c, flaw := parseCredential(auth)
	if flaw != "" {
		return &Refusal{"IncompleteSignatureException", flaw}
	}
	secret, known := v.Keys[c.key]
	if !known {
		return &Refusal{"UnrecognizedClientException", "The security token included in the request is invalid."}
	}
	if flaw := v.checkScope(c, r); flaw != "" {
		return &Refusal{"InvalidSignatureException", flaw}
	}
	if want := c.sign(secret, r, body); !hmac.Equal([]byte(want), []byte(c.signature)) {
		return &Refusal{"InvalidSignatureException", "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."}
	}
	return nil
}

// parseCredential reads "AWS4-HMAC-SHA256 Credential=…/…/…/…/…, SignedHeaders=…;…, Signature=…", or says, in the
// service's words, what is wrong with it.
func parseCredential(auth string) (c credential, flaw string) {
	rest, ok := strings.CutPrefix(auth, "AWS4-HMAC-SHA256 ")
	if !ok {
		return credential{}, "Authorization header requires AWS4-HMAC-SHA256."
	}
	fields := map[string]string{}
	for field := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		fields[name] = value
	}
	for _, name := range []string{"Credential", "SignedHeaders", "Signature"} {
		if fields[name] == "" {
			return credential{}, fmt.Sprintf("Authorization header requires '%s' parameter.", name)
		}
	}
	scope := strings.Split(fields["Credential"], "/")
	if len(scope) != 5 {
		return credential{}, fmt.Sprintf("Credential must have exactly 5 slash-delimited elements, not %d", len(scope))
	}
	return credential{
		key: scope[0], date: scope[1], region: scope[2], service: scope[3], terminator: scope[4],
		signed: strings.Split(fields["SignedHeaders"], ";"), signature: fields["Signature"],
	}, ""
}

// checkScope finds a signature that was made for something else, or at another time.
func (v Verifier) checkScope(c credential, r *http.Request) (flaw string) {
	at, err := time.Parse(amzTime, r.Header.Get("X-Amz-Date"))
	switch {
	case err != nil:
		return "the header X-Amz-Date is missing or malformed"
	case at.Format("20060102") != c.date:
		return "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP"
	case time.Since(at).Abs() > maxSkew:
		return fmt.Sprintf("Signature expired: %s is now more than %v away", r.Header.Get("X-Amz-Date"), maxSkew)
	case c.service != v.Service || c.terminator != "aws4_request":
		return fmt.Sprintf("Credential should be scoped to correct service: '%s'.", v.Service)
	case c.region != v.Region:
		return fmt.Sprintf("Credential should be scoped to a valid region: '%s'.", v.Region)
	case !slices.Contains(c.signed, "host"):
		return "'Host' must be a 'SignedHeader' in the AWS Authorization."
	}
	return ""
}

// sign computes the signature that the request should have.
func (c credential) sign(secret string, r *http.Request, body []byte) string {
	scope := strings.Join([]string{c.date, c.region, c.service, c.terminator}, "/")
	toSign := "AWS4-HMAC-SHA256\n" + r.Header.Get("X-Amz-Date") + "\n" + scope + "\n" + hashHex([]byte(c.canonical(r, body)))
	key := []byte("AWS4" + secret)
	for _, part := range []string{c.date, c.region, c.service, c.terminator} {
		key = sum(key, part)
	}
	return hex.EncodeToString(sum(key, toSign))
}

// canonical writes the request as its signer had to see it.
func (c credential) canonical(r *http.Request, body []byte) string {
	var headers strings.Builder
	for _, name := range c.signed {
		headers.WriteString(name + ":" + headerValue(r, name) + "\n")
	}
	return strings.Join([]string{
		r.Method, canonicalPath(r), canonicalQuery(r), headers.String(), strings.Join(c.signed, ";"), hashHex(body),
	}, "\n")
}

func headerValue(r *http.Request, name string) string {
	switch name {
	case "host":
		return r.Host
	case "content-length":
		return fmt.Sprint(r.ContentLength)
	}
	values := slices.Clone(r.Header.Values(name))
	for i, v := range values {
		values[i] = strings.Join(strings.Fields(v), " ")
	}
	return strings.Join(values, ",")
}

// canonicalPath encodes each segment once more: for every service but S3 the path is encoded twice.
func canonicalPath(r *http.Request) string {
	segments := strings.Split(r.URL.EscapedPath(), "/")
	for i, s := range segments {
		segments[i] = awsEscape(s)
	}
	return strings.Join(segments, "/")
}

func canonicalQuery(r *http.Request) string {
	values, _ := url.ParseQuery(r.URL.RawQuery)
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		for _, v := range slices.Sorted(slices.Values(values[name])) {
			pairs = append(pairs, awsEscape(name)+"="+awsEscape(v))
		}
	}
	return strings.Join(pairs, "&")
}

// awsEscape leaves only unreserved characters as they are.
func awsEscape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

func hashHex(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

func sum(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
