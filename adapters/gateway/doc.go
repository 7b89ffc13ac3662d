// Package gateway is a local API Gateway for WebSocket APIs: it serves handlers as the real service serves Lambda
// functions, down to the frames, the HTTP statuses and the events, so that what works here works there.
package gateway
