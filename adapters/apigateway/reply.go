package apigateway

import (
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"wsecho/domain"
)

// Reply is the answer to a request: its type, and the fields beside type and id. Body must encode to a JSON object.
type Reply struct {
	Type string
	Body any
}

// frame encodes a reply as the text that its client gets.
func (r Reply) frame(id string) ([]byte, error) { return domain.EncodeMessage(r.Type, id, r.Body) }

// refusal is the body of an error. It has the fields of API Gateway's own error frames and more, so that clients
// handle both alike.
func refusal(e *domain.Error, from domain.Caller) Reply {
	return Reply{Type: "error", Body: struct {
		Code         domain.Code    `json:"code"`
		Message      string         `json:"message"`
		Retryable    bool           `json:"retryable"`
		Details      map[string]any `json:"details,omitempty"`
		ConnectionID string         `json:"connectionId"`
		RequestID    string         `json:"requestId"`
	}{e.Code, e.Message, e.Code.Retryable(), e.Details, from.ID, from.RequestID}}
}

// respond is the Lambda's response that sends a text back to the client.
func respond(text []byte) events.APIGatewayProxyResponse {
	return events.APIGatewayProxyResponse{StatusCode: http.StatusOK, Body: string(text)}
}
