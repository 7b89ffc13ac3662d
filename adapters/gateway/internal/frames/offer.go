package frames

import "strings"

// AcceptDeflate returns the answer to the Sec-WebSocket-Extensions headers of a client: to its first offer of
// permessage-deflate that can be served (RFC 7692, section 7.1), or nothing. API Gateway was seen to answer
// "permessage-deflate;server_max_window_bits=12" to a client that had asked for these bits
// (https://github.com/python-websockets/websockets/issues/1065). Encode compresses nothing, which keeps every promise
// about windows.
func AcceptDeflate(offers []string) string {
	for _, offer := range strings.Split(strings.Join(offers, ","), ",") {
		if answer, ok := acceptOffer(offer); ok {
			return answer
		}
	}
	return ""
}

func acceptOffer(offer string) (string, bool) {
	params := strings.Split(offer, ";")
	if !strings.EqualFold(strings.TrimSpace(params[0]), "permessage-deflate") {
		return "", false
	}
	answer, seen := "permessage-deflate", map[string]bool{}
	for _, param := range params[1:] {
		name, value, valued := strings.Cut(strings.TrimSpace(param), "=")
		name, value = strings.ToLower(strings.TrimSpace(name)), strings.Trim(strings.TrimSpace(value), `"`)
		if seen[name] || !validParam(name, value, valued) {
			return "", false
		}
		seen[name] = true
		switch name {
		case "server_max_window_bits":
			answer += ";" + name + "=" + value
		case "server_no_context_takeover":
			answer += ";" + name
		}
	}
	return answer, true
}

// validParam holds an offer to RFC 7692, section 7.1.
func validParam(name, value string, valued bool) bool {
	switch name {
	case "server_no_context_takeover", "client_no_context_takeover":
		return !valued
	case "server_max_window_bits":
		return windowBits(value)
	case "client_max_window_bits":
		return !valued || windowBits(value)
	}
	return false
}

func windowBits(s string) bool {
	return len(s) == 1 && (s == "8" || s == "9") || len(s) == 2 && s[0] == '1' && s[1] <= '5' && s[1] >= '0'
}
