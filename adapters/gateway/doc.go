// Package gateway is a local API Gateway for WebSocket APIs: it serves handlers as the real service serves Lambda
// functions, down to the frames, the HTTP statuses, the events and the answers that AWS's SDKs look for.
//
//	g, err := gateway.New(gateway.Config{Routes: map[string]gateway.Route{
//		"$default": {Handler: gateway.Typed(reply), Reply: true},
//	}})
//	…
//	l, err := net.Listen("tcp", "127.0.0.1:8080")
//	…
//	err = g.Serve(l) // WebSocket at ws://127.0.0.1:8080/dev, management at http://127.0.0.1:8080/dev/@connections/{id}
//
// Tests serve it with the package gatewaytest.
//
// It is for development and tests. It checks no credentials unless told to, keeps everything in memory, and has one
// stage. What a Lambda function may not do (write to /var, run after it has answered) it does not prevent; see
// Config.ReportLeaks.
//
// # What holds
//
// Statements about the real service, each held by the test that carries its number. How sure it is that AWS does so:
// high (documented, or recorded several times), good (one recording or a firm inference), mixed (in part). "choice"
// marks what concerns templates rather than a gateway: T01, the default here is dev and Config.Stage says otherwise;
// T02, New warns of routes that SAM can't tell apart; T03, an Authorizer without a handler is refused; T04, routes here
// are deployed at once.
//
//	C01  holds  high   any 2xx of $connect opens
//	C02  holds  high   another status of $connect is the answer to the upgrade
//	C03  holds  high   502 when $connect throws
//	C04  holds  good   502 when $connect returns no proxy response
//	C05  holds  high   the answer of a Go function opens
//	C06  holds  high   the 101 waits for $connect
//	C07  holds  good   without $connect everybody gets in
//	C08  holds  good   a refused connect has no $disconnect and its id is gone
//	C09  holds  good   403 for an unknown stage
//	C10  holds  good   permessage-deflate is offered back
//	C11  holds  high   the subprotocol that $connect returns is in the 101
//	C12  holds  high   a subprotocol is never echoed
//	C13  holds  good   nothing else of the answer reaches the client
//	A01  holds  high   401 for a missing identity source, and nobody is asked
//	A02  holds  high   403 for Deny, and $connect is not called
//	A03  holds  high   401 when it throws Unauthorized
//	A04  holds  mixed  500 when it throws anything else or returns no policy
//	A05  holds  good   403 when no statement covers the route
//	A06  holds  high   the context is in the CONNECT event, with integrationLatency
//	A07  holds  high   the context is in MESSAGE events, without integrationLatency
//	A08  holds  good   the context is in the DISCONNECT event, and nobody is asked again
//	A09  holds  high   every connect asks
//	A10  holds  high   what the authorizer gets
//	E01  holds  high   members of a CONNECT event
//	E02  holds  mixed  the query string
//	E03  holds  high   headers keep their case, and those of the hop are left out
//	E04  holds  high   members of a MESSAGE event
//	E05  holds  high   ids
//	E06  holds  high   connectedAt is the same in all events
//	E07  holds  high   requestTime is the Common Log Format in UTC
//	E08  holds  high   identity
//	E09  holds  high   closed without a code
//	E10  holds  high   closed with 1001 and without a reason
//	E11  holds  good   TCP reset
//	E12  holds  high   members of a DISCONNECT event
//	E13  holds  high   a failing $disconnect or none at all harms nobody
//	R01  holds  high   a message reaches the route it names
//	R02  holds  high   an unknown action reaches $default
//	R03  holds  high   without $default the client gets Forbidden
//	R04  holds  high   what is not JSON reaches $default
//	R05  holds  mixed  JSON without the value reaches $default
//	R06  holds  high   keys are compared exactly
//	R07  holds  high   paths and concatenation
//	R08  holds  mixed  constant expressions
//	R09  holds  good   an array as text
//	R10  holds  good   lenient JSON is routed, and the handler gets it as it is
//	M01  holds  high   without a RouteResponse the body is thrown away
//	M02  holds  high   with a RouteResponse the body is a text frame
//	M03  holds  good   the status of a reply doesn't matter
//	M04  holds  high   Reply stands for both settings, the zero value for at most one
//	M05  holds  high   a status of 500 is invisible
//	M06  holds  high   a failure is an error frame, and the next message works
//	M07  holds  good   a malformed answer is an error frame
//	M08  holds  high   a slow handler times out, and runs on
//	M09  holds  high   a frame over 32 KB closes with 1009
//	M10  holds  high   100 KB in frames of 32 KB is one message
//	M11  holds  high   a message over 128 KB closes with 1009
//	M12  holds  high   a binary frame closes with 1003
//	M13  holds  high   a ping is answered, and nobody is invoked
//	M14  holds  high   10 minutes of silence close with 1001
//	M15  holds  good   posts keep a connection alive, until 2 hours
//	M16  holds  high   2 hours are the end, however busy
//	M17  holds  high   a message that doesn't satisfy its model
//	P01  holds  high   POST
//	P02  holds  high   ways to write the path
//	P03  holds  high   410 for a closed connection
//	P04  holds  good   410 for an unknown id
//	P05  holds  high   400 for a malformed id
//	P06  holds  high   413 over 128 KB
//	P07  holds  high   100 KB is one message, in frames of 32 KB
//	P08  holds  high   GET
//	P09  holds  high   DELETE
//	P10  holds  good   410 for one's own id inside $connect
//	P11  holds  good   403 without the stage
//	P12  holds  good   429, and the SDK tries three times
//	T01  choice high   a template without StageName has the stage default
//	T02  choice high   $connect and connect in one template: SAM keeps the later one
//	T03  choice high   AuthType: custom deploys without an authorizer
//	T04  choice good   a route without a new deployment answers Forbidden
//
// # What is assumed
//
// Nobody has recorded what the service does in these cases. The gateway does what seems likeliest, says so in the log
// when it first comes to such a point, and has a switch for each, in Assumptions or, for U18, in Limits.
//
//	U01  SerialMessages        messages of one connection overlap, started in the order of arrival
//	U02  PingsKeepAlive        a ping doesn't reset the idle timer
//	U03  ThrottleCloses        a throttled message gets a frame like those for other errors, "Too Many Requests"
//	U04  DeleteClose           the close frame at DELETE, and (CloseReasons) the reasons for 1003, 1006 and 1009
//	U05  NonStringsToDefault   {"action":5} selects the route 5
//	U06  ReservedSelectable    {"action":"$connect"} reaches $default
//	U07  ConnectTimeoutStatus  504 when $connect takes too long
//	U08  EmptyRefusals         refused upgrades have a body like {"message":"Forbidden"}
//	U09  HideClientClose       a client's own close code and reason are passed on
//	U10  BadUTF8Code           1007 for malformed UTF-8
//	U11  PlainGetStatus        426 for a GET without an upgrade
//	U12  TypedContext          the authorizer's context is text; (AlwaysStageVariables) no stageVariables if there are none
//	U13  FirstHeaderWins       the last of repeated headers is in headers, all in multiValueHeaders
//	U14  UnknownIDStatus       410 for an id of another stage or API
//	U15  EmptyPosts            an empty post sends nothing; (RejectBadUTF8Posts) U+FFFD for what isn't UTF-8
//	U16  ExactHeaderSources    header names of identity sources are compared without case
//	U17  BigAuthorizerStatus   500 when an authorizer returns more than 8 KB
//	U18  ConnectsPerSecond     429 above the rate of Limits.ConnectsPerSecond, which is off
//	U19  CountCompressed       the frame limit counts inflated bytes too
//	U20  DisconnectWaits       $disconnect may come before a message's handler has ended
//
// Assumed without a number: a handler's empty body sends no frame (EmptyReplies); a reply of more than 128 KB is an
// internal error; a connection has at most Limits.InFlight messages in its handlers, and is not read from while it has
// them or while half of Limits.SendBuffer waits for it; messages to clients are sent uncompressed, whatever was
// negotiated; URLs over 4,096 characters get 414, headers over 10 KB 431; a handshake without a proper key gets 400, one
// of another version 426.
package gateway
