package apigateway

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"wsecho/domain"
)

var _ domain.Sender = (*Sender)(nil)

// Sender posts to connections through API Gateway's @connections API:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html.
//
// It signs with the SDK's signer and sends the request itself. The SDK's client resolves endpoint, authentication and
// middleware anew for each request; at a post for each member of a room that is most of what a function does.
type Sender struct {
	stage       *url.URL
	region      string
	credentials aws.CredentialsProvider
	signer      *v4.Signer
	client      aws.HTTPClient
}

// NewSender returns a sender that posts to the stage at callbackURL, such as
// https://abcdef1234.execute-api.eu-central-1.amazonaws.com/dev, up to concurrency posts at a time.
//
// Unless config has an HTTP client, it uses NewTransport. Without credentials posts are not signed. It never repeats a
// post: the use case knows better when to.
func NewSender(config aws.Config, callbackURL string, concurrency int) (*Sender, error) {
	stage, err := url.Parse(strings.TrimSuffix(callbackURL, "/"))
	if err != nil {
		return nil, fmt.Errorf("the callback URL: %w", err)
	}
	client := config.HTTPClient
	if client == nil {
		client = NewTransport(concurrency)
	}
	return &Sender{stage, config.Region, config.Credentials, v4.NewSigner(), client}, nil
}

// NewTransport returns an HTTP client for concurrency posts at a time. The SDK's own keeps 10 idle connections a
// host: with more posts at a time than that, most of them would begin with a TLS handshake.
func NewTransport(concurrency int) *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConns = concurrency
		t.MaxIdleConnsPerHost = concurrency
	})
}

// Send implements domain.Sender.
func (s *Sender) Send(ctx context.Context, connectionID string, data []byte) error {
	request, err := s.request(ctx, connectionID, data)
	if err != nil {
		return fmt.Errorf("post to connection: %w", err)
	}
	response, err := s.client.Do(request)
	if err != nil {
		return fmt.Errorf("post to connection: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode < http.StatusMultipleChoices {
		_, err := io.Copy(io.Discard, response.Body) // So that the connection can be used again.
		return err
	}
	return answered(response)
}

// request makes a signed request. The SDK's client writes the path this way, and signatures depend on it.
func (s *Sender) request(ctx context.Context, connectionID string, data []byte) (*http.Request, error) {
	request := (&http.Request{
		Method: http.MethodPost, Host: s.stage.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		URL: &url.URL{Scheme: s.stage.Scheme, Host: s.stage.Host, Path: s.stage.Path + "/@connections/" + connectionID,
			RawPath: s.stage.EscapedPath() + "/%40connections/" + url.QueryEscape(connectionID)},
		Header:        http.Header{"Content-Type": {"application/octet-stream"}},
		ContentLength: int64(len(data)),
		Body:          io.NopCloser(bytes.NewReader(data)),
		GetBody:       func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil },
	}).WithContext(ctx)
	if s.credentials == nil || aws.IsCredentialsProvider(s.credentials, aws.AnonymousCredentials{}) {
		return request, nil
	}
	credentials, err := s.credentials.Retrieve(ctx)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(data)
	return request, s.signer.SignHTTP(ctx, credentials, request, hex.EncodeToString(digest[:]), "execute-api", s.region, time.Now())
}

// answered is what an answer other than success means to the use case, with the service's own words as its cause.
func answered(response *http.Response) error {
	cause := cause(response)
	switch response.StatusCode {
	case http.StatusGone:
		return domain.ErrGone
	case http.StatusTooManyRequests:
		return domain.ErrThrottled
	case http.StatusForbidden:
		return fmt.Errorf("%w; check that the function's role has execute-api:ManageConnections on POST/@connections/* "+
			"of the stage, and that CALLBACK_URL names this stage: %w", domain.ErrForbidden, cause)
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
		return fmt.Errorf("%w: %w", domain.ErrRefused, cause)
	}
	return cause
}

// maxErrorBody is how much of an error's body is read. The service's own have a sentence.
const maxErrorBody = 4 << 10

// cause reads the service's error: its code is in a header, its message in the body
// (https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#operation-error-serialization).
func cause(response *http.Response) error {
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxErrorBody)) // Half a sentence is better than none.
	code, _, _ := strings.Cut(response.Header.Get("X-Amzn-Errortype"), ":")
	var said struct{ Message string } // Some errors write it in lower case, others not; both fit.
	if json.Unmarshal(body, &said) != nil {
		said.Message = fmt.Sprintf("%.200q", body)
	}
	answer := &smithy.GenericAPIError{Code: code, Message: said.Message}
	return fmt.Errorf("post to connection: status %d, request id %s: %w",
		response.StatusCode, response.Header.Get("X-Amzn-Requestid"), answer)
}
