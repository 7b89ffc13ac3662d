package gateway

import (
	"strconv"
	"unicode/utf8"
)

// appendMessageEvent writes the event of a message as encode would write a proxyEvent with a body, byte for byte, in a
// tenth of the time: it is written for every message.
func appendMessageEvent(b []byte, variables stageVariables, ctx *requestContext, body string) []byte {
	b = append(b, '{')
	if variables != nil {
		b = append(append(append(b, `"stageVariables":`...), encode(variables)...), ',')
	}
	b = append(b, `"requestContext":`...)
	b = ctx.append(b)
	b = appendText(append(b, `,"body":`...), body)
	return append(b, `,"isBase64Encoded":false}`...)
}

// append writes the context of a message.
func (ctx *requestContext) append(b []byte) []byte {
	b = appendText(append(b, `{"routeKey":`...), ctx.RouteKey)
	if len(ctx.Authorizer) > 0 {
		b = append(append(b, `,"authorizer":`...), ctx.Authorizer...)
	}
	b = appendText(append(b, `,"messageId":`...), ctx.MessageID)
	b = appendText(append(b, `,"eventType":`...), ctx.EventType)
	b = appendText(append(b, `,"extendedRequestId":`...), ctx.ExtendedRequestID)
	b = appendText(append(b, `,"requestTime":`...), ctx.RequestTime)
	b = appendText(append(b, `,"messageDirection":`...), ctx.MessageDirection)
	b = appendText(append(b, `,"stage":`...), ctx.Stage)
	b = strconv.AppendInt(append(b, `,"connectedAt":`...), ctx.ConnectedAt, 10)
	b = strconv.AppendInt(append(b, `,"requestTimeEpoch":`...), ctx.RequestTimeEpoch, 10)
	b = append(b, `,"identity":{`...)
	if ctx.Identity.UserAgent != "" {
		b = append(appendText(append(b, `"userAgent":`...), ctx.Identity.UserAgent), ',')
	}
	b = appendText(append(b, `"sourceIp":`...), ctx.Identity.SourceIP)
	b = appendText(append(b, `},"requestId":`...), ctx.RequestID)
	b = appendText(append(b, `,"domainName":`...), ctx.DomainName)
	b = appendText(append(b, `,"connectionId":`...), ctx.ConnectionID)
	b = appendText(append(b, `,"apiId":`...), ctx.APIID)
	return append(b, '}')
}

// appendText writes a JSON string. What takes more than a backslash is left to encoding/json.
func appendText(b []byte, text string) []byte {
	begin := len(b)
	b = append(b, '"')
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ' || c >= utf8.RuneSelf || c == 0x7f:
			return append(b[:begin], encode(text)...)
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}
