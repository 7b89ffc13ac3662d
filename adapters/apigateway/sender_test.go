package apigateway_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"wsecho/adapters/apigateway"
	"wsecho/domain"
)

// newSender returns a sender whose posts a handler answers.
func newSender(t *testing.T, handler http.HandlerFunc) *apigateway.Sender {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	config := aws.Config{
		Region: "eu-central-1",
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	}
	return senderTo(t, config, server.URL+"/dev")
}

func senderTo(t *testing.T, config aws.Config, url string) *apigateway.Sender {
	t.Helper()
	sender, err := apigateway.NewSender(config, url, 4)
	if err != nil {
		t.Fatal(err)
	}
	return sender
}

func TestSenderTellsAnswersApart(t *testing.T) {
	other := errors.New("none of the port's errors")
	tests := []struct {
		name   string
		status int
		kind   string
		body   string
		want   error
	}{
		{"accepted", 200, "", "", nil},
		{"gone, as AWS says it", 410, "GoneException", "", domain.ErrGone},
		{"gone, as some emulators say it", 410, "", `{"message":"GoneException"}`, domain.ErrGone},
		{"throttled", 429, "LimitExceededException", "", domain.ErrThrottled},
		{"too large", 413, "PayloadTooLargeException", `{"message":"too large"}`, domain.ErrRefused},
		{"malformed id", 400, "BadRequestException", `{"message":"Invalid connectionId: x"}`, domain.ErrRefused},
		{"stage missing", 403, "ForbiddenException", `{"message":"Forbidden"}`, domain.ErrForbidden},
		{"not allowed by the role", 403, "AccessDeniedException", `{"Message":"not authorized"}`, domain.ErrForbidden},
		{"server error", 500, "", `{"message":"Internal server error"}`, other},
		{"not JSON", 503, "", "<html>", other},
		{"a redirection, which is not followed", 300, "", "", other},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			posts := 0
			sender := newSender(t, func(w http.ResponseWriter, r *http.Request) {
				posts++
				if test.kind != "" {
					w.Header().Set("X-Amzn-Errortype", test.kind)
				}
				w.WriteHeader(test.status)
				io.WriteString(w, test.body)
			})
			err := sender.Send(t.Context(), "PJqB0fHsqRcCHlw=", []byte(`{"type":"x"}`))
			if !errors.Is(err, test.want) && (test.want != other || err == nil) {
				t.Errorf("Send = %v, want %v", err, test.want)
			}
			if test.want == other && isPortError(err) {
				t.Errorf("Send = %v, which a caller would take for an answer about the connection", err)
			}
			if posts != 1 {
				t.Errorf("posted %d times", posts)
			}
		})
	}
}

func isPortError(err error) bool {
	for _, e := range []error{domain.ErrGone, domain.ErrThrottled, domain.ErrRefused, domain.ErrForbidden} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

func TestSenderPostsToThePath(t *testing.T) {
	sender := newSender(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path != "/dev/@connections/PJqB0fHsqRcCHlw=" || string(body) != `{"type":"x"}` {
			t.Errorf("posted %s to %s", body, r.URL)
		}
	})
	if err := sender.Send(t.Context(), "PJqB0fHsqRcCHlw=", []byte(`{"type":"x"}`)); err != nil {
		t.Error(err)
	}
}

// TestSenderSigns: with credentials a post is signed for its service and region, without any it is not.
func TestSenderSigns(t *testing.T) {
	test := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
	})
	for name, c := range map[string]struct {
		credentials aws.CredentialsProvider
		scope       string
	}{"credentials": {test, "/eu-central-1/execute-api/aws4_request"}, "none": {nil, ""}, "anonymous": {aws.AnonymousCredentials{}, ""}} {
		var authorization string
		server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { authorization = r.Header.Get("Authorization") }))
		sender := senderTo(t, aws.Config{Region: "eu-central-1", Credentials: c.credentials}, server.URL)
		if err := sender.Send(t.Context(), "PJqB0fHsqRcCHlw=", []byte("{}")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		server.Close()
		if (authorization == "") != (c.scope == "") || !strings.Contains(authorization, c.scope) {
			t.Errorf("%s: the post has the authorization %q", name, authorization)
		}
	}
}

// TestSenderTellsTheCause: the log gets the service's own words, whatever they are written in.
func TestSenderTellsTheCause(t *testing.T) {
	for body, want := range map[string]string{
		`{"message":"Invalid connectionId"}`: "Invalid connectionId", `{"Message":"not authorized"}`: "not authorized", "<html>": `"<html>"`,
	} {
		sender := newSender(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			io.WriteString(w, body)
		})
		err := sender.Send(t.Context(), "PJqB0fHsqRcCHlw=", []byte("{}"))
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: Send = %v", body, err)
		}
	}
}

func TestSenderGivesUpWithItsContext(t *testing.T) {
	release := make(chan struct{})
	sender := newSender(t, func(http.ResponseWriter, *http.Request) { <-release })
	defer close(release)
	ctx, cancel := context.WithTimeout(t.Context(), 50_000_000)
	defer cancel()
	if err := sender.Send(ctx, "PJqB0fHsqRcCHlw=", []byte("{}")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Send = %v, want a deadline", err)
	}
}

func TestSenderWithoutServer(t *testing.T) {
	server := httptest.NewServer(nil)
	server.Close()
	sender := senderTo(t, aws.Config{Region: "x", Credentials: aws.AnonymousCredentials{}}, server.URL)
	if err := sender.Send(t.Context(), "PJqB0fHsqRcCHlw=", []byte("{}")); err == nil || isPortError(err) {
		t.Errorf("Send = %v", err)
	}
}
