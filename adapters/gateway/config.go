package gateway

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Keys of the routes that API Gateway defines itself. A key of one's own never begins with "$".
const (
	routeConnect    = "$connect"
	routeDisconnect = "$disconnect"
	routeDefault    = "$default"
)

// Config describes one stage of one WebSocket API. Its zero value is a stage called dev without routes: everybody may
// connect, and every message is answered with API Gateway's "Forbidden" frame.
//
// New copies what it needs; changing a Config afterwards has no effect.
type Config struct {
	// Stage is the path under which the API is served and the stage name in events. Default dev.
	Stage string
	// RouteSelectionExpression picks the route of a message. Default $request.body.action.
	RouteSelectionExpression string
	// Routes by route key: $connect, $disconnect, $default and keys of one's own. All are optional.
	Routes map[string]Route
	// Authorizer guards $connect. Nil lets everybody connect.
	Authorizer *Authorizer
	// StageVariables appear in events, if there are any.
	StageVariables map[string]string

	// APIID, Region and AccountID appear in events and in the methodArn of an authorizer.
	// Defaults: localapi00, us-east-1, 123456789012.
	APIID, Region, AccountID string
	// DomainName is what events report as domainName. Default: the Host header of the upgrade request, port included,
	// so that "http://" + domainName + "/" + stage reaches this gateway.
	DomainName string

	// Logger gets one record for each event, post and refusal. Nil logs nothing. Its code is the status of
	// an upgrade, a call or a handler's answer, and at the end of a connection the close code. Its user is the principalId
	// that the authorizer returned for the connection, if there is an authorizer.
	Logger *slog.Logger
	// LogBodies adds messages, replies and posted data to the records. They may hold secrets.
	LogBodies bool

	// Limits are the quotas of the service; the zero value is AWS's.
	Limits Limits
	// ClockSpeed divides the idle time-out and the lifetime of connections, so that a person can watch them: at 60, ten
	// minutes last ten seconds. 0 means 1. Time-outs of handlers are not touched.
	ClockSpeed float64
	// Faults are misbehaviours on request; the zero value has none.
	Faults Faults
	// Assumptions choose between behaviours that nobody has recorded from the real service.
	Assumptions Assumptions
	// Signatures turns on the check of AWS Signature Version 4 on /@connections. Nil accepts every request.
	Signatures *Signatures
	// ReportLeaks logs goroutines that a handler leaves behind when it returns: Lambda freezes them. Best effort, costly.
	ReportLeaks bool
}

// Route is what happens to the messages, or to the connects and disconnects, of one route key.
type Route struct {
	// Handler is invoked with the event. Required.
	Handler Handler
	// Reply sends the handler's body back to the client: the route has both a RouteResponseSelectionExpression and a
	// RouteResponse. Without it the body is thrown away, as AWS does.
	Reply bool
	// Timeout of the integration: 50 ms to 29 s, 0 means 29 s. The handler is not cancelled when it passes.
	Timeout time.Duration
	// Validate stands for the request model of the route: an error keeps the message from the handler and sends the
	// client "Bad request body". Nil accepts every message. It is called concurrently.
	Validate func(body []byte) error
}

// Authorizer is a Lambda authorizer of type REQUEST. It is asked at every connect: API Gateway caches nothing for
// WebSocket APIs.
type Authorizer struct {
	// Handler gets the authorizer event and returns principalId, policyDocument and context. Required.
	Handler Handler
	// IdentitySources, such as route.request.header.Authorization or route.request.querystring.token: if one is missing
	// or empty, the client gets 401 and the handler is not called.
	IdentitySources []string
}

// Limits are the quotas of API Gateway for WebSocket APIs
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html).
// A zero field means AWS's value, a negative one no limit, except where the field says otherwise.
type Limits struct {
	// FrameBytes is the payload of one frame from the client. AWS: 32,768. A larger one closes with 1009.
	FrameBytes int
	// MessageBytes is the payload of one message in either direction. AWS: 131,072. A larger one from the client closes
	// with 1009, a larger post is answered 413.
	MessageBytes int
	// IdleTimeout closes connections on which no data message went either way. AWS: 10 min. Divided by ClockSpeed.
	IdleTimeout time.Duration
	// Lifetime closes connections however busy they are. AWS: 2 h. Divided by ClockSpeed.
	Lifetime time.Duration
	// URLBytes bounds the URL of an upgrade request: 414 above it. AWS: 4,096.
	URLBytes int
	// HeaderBytes bounds the header of an upgrade request: 431 above it. AWS lists 10,240 for its REST and HTTP APIs.
	HeaderBytes int

	// SendBuffer is how many bytes wait for a client that doesn't read; posts above it are answered 429. From half of it on
	// the gateway neither reads from the client nor begins what it asked for. AWS documents that such a buffer exists, not
	// its size. 0 means 512 KiB. A single message always fits.
	SendBuffer int
	// InFlight is how many messages of one connection are handled at the same time; the gateway stops reading from
	// the client while so many run. 0 means 1,000, the default concurrency of a Lambda account.
	InFlight int

	// ConnectsPerSecond answers upgrades above this rate with 429. AWS: 500. 0 means no limit.
	ConnectsPerSecond float64
	// MessagesPerSecond throttles messages from clients, as DefaultRouteSettings does; MessageBurst is the size of the
	// bucket (0 means a second's worth). AWS: 10,000 and 5,000. 0 means no limit.
	MessagesPerSecond float64
	MessageBurst      int
	// PostsPerSecond answers calls of /@connections above this rate with 429; PostBurst is the size of the bucket (0
	// means a second's worth). AWS: 10,000 and 5,000, shared with everything else in the account. 0 means no limit.
	PostsPerSecond float64
	PostBurst      int

	// NoCompression declines permessage-deflate. AWS accepts it.
	NoCompression bool
}

const (
	minTimeout = 50 * time.Millisecond
	maxTimeout = 29 * time.Second
)

// withDefaults fills what a zero value leaves open.
func (c Config) withDefaults() Config {
	c.Stage = cmp.Or(c.Stage, "dev")
	c.RouteSelectionExpression = cmp.Or(c.RouteSelectionExpression, "$request.body.action")
	c.APIID = cmp.Or(c.APIID, "localapi00")
	c.Region = cmp.Or(c.Region, "us-east-1")
	c.AccountID = cmp.Or(c.AccountID, "123456789012")
	c.Logger = cmp.Or(c.Logger, slog.New(slog.DiscardHandler))
	c.ClockSpeed = cmp.Or(c.ClockSpeed, 1)
	c.Limits = c.Limits.withDefaults(c.ClockSpeed)
	c.Assumptions = c.Assumptions.withDefaults()
	return c.copied()
}

// copied lets nobody change what the gateway uses.
func (c Config) copied() Config {
	c.StageVariables = maps.Clone(c.StageVariables)
	c.Assumptions.CloseReasons = maps.Clone(c.Assumptions.CloseReasons)
	if c.Signatures != nil {
		c.Signatures = &Signatures{Keys: maps.Clone(c.Signatures.Keys), Region: cmp.Or(c.Signatures.Region, c.Region)}
	}
	c.Routes = maps.Clone(c.Routes)
	for key, r := range c.Routes {
		r.Timeout = cmp.Or(r.Timeout, maxTimeout)
		c.Routes[key] = r
	}
	return c
}

func (l Limits) withDefaults(speed float64) Limits {
	l.FrameBytes = cmp.Or(l.FrameBytes, 32<<10)
	l.MessageBytes = cmp.Or(l.MessageBytes, 128<<10)
	l.URLBytes = cmp.Or(l.URLBytes, 4096)
	l.HeaderBytes = cmp.Or(l.HeaderBytes, 10240)
	l.SendBuffer = cmp.Or(l.SendBuffer, 512<<10)
	l.InFlight = cmp.Or(l.InFlight, 1000)
	l.IdleTimeout = scaled(cmp.Or(l.IdleTimeout, 10*time.Minute), speed)
	l.Lifetime = scaled(cmp.Or(l.Lifetime, 2*time.Hour), speed)
	return l
}

func scaled(d time.Duration, speed float64) time.Duration { return time.Duration(float64(d) / speed) }

// exceeds reports whether n is above a limit, of which a negative one is none.
func exceeds(n, limit int) bool { return limit >= 0 && n > limit }

var (
	stageName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)
	apiID     = regexp.MustCompile(`^[a-z0-9]{10}$`)
)

// validate finds what a deployment of such an API would refuse too. It expects defaults to be filled in.
func (c Config) validate() error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf("gateway: "+format, args...)) }
	if !stageName.MatchString(c.Stage) {
		fail("stage %q: 1 to 128 of A-Z a-z 0-9 _ - are allowed", c.Stage)
	}
	if !apiID.MatchString(c.APIID) {
		fail("API id %q: it has 10 lower-case letters and digits", c.APIID)
	}
	if c.ClockSpeed < 0 {
		fail("clock speed %v: it must be positive", c.ClockSpeed)
	}
	for _, key := range slices.Sorted(maps.Keys(c.Routes)) {
		errs = append(errs, c.Routes[key].validate(key))
	}
	if c.Authorizer != nil {
		errs = append(errs, c.Authorizer.validate())
	}
	return errors.Join(append(errs, c.Faults.validate())...)
}

func (r Route) validate(key string) error {
	switch {
	case key == "":
		return errors.New("gateway: a route has an empty key")
	case key[0] == '$' && key != routeConnect && key != routeDisconnect && key != routeDefault:
		return fmt.Errorf("gateway: route %q: only $connect, $disconnect and $default begin with $", key)
	case len(key) > 128:
		return fmt.Errorf("gateway: route %.20q…: a key has at most 128 characters", key)
	case r.Handler == nil:
		return fmt.Errorf("gateway: route %q has no handler", key)
	case r.Timeout < minTimeout || r.Timeout > maxTimeout:
		return fmt.Errorf("gateway: route %q: a time-out of %v is outside 50 ms to 29 s", key, r.Timeout)
	case r.Validate != nil && (key == routeConnect || key == routeDisconnect):
		return fmt.Errorf("gateway: route %q: only messages can be validated", key)
	}
	return nil
}

// warnOfTwins logs routes of which AWS SAM would deploy one only: it makes their logical ids out of their keys, without
// "$" and without case, and lets the later of two replace the earlier.
func (g *Gateway) warnOfTwins() {
	seen := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(g.cfg.Routes)) {
		id := strings.ToLower(strings.TrimPrefix(key, "$"))
		if twin, ok := seen[id]; ok {
			g.log.Warn("AWS::Serverless::WebSocketApi would deploy only one of two routes", "route", key, "twin", twin)
		}
		seen[id] = key
	}
}
