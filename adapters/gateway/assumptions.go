package gateway

import "cmp"

// Assumptions are what the gateway assumes of API Gateway where nobody has recorded what that does. The zero value is
// what seems likeliest. The numbers are those in the package's documentation. When the gateway first comes to such a
// point, one record in the log says what it assumes.
type Assumptions struct {
	// SerialMessages (U01) handles the messages of a connection one after the other. Default: concurrently, started in
	// the order of arrival, answered in the order of finishing.
	SerialMessages bool
	// PingsKeepAlive (U02) lets pings from the client count as activity. Default: only data messages do.
	PingsKeepAlive bool
	// ThrottleCloses (U03) closes with 1008 when messages are throttled. Default: a "Too Many Requests" frame.
	ThrottleCloses bool
	// DeleteClose (U04) is the close frame that a client gets when its connection is deleted, and what $disconnect
	// reports. Default: 1000 "Connection Closed Normally".
	DeleteClose Close
	// CloseReasons (U04) are the texts for the codes 1003, 1006, 1007 and 1009, sent to the client and reported to
	// $disconnect. Default: empty.
	CloseReasons map[int]string
	// NonStringsToDefault (U05) sends {"action":5} to $default. Default: numbers and booleans select by their text, null
	// is the empty string.
	NonStringsToDefault bool
	// ReservedSelectable (U06) lets a client select $connect and $disconnect by name. Default: they match nothing.
	ReservedSelectable bool
	// ConnectTimeoutStatus (U07) answers an upgrade whose $connect took too long. Default: 504.
	ConnectTimeoutStatus int
	// EmptyRefusals (U08) leaves the bodies of refused upgrades empty. Default: {"message":"Unauthorized"} and the like,
	// and an empty body for the handler's own status.
	EmptyRefusals bool
	// HideClientClose (U09) reports a close code of the client's own (3000 to 4999) as 1005 to $disconnect. Default: code
	// and reason are passed on.
	HideClientClose bool
	// BadUTF8Code (U10) closes a connection that sent malformed UTF-8. Default: 1007, as RFC 6455 says.
	BadUTF8Code int
	// PlainGetStatus (U11) answers a GET that asks for no upgrade. Default: 426.
	PlainGetStatus int
	// AlwaysStageVariables (U12) puts stageVariables into events even when the stage has none.
	AlwaysStageVariables bool
	// TypedContext (U12) keeps numbers and booleans of the authorizer's context. Default: all values become strings.
	TypedContext bool
	// FirstHeaderWins (U13) puts the first of repeated headers into "headers". Default: the last one.
	FirstHeaderWins bool
	// UnknownIDStatus (U14) answers a management call with a well-formed id that isn't connected here, so one of another
	// stage or API too. Default: 410; anything else is sent as ForbiddenException.
	UnknownIDStatus int
	// EmptyPosts (U15) sends an empty text frame for a post without a body. Default: 200 and nothing is sent.
	EmptyPosts bool
	// RejectBadUTF8Posts (U15) answers 400 to a post that isn't UTF-8. Default: 200, and U+FFFD for each bad byte.
	RejectBadUTF8Posts bool
	// EmptyReplies (without a number) sends an empty text frame when a handler with a route response returns an empty
	// body. Default: nothing is sent.
	EmptyReplies bool
	// ExactHeaderSources (U16) compares header names of identity sources case-sensitively. Default: any case, and a
	// line in the log where it differs.
	ExactHeaderSources bool
	// BigAuthorizerStatus (U17) answers the upgrade when the authorizer returned more than 8 KB. Default: 500.
	BigAuthorizerStatus int
	// CountCompressed (U19) applies the frame limit to bytes as sent. Default: to inflated bytes as well.
	CountCompressed bool
	// DisconnectWaits (U20) starts $disconnect only when no message of the connection is being handled any more.
	// Default: at once.
	DisconnectWaits bool
}

// Close is the code and the reason of a close frame.
type Close struct {
	Code   int
	Reason string
}

func (a Assumptions) withDefaults() Assumptions {
	a.DeleteClose = cmp.Or(a.DeleteClose, Close{1000, "Connection Closed Normally"})
	a.ConnectTimeoutStatus = cmp.Or(a.ConnectTimeoutStatus, 504)
	a.BadUTF8Code = cmp.Or(a.BadUTF8Code, 1007)
	a.PlainGetStatus = cmp.Or(a.PlainGetStatus, 426)
	a.UnknownIDStatus = cmp.Or(a.UnknownIDStatus, 410)
	a.BigAuthorizerStatus = cmp.Or(a.BigAuthorizerStatus, 500)
	return a
}
