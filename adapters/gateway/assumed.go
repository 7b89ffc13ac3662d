package gateway

import "log/slog"

// assumption is something that the gateway assumes of the service, by its name.
type assumption int

const (
	messagesOverlap           assumption = iota // U01
	pingsAreNoActivity                          // U02
	throttlingIsAFrame                          // U03
	closeReasonsAreEmpty                        // U04
	lifetimeEndsGoingAway                       // U04
	deletingClosesNormally                      // U04
	literalsSelectByText                        // U05
	reservedKeysSelectNothing                   // U06
	slowConnectIs504                            // U07
	refusalsHaveBodies                          // U08
	clientCloseIsPassedOn                       // U09
	badUTF8Is1007                               // U10
	plainGetIs426                               // U11
	contextIsText                               // U12
	lastHeaderCounts                            // U13
	unknownIDsAreGone                           // U14
	emptyPostsSendNothing                       // U15
	badUTF8PostsAreRepaired                     // U15
	sourcesHaveAnyCase                          // U16
	bigAuthorizerIs500                          // U17
	fastConnectsAre429                          // U18
	inflatedBytesCount                          // U19
	disconnectMayComeEarly                      // U20
	emptyRepliesSendNothing                     // Without a number.
	assumptionCount
)

// assumed has, for each assumption, the member of Assumptions (or of Limits) that says otherwise, and a sentence for
// people who read the log.
var assumed = [assumptionCount]struct{ setting, sentence string }{
	messagesOverlap:           {"SerialMessages", "messages of one connection are handled at the same time"},
	pingsAreNoActivity:        {"PingsKeepAlive", "pings do not keep an idle connection open"},
	throttlingIsAFrame:        {"ThrottleCloses", `a throttled message is answered by the frame "Too Many Requests"`},
	closeReasonsAreEmpty:      {"CloseReasons", "the service closes with this code and gives no reason"},
	lifetimeEndsGoingAway:     {"CloseReasons", `the reason at the end of a connection's lifetime is "Going away"`},
	deletingClosesNormally:    {"DeleteClose", "who is disconnected by DELETE gets this close frame"},
	literalsSelectByText:      {"NonStringsToDefault", "a number or a boolean selects the route that is called like it"},
	reservedKeysSelectNothing: {"ReservedSelectable", "a message that names $connect or $disconnect does not reach it"},
	slowConnectIs504:          {"ConnectTimeoutStatus", "an upgrade gets this status when $connect takes too long"},
	refusalsHaveBodies:        {"EmptyRefusals", "a refused upgrade has a body like that of other errors"},
	clientCloseIsPassedOn:     {"HideClientClose", "a client's own close code is passed on to $disconnect"},
	badUTF8Is1007:             {"BadUTF8Code", "malformed UTF-8 closes with this code"},
	plainGetIs426:             {"PlainGetStatus", "a GET without an upgrade gets this status"},
	contextIsText:             {"TypedContext", "numbers and booleans of an authorizer's context are text in events"},
	lastHeaderCounts:          {"FirstHeaderWins", "of a header that is sent several times the last one counts"},
	unknownIDsAreGone:         {"UnknownIDStatus", "an id of another stage or API is answered like one that is gone"},
	emptyPostsSendNothing:     {"EmptyPosts", "a post without a body sends nothing to the client"},
	badUTF8PostsAreRepaired:   {"RejectBadUTF8Posts", "a post that is not UTF-8 is sent, with U+FFFD for each bad byte"},
	sourcesHaveAnyCase:        {"ExactHeaderSources", "the header of an identity source is found in any case"},
	bigAuthorizerIs500:        {"BigAuthorizerStatus", "an upgrade gets this status when its authorizer returns more than 8 KB"},
	fastConnectsAre429:        {"ConnectsPerSecond", "upgrades above the rate get 429"},
	inflatedBytesCount:        {"CountCompressed", "the limit of a frame is one of inflated bytes too"},
	disconnectMayComeEarly:    {"DisconnectWaits", "$disconnect may come while messages are still being handled, twice, or never"},
	emptyRepliesSendNothing:   {"EmptyReplies", "a reply without a body sends nothing to the client"},
}

// assume says in the log, once for each assumption, that AWS may do otherwise.
func (g *Gateway) assume(a assumption, attrs ...slog.Attr) {
	if g.said[a].Load() || g.said[a].Swap(true) {
		return
	}
	attrs = append(attrs, slog.String("assumption", assumed[a].setting))
	g.record(slog.LevelInfo, "AWS may differ: "+assumed[a].sentence, attrs...)
}
