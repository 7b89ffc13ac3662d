package gateway

import (
	"sync"
	"sync/atomic"
	"time"

	"wsecho/adapters/gateway/internal/frames"
)

// inFlight counts the messages of a connection that are being handled, and starts them in the order of arrival.
type inFlight struct {
	mu      sync.Mutex // Protects following.
	running int
	freed   chan struct{} // Closed when running shrinks; nil while nobody waits.
	last    chan struct{} // Closed when the one after the message that came last may reach its handler.
}

// enter waits until fewer than limit messages run. It returns the turns of the message before and of this one.
func (f *inFlight) enter(limit int) (before <-chan struct{}, mine chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.wait(func() bool { return exceeds(f.running+1, limit) })
	f.running++
	before, mine = f.last, make(chan struct{})
	f.last = mine
	return before, mine
}

func (f *inFlight) leave() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.running--
	if f.running == 0 {
		f.last = nil
	}
	if f.freed != nil {
		close(f.freed)
		f.freed = nil
	}
}

// drained waits until nothing runs.
func (f *inFlight) drained() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.wait(func() bool { return f.running > 0 })
}

// wait returns with the lock held, as it was called, when busy has become false.
func (f *inFlight) wait(busy func() bool) {
	for busy() {
		if f.freed == nil {
			f.freed = make(chan struct{})
		}
		ch := f.freed
		f.mu.Unlock()
		<-ch
		f.mu.Lock()
	}
}

// request is one message from a client on its way through a route.
type request struct {
	c       *conn
	ctx     requestContext
	route   Route
	text    string // As it came.
	event   []byte
	start   time.Time
	before  <-chan struct{} // Closed when this request may reach its handler.
	turn    chan struct{}   // Closed when the next one may.
	settled atomic.Bool     // Set by whoever answers first: the handler or the time-out.
}

// dispatch finds the route of a message and starts its handler. It returns when the next message may be read.
func (c *conn) dispatch(data []byte) {
	text := string(data)
	key, route, ok := c.g.selectRoute(text)
	ctx := c.newContext(eventMessage, key)
	ctx.MessageID = newID()
	switch {
	case !c.g.messages.Allow():
		c.throttled(ctx)
		return
	case !ok:
		c.g.logRefused(ctx, "no route, and no $default", text)
		c.serviceFrame("Forbidden", ctx.RequestID)
		return
	case route.Validate != nil && route.Validate(data) != nil:
		c.g.logRefused(ctx, "the request model is not satisfied", text)
		c.badRequest(ctx.MessageID)
		return
	}
	c.start(&request{c: c, ctx: ctx, route: route, text: text, event: c.messageEvent(ctx, text), start: time.Now()})
}

// start runs a request beside those that run already or, in serial mode, after the one before.
func (c *conn) start(r *request) {
	r.before, r.turn = c.busy.enter(c.g.cfg.Limits.InFlight)
	if r.before != nil {
		c.g.assume(messagesOverlap)
	}
	c.g.work.Add(1)
	c.g.pool.start(r)
}

// handle takes a request through its route when its turn has come.
func (r *request) handle() {
	g := r.c.g
	defer g.work.Done()
	defer r.c.busy.leave()
	if r.before != nil {
		<-r.before
	}
	if g.cfg.Assumptions.SerialMessages {
		defer close(r.turn)
	} else {
		close(r.turn)
	}
	g.faults.holdMessage()
	r.c.room()
	r.run()
}

// run invokes the handler and answers the client, unless the integration time-out did that before.
func (r *request) run() {
	timer := time.AfterFunc(r.route.Timeout, r.timeout)
	out, err := r.c.g.invoke(r.route.Handler, r.event)
	timer.Stop()
	if !r.settled.CompareAndSwap(false, true) {
		r.c.g.logLate(r, err)
		return
	}
	a, err := r.answer(out, err)
	r.c.g.logMessage(r, a, err)
	switch {
	case err != nil:
		r.c.serviceFrame("Internal server error", r.ctx.RequestID)
	case r.route.Reply && (a.body != "" || r.c.g.emptyReply()):
		r.c.reply([]byte(a.body))
	}
}

// emptyReply decides about a reply without a body.
func (g *Gateway) emptyReply() bool {
	g.assume(emptyRepliesSendNothing)
	return g.cfg.Assumptions.EmptyReplies
}

// answer checks what the handler returned, as API Gateway does whether or not it needs it.
func (r *request) answer(out []byte, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	a, err := parseAnswer(out)
	if err == nil && r.route.Reply && exceeds(len(a.body), r.c.g.cfg.Limits.MessageBytes) {
		return a, malformed("a body of %d bytes is more than a message may have", len(a.body))
	}
	return a, err
}

// timeout tells the client that the integration took too long. The handler runs on.
func (r *request) timeout() {
	if !r.settled.CompareAndSwap(false, true) {
		return
	}
	r.c.g.logTimeout(r)
	r.c.serviceFrame("Endpoint request timed out", r.ctx.RequestID)
}

// throttled answers a message above the rate.
func (c *conn) throttled(ctx requestContext) {
	c.g.assume(throttlingIsAFrame)
	c.g.logRefused(ctx, "too many messages", "")
	if !c.g.cfg.Assumptions.ThrottleCloses {
		c.serviceFrame("Too Many Requests", ctx.RequestID)
		return
	}
	policy := Close{frames.PolicyViolation, c.g.cfg.Assumptions.CloseReasons[frames.PolicyViolation]}
	c.end(ending{send: &policy, report: policy, cause: "too many messages"})
}

// serviceFrame sends one of API Gateway's own messages, whose spacing is exactly this.
func (c *conn) serviceFrame(message, requestID string) {
	c.reply([]byte(`{"message": "` + message + `", "connectionId":"` + c.id + `", "requestId":"` + requestID + `"}`))
}

// badRequest is the answer to a message that doesn't satisfy its model, as the developer guide shows it.
func (c *conn) badRequest(messageID string) {
	c.reply([]byte(`{"message" : "Bad request body", "connectionId": "` + c.id + `", "messageId": "` + messageID + `"}`))
}
