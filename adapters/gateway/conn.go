package gateway

import (
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"

	"wsecho/adapters/gateway/internal/frames"
)

// conn is an open WebSocket connection. Idle, it costs one goroutine with a small stack, one timer and this struct.
type conn struct {
	g           *Gateway
	id          string
	nc          net.Conn
	connectedAt time.Time
	identity    identity
	domain      string
	authorizer  json.RawMessage // As message and disconnect events show it.
	user        string          // The authorizer's principalId, for the log.

	in         frames.Reader
	out        outbox
	alive      *time.Timer  // Ends the connection: idle, or too old.
	lastActive atomic.Int64 // Unix milliseconds of the last data message, either way.
	ended      atomic.Bool  // Set once, by whoever ends the connection.
	busy       inFlight
}

// ending is why a connection is over.
type ending struct {
	send   *Close        // The close frame for the client; nil sends none.
	report Close         // What $disconnect says.
	cause  string        // For the log.
	answer time.Duration // How long the client may take to answer; 0 means closeWait.
}

// closeWait is how long a client may take to answer a close frame, or to read what was sent before it. Who shuts down
// has nobody to talk to afterwards: an answer that takes longer than shutdownWait is not worth the wait.
const (
	closeWait    = 2 * time.Second
	shutdownWait = 100 * time.Millisecond
)

// serve reads messages until the connection is over. It is the connection's only permanent goroutine. While too much
// waits for the client it reads nothing: who asks and does not listen would have the gateway keep all the answers. That
// the client is gone then shows in writing, or when it is idle or too old.
func (c *conn) serve() {
	defer c.g.work.Done()
	for {
		c.room()
		_, data, err := c.in.Next()
		if err != nil {
			c.stop(err)
			return
		}
		if !c.ended.Load() {
			c.touch()
			c.dispatch(data)
		}
	}
}

// stop ends the connection for the reason for which reading ended, and releases the socket.
func (c *conn) stop(err error) {
	var v frames.Violation
	var r frames.Closed
	switch {
	case errors.As(err, &r):
		c.end(c.clientClosed(Close(r)))
	case errors.As(err, &v):
		c.end(c.violated(v))
	default:
		c.g.faults.vanished(c.id)
		c.end(ending{report: c.g.closeReason(frames.Abnormal), cause: "the client is gone"})
	}
	c.flush()
	if errors.As(err, &v) {
		c.discard()
	}
	c.nc.Close()
}

// clientClosed echoes the client's close frame. What it says is passed on to $disconnect.
func (c *conn) clientClosed(got Close) ending {
	report := got
	switch {
	case got.Code == frames.NoStatus:
		report.Reason = "Client-side close frame status not set"
	case got.Code >= 3000:
		c.g.assume(clientCloseIsPassedOn, slog.Int("code", got.Code))
		if c.g.cfg.Assumptions.HideClientClose {
			report = Close{frames.NoStatus, "Client-side close frame status not set"}
		}
	}
	return ending{send: &Close{Code: got.Code}, report: report, cause: "the client closed"}
}

func (c *conn) violated(v frames.Violation) ending {
	cl := c.g.closeReason(v.Code)
	if v.Code == c.g.rules.BadUTF8 {
		c.g.assume(badUTF8Is1007, slog.Int("code", v.Code))
	}
	return ending{send: &cl, report: cl, cause: v.Why}
}

// closeReason gives a code its reason, which nobody has recorded.
func (g *Gateway) closeReason(code int) Close {
	g.assume(closeReasonsAreEmpty, slog.Int("code", code))
	return Close{code, g.cfg.Assumptions.CloseReasons[code]}
}

// end takes the connection out of the gateway: no post finds it any more, and $disconnect is invoked. The first cause
// wins. The socket itself is closed by serve, soon after.
func (c *conn) end(e ending) bool {
	if c.ended.Swap(true) {
		return false
	}
	c.alive.Stop()
	c.g.forget(c)
	now := time.Now()
	c.nc.SetWriteDeadline(now.Add(closeWait))
	c.nc.SetReadDeadline(now.Add(cmp.Or(e.answer, closeWait)))
	var frame []byte
	if e.send != nil {
		frame = frames.EncodeClose(e.send.Code, e.send.Reason)
	}
	if c.out.seal(frame) == pushedFirst {
		c.drainLater()
	}
	c.g.disconnect(c, e)
	return true
}

// flush waits until everything was written, which takes closeWait at most.
func (c *conn) flush() {
	for ch := c.out.waiting(); ch != nil; ch = c.out.waiting() {
		<-ch
	}
}

// discard reads what the client still sends: closing a socket with unread data would reset it, and the client might
// never see the close frame.
func (c *conn) discard() {
	if half, ok := c.nc.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
	io.Copy(io.Discard, c.nc)
}

// tick is called when the connection may be idle or too old. Activity doesn't touch the timer, which would cost more.
func (c *conn) tick() {
	now, limits := time.Now(), c.g.cfg.Limits
	left := remaining(limits.Lifetime, now.Sub(c.connectedAt))
	idle := remaining(limits.IdleTimeout, now.Sub(time.UnixMilli(c.lastActive.Load())))
	goingAway := Close{frames.GoingAway, "Going away"}
	switch {
	case left <= 0:
		c.g.assume(lifetimeEndsGoingAway)
		c.end(ending{send: &goingAway, report: goingAway, cause: "the connection's lifetime is over"})
	case idle <= 0:
		c.end(ending{send: &goingAway, report: goingAway, cause: "the connection was idle"})
	default:
		c.alive.Reset(min(left, idle))
	}
}

// remaining is what is left of a limit, of which a negative one is none.
func remaining(limit, spent time.Duration) time.Duration {
	if limit < 0 {
		return 24 * time.Hour
	}
	return limit - spent
}

func (c *conn) touch() { c.lastActive.Store(time.Now().UnixMilli()) }

// control answers a ping. If the client reads nothing, the pong is left out.
func (c *conn) control(op ws.OpCode, payload []byte) {
	if op != ws.OpPing {
		return
	}
	c.g.assume(pingsAreNoActivity)
	if c.g.cfg.Assumptions.PingsKeepAlive {
		c.touch()
	}
	if c.out.push(frames.Encode(ws.OpPong, payload, -1), c.g.cfg.Limits.SendBuffer) == pushedFirst {
		c.drainLater()
	}
}

// post adds a text message for the client without waiting for it.
func (c *conn) post(data []byte) pushed {
	p := c.out.push(frames.Encode(ws.OpText, data, c.g.cfg.Limits.FrameBytes), c.g.cfg.Limits.SendBuffer)
	if p == pushedFirst {
		c.drainLater()
	}
	if p != pushedSealed && p != pushedFull {
		c.touch()
	}
	return p
}

// reply sends a text message and may take as long as the client takes to read.
func (c *conn) reply(data []byte) {
	frame := frames.Encode(ws.OpText, data, c.g.cfg.Limits.FrameBytes)
	for {
		switch c.out.push(frame, c.g.cfg.Limits.SendBuffer) {
		case pushedFirst:
			c.touch()
			c.drain()
			return
		case pushedQueued:
			c.touch()
			return
		case pushedSealed:
			return
		}
		if ch := c.out.waiting(); ch != nil {
			<-ch
		}
	}
}

// room waits until a reply is likely to fit into the outbox, or the connection is over.
func (c *conn) room() {
	for ch := c.out.crowded(c.g.cfg.Limits.SendBuffer); ch != nil; ch = c.out.crowded(c.g.cfg.Limits.SendBuffer) {
		<-ch
	}
}

func (c *conn) drainLater() {
	c.g.work.Add(1)
	go func() {
		defer c.g.work.Done()
		c.drain()
	}()
}

// drain writes what waits. When that fails the socket is closed, and serve finds out.
func (c *conn) drain() {
	if err := c.out.drain(c.nc); err != nil {
		c.nc.Close()
	}
}
