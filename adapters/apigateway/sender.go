package apigateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"wsecho/domain"
)

var _ domain.Sender = (*Sender)(nil)

// Sender posts to connections through API Gateway's @connections API.
type Sender struct {
	api *apigatewaymanagementapi.Client
}

// NewSender returns a sender that posts to the stage at callbackURL, such as
// https://abcdef1234.execute-api.eu-central-1.amazonaws.com/dev, up to concurrency posts at a time.
//
// Unless config has an HTTP client, it uses NewTransport. The SDK's retries are off: a client draws them from one
// bucket for all its posts, which a fan-out empties, and the use case knows better when to repeat a post.
func NewSender(config aws.Config, callbackURL string, concurrency int) *Sender {
	if config.HTTPClient == nil {
		config.HTTPClient = NewTransport(concurrency)
	}
	return &Sender{apigatewaymanagementapi.NewFromConfig(config, func(o *apigatewaymanagementapi.Options) {
		o.BaseEndpoint = aws.String(callbackURL)
		o.Retryer = aws.NopRetryer{}
	})}
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
	_, err := s.api.PostToConnection(ctx, &apigatewaymanagementapi.PostToConnectionInput{
		ConnectionId: aws.String(connectionID), Data: data,
	})
	response, ok := errors.AsType[*smithyhttp.ResponseError](err)
	if !ok {
		return err
	}
	switch response.HTTPStatusCode() {
	case http.StatusGone:
		return domain.ErrGone
	case http.StatusTooManyRequests:
		return domain.ErrThrottled
	case http.StatusForbidden:
		return fmt.Errorf("%w; check that the function's role has execute-api:ManageConnections on POST/@connections/* "+
			"of the stage, and that CALLBACK_URL names this stage: %w", domain.ErrForbidden, err)
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
		return fmt.Errorf("%w: %w", domain.ErrRefused, err)
	}
	return err
}
