package main

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"

	"wsecho/adapters/apigateway"
	"wsecho/adapters/gateway"
	"wsecho/adapters/gateway/gatewaytest"
	"wsecho/domain"
)

// TestPostsAreSigned posts to a gateway that checks signatures as AWS does, and as AWS's own SDKs pass there.
func TestPostsAreSigned(t *testing.T) {
	type request = events.APIGatewayWebsocketProxyRequest
	type response = events.APIGatewayProxyResponse
	s := gatewaytest.Serve(t, gateway.Config{
		Region:     "eu-central-1",
		Signatures: &gateway.Signatures{Keys: map[string]string{"AKIDEXAMPLE": "secret"}},
		Routes: map[string]gateway.Route{"$default": {Reply: true, Handler: gateway.Typed(
			func(_ context.Context, r request) (response, error) {
				return response{StatusCode: 200, Body: r.RequestContext.ConnectionID}, nil
			})}},
	})
	client := gatewaytest.Connect(t, s.URL)
	client.Send("who am I?")
	id := client.Message()
	for _, test := range []struct {
		name, secret, region, id string
		want                     error
	}{
		{"the right key", "secret", "eu-central-1", id, nil},
		{"another key", "wrong", "eu-central-1", id, domain.ErrForbidden},
		{"another region", "secret", "us-east-1", id, domain.ErrForbidden},
		{"an id that is not connected", "secret", "eu-central-1", "PJqB0fHsqRcCHlw=", domain.ErrGone},
	} {
		config := aws.Config{Region: test.region, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: test.secret, SessionToken: "session"}, nil
		})}
		sender, err := apigateway.NewSender(config, s.Endpoint, 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := sender.Send(t.Context(), test.id, []byte("hello")); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
	if got := client.Message(); got != "hello" {
		t.Errorf("got %q", got)
	}
}
