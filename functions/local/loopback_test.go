package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestLoopbackIsLikeTheNetwork asks one handler both ways.
func TestLoopbackIsLikeTheNetwork(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Seen", strings.Join([]string{r.Method, r.RequestURI, r.URL.Path, r.URL.Host, r.Header.Get("X-Sent"), string(body)}, " "))
		if r.URL.Path != "/default" {
			w.WriteHeader(http.StatusGone)
		}
		io.WriteString(w, r.Host+" says no")
	})
	server := httptest.NewServer(handler)
	defer server.Close()
	for _, path := range []string{"/default", "/dev/@connections/a%3D%2Fb?x=1"} {
		network, near := exchange(t, server.Client(), server.URL+path), exchange(t, &loopback{handler: handler}, server.URL+path)
		if network != near {
			t.Errorf("over the network: %s\nover the loopback: %s", network, near)
		}
	}
}

func exchange(t *testing.T, client interface {
	Do(*http.Request) (*http.Response, error)
}, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Sent", "yes")
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Error(err)
	}
	return strings.Join([]string{http.StatusText(response.StatusCode), response.Header.Get("X-Seen"), string(body)}, "; ")
}

// TestLoopbackGivesUp when the context of a request ends, though the handler goes on.
func TestLoopbackGivesUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan string)
	l := &loopback{handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
		body, _ := io.ReadAll(r.Body)
		ended <- string(body)
	})}
	request, _ := http.NewRequestWithContext(ctx, http.MethodPost, "http://here/", strings.NewReader("hello"))
	if _, err := l.Do(request); !errors.Is(err, context.Canceled) {
		t.Errorf("Do = %v", err)
	}
	if got := <-ended; got != "hello" {
		t.Errorf("the handler read %q", got)
	}
}

// TestLoopbackWaits for a request that was given up: its handler still logs.
func TestLoopbackWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		served := false
		l := &loopback{handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			cancel()
			time.Sleep(time.Second)
			served = true
		})}
		request, _ := http.NewRequestWithContext(ctx, http.MethodPost, "http://here/", nil)
		if _, err := l.Do(request); !errors.Is(err, context.Canceled) {
			t.Errorf("Do = %v", err)
		}
		if l.wait(); !served {
			t.Error("wait returned before the request was served")
		}
	})
}
