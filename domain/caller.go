package domain

import "time"

// Caller is the connection that a request came from, and what is known of the request.
type Caller struct {
	Connection
	// TokenEnds is when the caller's identity ends; zero is never.
	TokenEnds time.Time
	// Grants are what the caller's identity may do; see Policy.
	Grants Grants
	// Stage and RequestID are API Gateway's.
	Stage     string
	RequestID string
}
