package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi"
)

// answer is what the management API answered.
type answer struct {
	status int
	kind   string // x-amzn-errortype.
	header http.Header
	body   string
}

// keys are the credentials of the environment. A server that checks none gets those of nobody.
func keys() aws.Credentials {
	key, secret := os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY")
	if key == "" {
		key, secret = "local", "local"
	}
	return aws.Credentials{AccessKeyID: key, SecretAccessKey: secret, SessionToken: os.Getenv("AWS_SESSION_TOKEN")}
}

// signingRegion is the one that was asked for, or that the host's name tells.
func (s *suite) signingRegion() string {
	if s.region != "" {
		return s.region
	}
	if _, after, ok := strings.Cut(s.main.callback, ".execute-api."); ok {
		region, _, _ := strings.Cut(after, ".")
		return region
	}
	return "us-east-1"
}

// call sends a signed request to a path as it is written.
func (s *suite) call(method, target string, body []byte) answer {
	u, err := url.Parse(target)
	if err != nil {
		cannot("%v", err)
	}
	req, err := http.NewRequest(method, u.String(), bytes.NewReader(body))
	if err != nil {
		cannot("%v", err)
	}
	sum := sha256.Sum256(body)
	err = v4.NewSigner().SignHTTP(context.Background(), keys(), req, hex.EncodeToString(sum[:]), "execute-api", s.signingRegion(), time.Now())
	if err != nil {
		cannot("%v", err)
	}
	resp, err := s.http.Do(req)
	if err != nil {
		otherwise("%s %s: %v", method, target, err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return answer{resp.StatusCode, resp.Header.Get("x-amzn-errortype"), resp.Header, string(text)}
}

// at is where a connection is in the management API, as SDKs write it.
func (a api) at(id string) string { return a.callback + "/@connections/" + url.QueryEscape(id) }

// sdk is the Go SDK's client, which tries as often as it likes.
func (s *suite) sdk() *apigatewaymanagementapi.Client {
	return apigatewaymanagementapi.New(apigatewaymanagementapi.Options{
		BaseEndpoint: &s.main.callback,
		Region:       s.signingRegion(),
		Credentials:  credentials.StaticCredentialsProvider{Value: keys()},
		HTTPClient:   s.http,
	})
}
