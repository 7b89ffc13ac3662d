package gateway

import (
	"net"
	"sync"
)

// outbox is what waits to be written to a client, in order. While it is empty it costs no goroutine: whoever adds the
// first frame sees to it that somebody drains.
type outbox struct {
	mu       sync.Mutex // Protects following.
	frames   [][]byte
	bytes    int // Of frames and of those being written.
	draining bool
	sealed   bool          // Nothing may be added any more.
	changed  chan struct{} // Closed when bytes shrinks, or the outbox is sealed; nil while nobody waits.
}

// Outcomes of an attempt to add a frame.
type pushed int

const (
	pushedQueued pushed = iota // Somebody drains already.
	pushedFirst                // The caller must see to draining.
	pushedFull                 // Not added: wait, or give up.
	pushedSealed               // Not added: the connection is closing.
)

// push adds an encoded frame if that leaves at most limit bytes waiting, or if nothing waits at all.
func (o *outbox) push(frame []byte, limit int) pushed {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.sealed:
		return pushedSealed
	case o.bytes > 0 && exceeds(o.bytes+len(frame), limit):
		return pushedFull
	}
	return o.add(frame)
}

// seal adds a last frame, if there is one, whatever waits already. The caller must see to draining if it says First.
func (o *outbox) seal(frame []byte) pushed {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.sealed {
		return pushedSealed
	}
	o.sealed = true
	o.notify()
	if frame == nil {
		return pushedQueued
	}
	return o.add(frame)
}

func (o *outbox) add(frame []byte) pushed {
	o.frames = append(o.frames, frame)
	o.bytes += len(frame)
	if o.draining {
		return pushedQueued
	}
	o.draining = true
	return pushedFirst
}

// drain writes until nothing waits, in as few system calls as it can. After an error nothing can be added.
func (o *outbox) drain(nc net.Conn) error {
	for {
		batch, size := o.take()
		if batch == nil {
			return nil
		}
		err := writeAll(nc, batch)
		o.wrote(size, err)
		if err != nil {
			return err
		}
	}
}

func writeAll(nc net.Conn, batch net.Buffers) error {
	if len(batch) == 1 {
		_, err := nc.Write(batch[0])
		return err
	}
	_, err := batch.WriteTo(nc)
	return err
}

func (o *outbox) take() (net.Buffers, int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	batch := o.frames
	o.frames = nil
	if batch == nil {
		o.draining = false
		o.notify()
	}
	return batch, o.bytes
}

func (o *outbox) wrote(size int, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.bytes -= size
	if err != nil {
		o.frames, o.bytes, o.sealed, o.draining = nil, 0, true, false
	}
	o.notify()
}

// notify wakes those who wait. The caller holds the lock.
func (o *outbox) notify() {
	if o.changed != nil {
		close(o.changed)
		o.changed = nil
	}
}

// crowded returns a channel that is closed when the outbox has changed, if so much waits that another message might not
// fit; nil if there is room, or nothing may be added any more.
func (o *outbox) crowded(limit int) <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.sealed || !exceeds(2*o.bytes, limit) {
		return nil
	}
	return o.change()
}

// waiting returns a channel that is closed when the outbox has changed, or nil if there is nothing to wait for: it is
// neither full nor being drained.
func (o *outbox) waiting() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.draining {
		return nil
	}
	return o.change()
}

// change returns a channel that is closed at the next change. The caller holds the lock.
func (o *outbox) change() <-chan struct{} {
	if o.changed == nil {
		o.changed = make(chan struct{})
	}
	return o.changed
}
