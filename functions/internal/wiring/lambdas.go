package wiring

import (
	"wsecho/adapters/apigateway"
)

// Authorize is the Lambda authorizer of $connect. It needs AUTH_MODE.
func Authorize() apigateway.Authorizer {
	return Parts{Authenticator: authenticator(), Logger: logger()}.Authorize()
}

// Default is the Lambda of $default. It needs nothing.
func Default() apigateway.Handler {
	return Parts{Logger: logger()}.Default()
}

// Echo is the Lambda of echo. It needs nothing.
func Echo() apigateway.Handler {
	return Parts{Logger: logger()}.Echo()
}
