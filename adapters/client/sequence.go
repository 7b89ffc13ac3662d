package client

import (
	"encoding/json"
	"slices"
	"time"
)

// maxHeld is how many messages of a room are kept that nobody has taken yet, or that wait for one that is missing;
// history has the others.
const maxHeld = 1000

// Message is what somebody said in a room.
type Message struct {
	// Room and Epoch name the log, and Seq is the message's number in it.
	Room  string `json:"-"`
	Epoch string `json:"-"`
	Seq   int64  `json:"seq"`
	// ID is the same however often the message comes.
	ID   string          `json:"messageId"`
	From Origin          `json:"from"`
	Data json.RawMessage `json:"data"`
	At   time.Time       `json:"at"`
	// Own tells whether this client said it.
	Own bool `json:"-"`
	// Cut tells that messages between this one and the one before were missed and cannot be had any more, or that the
	// room's log began anew with another epoch.
	Cut bool `json:"-"`
}

// entry is a number of a room's log: a message, or a void, where no message will be.
type entry struct {
	Message
	Void bool
}

// page is what a join brings, an answer to history or its refusal.
type page struct {
	Epoch     string
	Seq       int64 // The head.
	Recovered bool
	Messages  []entry
	More      bool
}

// sequence is the order of one room's messages: whatever comes, from wherever and however often, goes out once and in
// order of its number. It does no input or output.
type sequence struct {
	epoch   string
	past    []string // Epochs that have ended.
	next    int64    // The number to deliver next; 0 before the first page.
	head    int64    // The highest number known of.
	nowhere int64    // Up to here nothing comes by itself: history has it.
	held    map[place]entry
	cut     bool      // The next message to be delivered does not follow the last one.
	ready   []Message // What nobody had taken when the sequence began anew; it is delivered first.
}

// place is where a message stands.
type place struct {
	epoch string
	seq   int64
}

// begun tells whether there was a first page.
func (s *sequence) begun() bool { return s.next > 0 }

// another tells whether an epoch is that of another log: the room began anew, and this client has to as well.
func (s *sequence) another(epoch string) bool {
	return s.begun() && epoch != s.epoch && !slices.Contains(s.past, epoch)
}

// adopt gives a log its epoch, which begins with its first message.
func (s *sequence) adopt(epoch string) {
	if s.begun() && s.epoch == "" {
		s.epoch = epoch
	}
}

// position is up to where nothing is missing, for a join to resume from.
func (s *sequence) position() (epoch string, after int64) {
	after = s.next - 1
	for ; ; after++ {
		if _, ok := s.held[place{s.epoch, after + 1}]; !ok {
			return s.epoch, after
		}
	}
}

// push takes a frame that came by itself, before the first page or of another epoch, too; it tells whether it is.
func (s *sequence) push(epoch string, entries []entry) (another bool) {
	s.adopt(epoch)
	if slices.Contains(s.past, epoch) {
		return false
	}
	current := s.begun() && epoch == s.epoch
	for _, e := range entries {
		if len(s.held)+len(s.ready) < maxHeld || current && e.Seq == s.next {
			s.keep(epoch, e)
		} else if current {
			s.nowhere = max(s.nowhere, e.Seq)
		}
		if current {
			s.head = max(s.head, e.Seq)
		}
	}
	return s.another(epoch)
}

// keep holds an entry until it is its turn, unless that is over.
func (s *sequence) keep(epoch string, e entry) {
	if epoch == s.epoch && e.Seq < s.next {
		return
	}
	if s.held == nil {
		s.held = map[place]entry{}
	}
	s.held[place{epoch, e.Seq}] = e
}

// follow takes a page of history of what follows.
func (s *sequence) follow(p page) (another bool) {
	s.adopt(p.Epoch)
	if s.another(p.Epoch) {
		return true
	}
	for _, e := range p.Messages {
		s.keep(p.Epoch, e)
		s.head = max(s.head, e.Seq)
		if p.More {
			s.nowhere = max(s.nowhere, e.Seq+1)
			s.head = max(s.head, e.Seq+1)
		}
	}
	return false
}

// enter takes the answer to a join.
func (s *sequence) enter(p page) {
	if !p.Recovered || !s.begun() {
		s.restart(p)
		return
	}
	s.adopt(p.Epoch)
	s.push(p.Epoch, p.Messages)
	s.head = max(s.head, p.Seq)
	if p.More {
		s.nowhere = max(s.nowhere, p.Seq)
	}
}

// restart goes on with a page of the newest messages.
func (s *sequence) restart(p page) {
	s.adopt(p.Epoch)
	s.drain()
	// An empty page of a room where somebody spoke: the newest message is being written, or all have expired. Asking for
	// the last one again tells which.
	first := max(p.Seq, 1)
	if len(p.Messages) > 0 {
		first = p.Messages[0].Seq
	}
	switch {
	case !s.begun():
		s.next = first
	case p.Epoch != s.epoch:
		s.past = append(s.past, s.epoch)
		s.next, s.head, s.nowhere, s.cut = first, 0, 0, true
	case first > s.next:
		s.next, s.cut = first, true
	}
	s.epoch, s.head = p.Epoch, max(s.head, p.Seq)
	for _, e := range p.Messages {
		s.keep(p.Epoch, e)
	}
	s.tidy()
}

// tidy drops what will not be delivered, and learns of what came before it was wanted.
func (s *sequence) tidy() {
	for at := range s.held {
		s.adopt(at.epoch)
		if at.epoch != s.epoch || at.seq < s.next {
			delete(s.held, at)
		} else {
			s.head = max(s.head, at.seq)
		}
	}
}

// refused takes the refusal of history: what follows has expired, or its log has ended.
func (s *sequence) refused(p page) {
	if p.Epoch == s.epoch && len(p.Messages) == 0 {
		s.drain()
		s.head = max(s.head, p.Seq)
		s.next, s.cut = s.head+1, true
		s.tidy()
		return
	}
	s.restart(p)
}

// noteHead learns of the head of the room's log; it tells whether that is another log.
func (s *sequence) noteHead(epoch string, seq int64) (another bool) {
	s.adopt(epoch)
	if s.begun() && epoch == s.epoch {
		s.head = max(s.head, seq)
	}
	return s.another(epoch)
}

// pop returns the next message if it is there.
func (s *sequence) pop() (Message, bool) {
	if len(s.ready) > 0 {
		m := s.ready[0]
		s.ready = s.ready[1:]
		return m, true
	}
	return s.following()
}

// following takes the next message out of those that are held.
func (s *sequence) following() (Message, bool) {
	for s.begun() {
		at := place{s.epoch, s.next}
		e, ok := s.held[at]
		if !ok {
			break
		}
		delete(s.held, at)
		s.next++
		if !e.Void {
			e.Epoch, e.Cut, s.cut = s.epoch, s.cut, false
			return e.Message, true
		}
	}
	return Message{}, false
}

// drain saves what can be delivered.
func (s *sequence) drain() {
	for m, ok := s.following(); ok; m, ok = s.following() {
		s.ready = append(s.ready, m)
	}
}

// missing tells whether there is a next message that is not there.
func (s *sequence) missing() bool {
	_, there := s.held[place{s.epoch, s.next}]
	return s.begun() && s.head >= s.next && !there
}

// gone tells whether it does not come by itself.
func (s *sequence) gone() bool { return s.missing() && s.next <= s.nowhere }
