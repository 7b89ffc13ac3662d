package apigateway

import (
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"wsecho/domain"
)

// subprotocol is what a client offers to speak this API's protocol. It is the only one that is ever accepted.
const subprotocol = "wsecho.v1"

// bearerPrefix begins the offered subprotocol by which a browser, which can set no header, hands over its token.
const bearerPrefix = "bearer."

// Handshake says what of a client's upgrade request counts. The zero value believes the name that a client claims in
// ?user= and lets no web page connect.
type Handshake struct {
	// Tokens makes clients prove who they are by a bearer token. A name in ?user= is ignored then.
	Tokens bool
	// QueryToken allows ?token=, which proxies and histories keep. Without it such a request is refused, even if it
	// has the token elsewhere too: it is in a URL already, and its owner should know.
	QueryToken bool
	// Origins are the web pages that may connect. Programs, which send no Origin, are not bound by it.
	Origins Origins
	// OwnPage lets in the page of the host that a client connects to, too. Something before has to know the host.
	OwnPage bool
}

// credentials finds what a client shows. Refusals: forbidden for its origin, which is looked at first, and
// unauthorized for a token that is missing, shown in a wrong way, or not the only one.
func (h Handshake) credentials(request upgrade) (domain.Credentials, error) {
	if !h.admits(request) {
		return domain.Credentials{}, &domain.Error{Code: domain.Forbidden, Message: "pages of this origin may not connect (ALLOWED_ORIGINS)"}
	}
	if !h.Tokens {
		return domain.Credentials{User: request.event.QueryStringParameters["user"]}, nil
	}
	token, err := h.token(request)
	return domain.Credentials{Token: token}, err
}

// admits decides by the origin. Browsers send one with every WebSocket (RFC 6455, 4.1), so who sends none is a program,
// unless it says in another way that it is a page.
func (h Handshake) admits(request upgrade) bool {
	origins := request.headers("Origin")
	if len(origins) == 0 {
		return h.Origins.any || SameOrigin("", nil, request.headers("Sec-Fetch-Site"))
	}
	host := strings.Join(request.headers("Host"), ",")
	return h.Origins.admit(origins) || h.OwnPage && SameOrigin(host, origins, nil)
}

// token finds the one token of a request, wherever it is and however often.
func (h Handshake) token(request upgrade) (string, error) {
	tokens := request.query("token")
	if len(tokens) > 0 && !h.QueryToken {
		return "", unauthorized("a token in the query string is not accepted here")
	}
	offered, err := bearersOffered(request.headers("Sec-WebSocket-Protocol"))
	if err != nil {
		return "", err
	}
	authorized, err := bearersAuthorized(request.headers("Authorization"))
	if err != nil {
		return "", err
	}
	tokens = slices.Concat(tokens, offered, authorized)
	slices.Sort(tokens)
	switch tokens = slices.Compact(tokens); {
	case len(tokens) == 0 || tokens[0] == "":
		return "", unauthorized("there is no token")
	case len(tokens) > 1:
		return "", unauthorized("there are different tokens")
	}
	return tokens[0], nil
}

// bearersOffered are the tokens among the subprotocols that a client offers. They need ours beside them: it is the
// only one that can be answered, and a token never is.
func bearersOffered(lists []string) (tokens []string, err error) {
	for _, offer := range subprotocols(lists) {
		if token, ok := strings.CutPrefix(offer, bearerPrefix); ok {
			tokens = append(tokens, token)
		}
	}
	if len(tokens) > 0 && !offers(lists) {
		return nil, unauthorized("a token was offered without the subprotocol " + subprotocol)
	}
	return tokens, nil
}

// bearersAuthorized are the tokens of Authorization headers (RFC 6750, 2.1). The scheme's case does not matter (RFC
// 9110, 11.1).
func bearersAuthorized(values []string) (tokens []string, err error) {
	for _, value := range values {
		scheme, token, _ := strings.Cut(value, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return nil, unauthorized("the Authorization header has no bearer token")
		}
		tokens = append(tokens, strings.Trim(token, " "))
	}
	return tokens, nil
}

func unauthorized(why string) error {
	return &domain.Error{Code: domain.Unauthorized, Message: why}
}

// offers tells whether a client's lists of subprotocols have ours.
func offers(lists []string) bool { return slices.Contains(subprotocols(lists), subprotocol) }

// subprotocols splits what a client offers, in one header or several (RFC 6455, 11.3.4).
func subprotocols(lists []string) []string {
	all := strings.Split(strings.Join(lists, ","), ",")
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
	}
	return all
}

// upgrade is a client's request as the authorizer sees it.
type upgrade struct {
	event events.APIGatewayCustomAuthorizerRequestTypeRequest
}

func (u upgrade) headers(name string) []string {
	return headers(u.event.Headers, u.event.MultiValueHeaders, name)
}

// query returns all values of a query parameter.
func (u upgrade) query(name string) []string {
	if values, ok := u.event.MultiValueQueryStringParameters[name]; ok {
		return values
	}
	if value, ok := u.event.QueryStringParameters[name]; ok {
		return []string{value}
	}
	return nil
}

// headers returns all values of a header whatever the case of its name: of several, single has the last one only.
func headers(single map[string]string, multi map[string][]string, name string) (values []string) {
	for key, several := range multi {
		if strings.EqualFold(key, name) {
			values = append(values, several...)
		}
	}
	if values != nil {
		return values
	}
	for key, value := range single {
		if strings.EqualFold(key, name) {
			values = append(values, value)
		}
	}
	return values
}
