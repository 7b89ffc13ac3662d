package gateway_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	api "github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi"
	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi/types"
	"github.com/aws/smithy-go"

	"wsecho/adapters/gateway"
	"wsecho/adapters/gateway/gatewaytest"
)

// sdk makes AWS's client for a stage.
func sdk(s *stage) *api.Client { return sdkWith(s, "AKIDEXAMPLE", "secret", "us-east-1") }

func post(ctx context.Context, client *api.Client, id, text string) error {
	_, err := client.PostToConnection(ctx, &api.PostToConnectionInput{ConnectionId: &id, Data: []byte(text)})
	return err
}

func wantCode(t *testing.T, err error, want string) {
	t.Helper()
	if e := smithy.APIError(nil); !errors.As(err, &e) || e.ErrorCode() != want {
		t.Errorf("the SDK returned %v, want %s", err, want)
	}
}

func sdkWith(s *stage, key, secret, region string) *api.Client {
	return api.New(api.Options{
		BaseEndpoint: aws.String(s.Endpoint),
		Region:       region,
		Credentials:  credentials.NewStaticCredentialsProvider(key, secret, ""),
		HTTPClient:   &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
	})
}

// opened starts a stage and opens a connection.
func opened(t *testing.T) (*stage, *client, *backend, string) {
	t.Helper()
	s, b := recorded(t)
	c := connect(t, s.URL)
	return s, c, b, b.next().RequestContext.ConnectionID
}

// wantError checks an error answer as AWS gives it.
func wantError(t *testing.T, resp *http.Response, body string, status int, kind, wantBody string) {
	t.Helper()
	if resp.StatusCode != status || resp.Header.Get("x-amzn-errortype") != kind || body != wantBody {
		t.Errorf("answered %s, x-amzn-errortype %q, body %q; want %d, %q, %q", resp.Status, resp.Header.Get("x-amzn-errortype"), body, status, kind, wantBody)
	}
	if resp.Header.Get("x-amzn-requestid") == "" {
		t.Error("there is no x-amzn-requestid")
	}
}

const unknownID = "L0SM9cOFvHcCIhw="

func TestStatementsManagement(t *testing.T) {
	ctx := context.Background()

	t.Run("P01 POST", func(t *testing.T) {
		s, c, _, id := opened(t)
		resp, body := call(t, "POST", s.connection(id), []byte("hi"))
		if resp.StatusCode != 200 || body != "" || resp.ContentLength != 0 || resp.Header.Get("Content-Type") != "application/json" {
			t.Errorf("answered %s %q, header %v", resp.Status, body, resp.Header)
		}
		for _, name := range []string{"x-amzn-requestid", "x-amz-apigw-id", "x-amzn-trace-id"} {
			if resp.Header.Get(name) == "" {
				t.Errorf("there is no %s", name)
			}
		}
		if got := c.Message(); got != "hi" {
			t.Errorf("the client got %q", got)
		}
	})
	t.Run("P02 ways to write the path", func(t *testing.T) {
		s, c, _, id := opened(t)
		bare, escaped := id, strings.ReplaceAll(id, "=", "%3D")
		for _, path := range []string{"/@connections/" + bare, "/@connections/" + escaped, "/%40connections/" + bare, "/%40connections/" + escaped} {
			if resp, _ := call(t, "POST", s.Endpoint+path, []byte(path)); resp.StatusCode != 200 {
				t.Errorf("%s: answered %s", path, resp.Status)
				continue
			}
			if got := c.Message(); got != path {
				t.Errorf("%s: the client got %q", path, got)
			}
		}
		if _, err := sdk(s).PostToConnection(ctx, &api.PostToConnectionInput{ConnectionId: &id, Data: []byte("sdk")}); err != nil {
			t.Error(err)
		}
		if got := c.Message(); got != "sdk" {
			t.Errorf("the client got %q", got)
		}
	})
	t.Run("P03 410 for a closed connection", func(t *testing.T) {
		s, c, b, id := opened(t)
		c.Conn.Close()
		b.next()
		wantGone(t, s, id)
	})
	t.Run("P04 410 for an unknown id", func(t *testing.T) {
		s, _, _, _ := opened(t)
		wantGone(t, s, unknownID)
	})
	t.Run("P05 400 for a malformed id", func(t *testing.T) {
		s, _, _, id := opened(t)
		for _, bad := range []string{"abc", id + "test", id[:15]} {
			for _, method := range []string{"POST", "GET", "DELETE"} {
				resp, body := call(t, method, s.Endpoint+"/@connections/"+bad, nil)
				wantError(t, resp, body, 400, "BadRequestException", `{"message":"Invalid connectionId: `+bad+`"}`)
			}
		}
		_, err := sdk(s).PostToConnection(ctx, &api.PostToConnectionInput{ConnectionId: aws.String("abc"), Data: []byte("x")})
		if e := smithy.APIError(nil); !errors.As(err, &e) || e.ErrorCode() != "BadRequestException" || e.ErrorMessage() != "Invalid connectionId: abc" {
			t.Errorf("the SDK returned %v", err)
		}
	})
	t.Run("P06 413 over 128 KB", func(t *testing.T) {
		s, c, _, id := opened(t)
		for _, size := range []int{131073, 1 << 20} {
			resp, body := call(t, "POST", s.connection(id), []byte(strings.Repeat("x", size)))
			wantError(t, resp, body, 413, "PayloadTooLargeException", body)
			_, err := sdk(s).PostToConnection(ctx, &api.PostToConnectionInput{ConnectionId: &id, Data: make([]byte, size)})
			if e := (*types.PayloadTooLargeException)(nil); !errors.As(err, &e) {
				t.Errorf("the SDK returned %v", err)
			}
		}
		c.wantOpen()
	})
	t.Run("P07 100 KB is one message, in frames of 32 KB", func(t *testing.T) {
		s, c, _, id := opened(t)
		for _, size := range []int{100 << 10, 128 << 10, 32 << 10} {
			text := strings.Repeat("x", size)
			if resp, _ := call(t, "POST", s.connection(id), []byte(text)); resp.StatusCode != 200 {
				t.Errorf("answered %s", resp.Status)
			}
			for left := size; left > 0; {
				f, err := c.Next()
				if err != nil || f.Header.Length > 32768 || f.Header.Fin != (left <= 32768) {
					t.Fatalf("frame %+v, error %v with %d bytes left", f.Header, err, left)
				}
				left -= int(f.Header.Length)
			}
		}
	})
	t.Run("P08 GET", func(t *testing.T) {
		s, c, _, id := opened(t)
		resp, body := call(t, "GET", s.connection(id), nil)
		form := regexp.MustCompile(`^\{
  "identity" : \{
    "sourceIp" : "127\.0\.0\.1",
    "userAgent" : null
  \},
  "connectedAt" : "\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
  "lastActiveAt" : "\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
\}$`)
		if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "application/json" || !form.MatchString(body) {
			t.Errorf("answered %s %s", resp.Status, body)
		}
		c.Send("x")
		got, err := sdk(s).GetConnection(ctx, &api.GetConnectionInput{ConnectionId: &id})
		if err != nil || time.Since(*got.ConnectedAt) > gatewaytest.Timeout || got.LastActiveAt.Before(*got.ConnectedAt) || *got.Identity.SourceIp != "127.0.0.1" {
			t.Errorf("the SDK returned %+v, %v", got, err)
		}
		s2, b := recorded(t)
		connect(t, s2.URL, `User-Agent: a "b" \ <é>`)
		if _, body := call(t, "GET", s2.connection(b.next().RequestContext.ConnectionID), nil); object(t, body)["identity"].(map[string]any)["userAgent"] != `a "b" \ <é>` {
			t.Errorf("answered %s", body)
		}
	})
	t.Run("P09 DELETE", func(t *testing.T) {
		s, c, b, id := opened(t)
		resp, body := call(t, "DELETE", s.connection(id), nil)
		if resp.StatusCode != 204 || body != "" || resp.Header.Get("Content-Type") != "" {
			t.Errorf("answered %s %q, header %v", resp.Status, body, resp.Header)
		}
		c.wantClose(1000, "Connection Closed Normally")
		e := b.next().RequestContext
		if e.DisconnectStatusCode != 1000 || *e.DisconnectReason != "Connection Closed Normally" {
			t.Errorf("DISCONNECT has %d %q", e.DisconnectStatusCode, *e.DisconnectReason)
		}
		wantGone(t, s, id)
		b.none()
	})
	t.Run("P10 410 for one's own id inside $connect", func(t *testing.T) {
		var s *stage
		got := make(chan int, 1)
		b := newBackend(t, func(e event) (string, error) {
			resp, err := http.Post(s.connection(e.RequestContext.ConnectionID), "", strings.NewReader("x"))
			if err != nil {
				return "", err
			}
			resp.Body.Close()
			got <- resp.StatusCode
			return ok, nil
		})
		s = serve(t, config(b, "$connect"))
		connect(t, s.URL).wantOpen()
		if status := <-got; status != 410 {
			t.Errorf("answered %d", status)
		}
	})
	t.Run("P11 403 without the stage", func(t *testing.T) {
		s, _, _, id := opened(t)
		root := strings.TrimSuffix(s.Endpoint, "/dev")
		for _, path := range []string{"/@connections/" + id, "/prod/@connections/" + id, "/dev/@connections/", "/dev/connections/" + id, "/dev/@connections/a/b"} {
			resp, body := call(t, "POST", root+path, []byte("x"))
			wantError(t, resp, body, 403, "ForbiddenException", `{"message":"Forbidden"}`)
		}
		resp, body := call(t, "PUT", s.connection(id), []byte("x"))
		wantError(t, resp, body, 403, "ForbiddenException", `{"message":"Forbidden"}`)
	})
	t.Run("P12 429, and the SDK tries three times", func(t *testing.T) {
		b := newBackend(t, always(ok))
		cfg := config(b, "$connect")
		cfg.Limits = gateway.Limits{PostsPerSecond: 1e-9, PostBurst: 1}
		s, calls := counted(t, cfg)
		connect(t, s.URL)
		id := b.next().RequestContext.ConnectionID
		if resp, _ := call(t, "POST", s.connection(id), []byte("x")); resp.StatusCode != 200 {
			t.Errorf("the first was answered %s", resp.Status)
		}
		resp, body := call(t, "POST", s.connection(id), []byte("x"))
		wantError(t, resp, body, 429, "LimitExceededException", body)
		before := calls()
		_, err := sdk(s).PostToConnection(ctx, &api.PostToConnectionInput{ConnectionId: &id, Data: []byte("x")})
		if e := (*types.LimitExceededException)(nil); !errors.As(err, &e) || calls()-before != 3 {
			t.Errorf("the SDK returned %v after %d calls", err, calls()-before)
		}
	})
}

// wantGone checks that all calls with the id are answered 410, so that SDKs recognise it.
func wantGone(t *testing.T, s *stage, id string) {
	t.Helper()
	for _, method := range []string{"POST", "GET", "DELETE"} {
		resp, body := call(t, method, s.connection(id), nil)
		wantError(t, resp, body, 410, "GoneException", "")
		if resp.ContentLength != 0 || resp.Header.Get("Content-Type") != "application/json" {
			t.Errorf("content-length %d, content-type %q", resp.ContentLength, resp.Header.Get("Content-Type"))
		}
	}
	ctx, client := context.Background(), sdk(s)
	_, post := client.PostToConnection(ctx, &api.PostToConnectionInput{ConnectionId: &id, Data: []byte("x")})
	_, get := client.GetConnection(ctx, &api.GetConnectionInput{ConnectionId: &id})
	_, del := client.DeleteConnection(ctx, &api.DeleteConnectionInput{ConnectionId: &id})
	for _, err := range []error{post, get, del} {
		if e := (*types.GoneException)(nil); !errors.As(err, &e) {
			t.Errorf("the SDK returned %v, want a GoneException", err)
		}
	}
}

// counted is a stage that counts requests.
func counted(t *testing.T, cfg gateway.Config) (*stage, func() int64) {
	g, err := gateway.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var n atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		g.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		g.Shutdown(context.Background())
		server.Close()
	})
	return &stage{&gatewaytest.Server{Gateway: g, URL: strings.Replace(server.URL, "http", "ws", 1) + "/dev", Endpoint: server.URL + "/dev"}}, n.Load
}
