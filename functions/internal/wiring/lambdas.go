package wiring

import (
	"wsecho/adapters/apigateway"
	"wsecho/domain"
)

// Authorize is the Lambda authorizer of $connect. It needs AUTH_MODE.
func Authorize() apigateway.Authorizer {
	return Parts{Authenticator: authenticator(), Logger: logger()}.Authorize()
}

// Connect is the Lambda of $connect. It needs TABLE_NAME.
func Connect() apigateway.Handler {
	return stored().Connect()
}

// Disconnect is the Lambda of $disconnect. It needs TABLE_NAME.
func Disconnect() apigateway.Handler {
	return stored().Disconnect()
}

// Default is the Lambda of $default. It needs nothing.
func Default() apigateway.Handler {
	return Parts{Logger: logger()}.Default()
}

// Echo is the Lambda of echo. It needs nothing.
func Echo() apigateway.Handler {
	return Parts{Logger: logger()}.Echo()
}

// Broadcast is the Lambda of broadcast. It needs TABLE_NAME, QUEUE_URL, CALLBACK_URL, CALLBACK_RATE and
// MAX_CONCURRENCY.
func Broadcast() apigateway.Handler {
	return posting().Broadcast()
}

// stored are the parts of a function that keeps the registry.
func stored() Parts {
	table := table()
	return Parts{Registry: table.registry, Memberships: table.memberships, Logger: logger()}
}

// posting are the parts of a function that posts to connections.
func posting() Parts {
	parts := stored()
	parts.Queue = queue()
	parts.Sender = apigateway.NewSender(awsConfig(), must("CALLBACK_URL"), PostConcurrency)
	parts.Pace = domain.NewPace(number("CALLBACK_RATE") / number("MAX_CONCURRENCY"))
	return parts
}
