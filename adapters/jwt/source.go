package jwt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
)

// MaxKeySet is the size of a key set in bytes.
const MaxKeySet = 256 << 10

// maxRedirects is how many redirects are followed.
const maxRedirects = 3

// Source reads an issuer's JSON Web Key Set as it is now. It is called by one goroutine at a time, and stops when its
// context ends. No error of it has a secret in its text.
type Source func(context.Context) ([]byte, error)

// URL reads a key set from an https URL; http is accepted on this machine only. It never goes from https to http, nor
// by any other way from the safe to the unsafe. The error says what is wrong with the address.
func URL(address string) (Source, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return nil, errors.New("the address of the key set is no URL")
	}
	if !secure(u) || u.User != nil {
		return nil, errors.New("the address of the key set must be https, or http on this machine, without a password")
	}
	client := &http.Client{Transport: transport(), CheckRedirect: checkRedirect}
	return func(ctx context.Context) ([]byte, error) {
		text, err := get(ctx, client, address)
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err // Without the URL, whose query may have a secret.
		}
		if err != nil {
			return nil, fmt.Errorf("asking %s: %w", u.Host, err)
		}
		return text, nil
	}, nil
}

// transport keeps no connection open: it would idle for minutes and not survive a Lambda's freezing.
func transport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DisableKeepAlives = true
	t.MaxResponseHeaderBytes = 64 << 10
	return t
}

func get(ctx context.Context, client *http.Client, address string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/jwk-set+json, application/json")
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the answer is %d", response.StatusCode)
	}
	return readAll(response.Body)
}

// checkRedirect refuses what would leave https.
func checkRedirect(next *http.Request, via []*http.Request) error {
	from := via[len(via)-1].URL
	switch {
	case len(via) > maxRedirects:
		return errors.New("too many redirects")
	case !secure(next.URL) || from.Scheme == "https" && next.URL.Scheme != "https":
		return errors.New("a redirect leads away from https")
	}
	return nil
}

// secure tells whether nobody on the way can change what a URL answers.
func secure(u *url.URL) bool {
	if u.Scheme == "https" {
		return true
	}
	host := u.Hostname()
	return u.Scheme == "http" && (host == "localhost" || net.ParseIP(host).IsLoopback())
}

// File reads a key set from a file, for development.
func File(path string) Source {
	return func(context.Context) ([]byte, error) {
		file, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		return readAll(file)
	}
}

// readAll refuses what is larger than a key set may be, after reading that much.
func readAll(r io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, MaxKeySet+1))
	if err == nil && len(text) > MaxKeySet {
		err = fmt.Errorf("it has more than %d bytes", MaxKeySet)
	}
	return text, err
}
