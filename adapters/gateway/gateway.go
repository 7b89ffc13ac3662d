package gateway

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/time/rate"

	"wsecho/adapters/gateway/internal/frames"
	"wsecho/adapters/gateway/internal/selection"
)

// Gateway is one stage of one WebSocket API, served on this machine. It is an http.Handler: WebSocket at /{stage},
// management at /{stage}/@connections/{id}. Its methods may be called concurrently. It is for development: whoever
// reaches it can post to every connection unless Config.Signatures is set, so let it listen on loopback.
type Gateway struct {
	cfg            Config
	log            *slog.Logger
	rules          frames.Rules
	selection      selection.Expression
	sources        []identitySource
	stageVariables stageVariables
	connects       *rate.Limiter
	messages       *rate.Limiter
	posts          *rate.Limiter
	faults         *faults
	said           [assumptionCount]atomic.Bool // Which assumptions are in the log.

	ctx    context.Context // Of every handler; cancelled when Shutdown gives up waiting.
	cancel context.CancelFunc
	work   workers
	pool   *pool
	end    sync.Once // Of the pool.

	mu    sync.RWMutex // Protects following.
	conns map[string]*conn
}

// New makes a gateway, or says everything that is wrong with the configuration.
func New(cfg Config) (*Gateway, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	g := &Gateway{
		cfg:      cfg,
		log:      cfg.Logger,
		connects: limiter(cfg.Limits.ConnectsPerSecond, 0),
		messages: limiter(cfg.Limits.MessagesPerSecond, cfg.Limits.MessageBurst),
		posts:    limiter(cfg.Limits.PostsPerSecond, cfg.Limits.PostBurst),
		faults:   newFaults(cfg.Faults, cfg.Logger),
		conns:    map[string]*conn{},
		pool:     newPool(),
		rules: frames.Rules{
			FrameBytes:      cfg.Limits.FrameBytes,
			MessageBytes:    cfg.Limits.MessageBytes,
			BadUTF8:         cfg.Assumptions.BadUTF8Code,
			CountCompressed: cfg.Assumptions.CountCompressed,
		},
	}
	var err error
	if g.selection, err = selection.Parse(cfg.RouteSelectionExpression); err != nil {
		return nil, fmt.Errorf("gateway: %w", err)
	}
	if cfg.Authorizer != nil {
		g.sources, _ = parseSources(cfg.Authorizer.IdentitySources) // Validated before.
	}
	if len(cfg.StageVariables) > 0 || cfg.Assumptions.AlwaysStageVariables {
		g.stageVariables = variables(cfg.StageVariables)
	}
	g.warnOfTwins()
	g.ctx, g.cancel = context.WithCancel(context.Background())
	return g, nil
}

// limiter makes a token bucket; without a rate it lets everything through.
func limiter(perSecond float64, burst int) *rate.Limiter {
	if perSecond <= 0 {
		return rate.NewLimiter(rate.Inf, 0)
	}
	if burst <= 0 {
		burst = max(1, int(perSecond))
	}
	return rate.NewLimiter(rate.Limit(perSecond), burst)
}

// ServeHTTP serves the stage. Any other path gets 403 {"message":"Forbidden"}, as AWS answers it.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case path[0] != g.cfg.Stage:
		g.logElsewhere(r, "no such stage")
		forbidden(w)
	case len(path) == 1:
		g.serveUpgrade(w, r)
	case len(path) == 3 && path[1] == "@connections":
		g.serveManagement(w, r, path[2])
	default:
		g.logElsewhere(r, "no such path")
		forbidden(w)
	}
}

// Shutdown closes every socket with a close frame 1001, lets $disconnect run for each, and waits for all handlers. New
// upgrades are refused with 503. When ctx ends first, it cancels the context of the handlers, closes the sockets
// without ceremony and returns ctx's error; handlers that still run are on their own.
func (g *Gateway) Shutdown(ctx context.Context) error {
	g.work.refuse()
	defer g.end.Do(g.pool.close)
	open := g.all()
	for _, c := range open {
		c.end(shutDown())
	}
	select {
	case <-g.work.idle():
		g.cancel()
		return nil
	case <-ctx.Done():
		g.cancel()
		for _, c := range open {
			c.nc.Close()
		}
		return ctx.Err()
	}
}

func shutDown() ending {
	goingAway := Close{frames.GoingAway, "Going away"}
	return ending{send: &goingAway, report: goingAway, cause: "the gateway shuts down", answer: shutdownWait}
}

func (g *Gateway) all() []*conn {
	g.mu.RLock()
	defer g.mu.RUnlock()
	all := make([]*conn, 0, len(g.conns))
	for _, c := range g.conns {
		all = append(all, c)
	}
	return all
}

// find returns an open connection, or nil.
func (g *Gateway) find(id string) *conn {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.conns[id]
}

func (g *Gateway) remember(c *conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.conns[c.id] = c
}

func (g *Gateway) forget(c *conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.conns, c.id)
}
