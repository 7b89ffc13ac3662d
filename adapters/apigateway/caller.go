package apigateway

import (
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"wsecho/domain"
)

// The names of what the authorizer hands to all later events of a connection.
const (
	contextUser = "user"
	// contextExpires has the end of the identity in seconds since 1970; absent means never.
	contextExpires = "expires"
	// contextGrants has what the identity may do, see domain.Grants; absent means nothing.
	contextGrants = "grants"
)

// callerOf tells who an event is from.
func callerOf(in events.APIGatewayWebsocketProxyRequestContext) domain.Caller {
	who := identityOf(in)
	connectedAt := time.UnixMilli(in.ConnectedAt)
	return domain.Caller{
		Connection: domain.Connection{
			ID:          in.ConnectionID,
			ConnectedAt: connectedAt,
			ExpiresAt:   domain.Expiry(connectedAt, who.ExpiresAt),
			User:        who.User,
		},
		TokenEnds: who.ExpiresAt,
		Grants:    who.Grants,
		Stage:     in.Stage,
		RequestID: in.RequestID,
	}
}

// identityOf reads what the authorizer decided when the connection began. API Gateway may hand on numbers as
// strings.
func identityOf(in events.APIGatewayWebsocketProxyRequestContext) domain.Identity {
	values, _ := in.Authorizer.(map[string]any)
	var who domain.Identity
	who.User, _ = values[contextUser].(string)
	grants, _ := values[contextGrants].(string)
	who.Grants = domain.Grants(grants)
	if seconds, err := strconv.ParseFloat(fmt.Sprint(values[contextExpires]), 64); err == nil && seconds > 0 {
		who.ExpiresAt = time.Unix(int64(seconds), 0)
	}
	return who
}
