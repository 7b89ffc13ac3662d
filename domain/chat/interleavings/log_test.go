package interleavings

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"wsecho/domain"
	"wsecho/domain/chat"
)

// head, entry and usedKey are the rows of chat, as in the table.
type head struct {
	epoch string
	seq   int64
	at    int64

	relayed int64
	owner   string
	until   int64
}

type entry struct {
	seq                          int64
	messageID, user, conn, words string
	at, exp                      int64
	void                         bool
}

type usedKey struct {
	sent chat.Sent
	exp  int64
}

func headKey(room string) string { return "head|" + room }

func logKey(room, epoch string) string { return "log|" + room + "|" + epoch + "|" }

func entryKey(room, epoch string, seq int64) string {
	return fmt.Sprintf("%s%016d", logKey(room, epoch), seq)
}

func idempotencyKey(user, key string) string { return "once|" + user + "|" + key }

func (h head) domain() chat.Head {
	if h == (head{}) {
		return chat.Head{}
	}
	got := chat.Head{Epoch: h.epoch, Seq: h.seq, At: time.UnixMilli(h.at), Relayed: h.relayed, Owner: h.owner}
	if h.owner != "" {
		got.Until = time.UnixMilli(h.until)
	}
	return got
}

func entryOf(e chat.Entry) entry {
	return entry{
		e.Seq, e.MessageID, e.From.User, e.From.Connection, string(e.Data), e.At.UnixMilli(), e.ExpiresAt.Unix(), e.Void,
	}
}

func (e entry) domain(epoch string) chat.Entry {
	got := chat.Entry{
		Epoch: epoch, Seq: e.seq, MessageID: e.messageID, From: domain.Origin{User: e.user, Connection: e.conn},
		At: time.UnixMilli(e.at), ExpiresAt: time.Unix(e.exp, 0), Void: e.void,
	}
	if !e.void {
		got.Data = json.RawMessage(e.words)
	}
	return got
}

// Advance implements chat.Log.
func (s store) Advance(_ context.Context, room, epoch string, at time.Time) (chat.Head, error) {
	row := headKey(room)
	got, _, err := s.attempt("takes a number of "+room, func(w world) (world, answer) {
		h, there := w.get(row).(head)
		if !there {
			h.epoch = epoch
		}
		h.seq++
		h.at = at.UnixMilli()
		return w.with(row, h), answerOf(h, true)
	})
	h, _ := got.value.(head)
	return h.domain(), err
}

// Head implements chat.Log.
func (s store) Head(_ context.Context, room string) (chat.Head, error) {
	row := headKey(room)
	got, err := s.look("reads the head of "+room, func(w world) answer { return answerOf(w.get(row), false) })
	h, _ := got.value.(head)
	return h.domain(), err
}

// Write implements chat.Log: one put, or with an idempotency key one transaction.
func (s store) Write(_ context.Context, room string, e chat.Entry, c *chat.IdempotencyKey) (chat.Entry, error) {
	name := fmt.Sprintf("writes %s at %d", cmp.Or(string(e.Data), "a void"), e.Seq)
	row, used, now := entryKey(room, e.Epoch, e.Seq), "", time.Now().Unix()
	if c != nil {
		used = idempotencyKey(c.User, c.Key)
	}
	got, _, err := s.repeat(step{name: name, token: c != nil, apply: func(w world) (world, answer) {
		if there, ok := w.get(row).(entry); ok {
			return w, answerOf(there, false)
		}
		if c != nil {
			if there, ok := w.get(used).(usedKey); ok && now < there.exp && there.sent.MessageID != c.Sent.MessageID {
				return w, answerOf(there, false)
			}
			w = w.with(used, usedKey{c.Sent, c.ExpiresAt.Unix()})
		}
		return w.with(row, entryOf(e)), answerOf(nil, true)
	}})
	if err != nil {
		return chat.Entry{}, err
	}
	switch there := got.value.(type) {
	case entry:
		return there.domain(e.Epoch), nil
	case usedKey:
		return chat.Entry{}, &chat.AlreadySent{Sent: there.sent}
	}
	return e, nil
}

// page is what one query of a log returns.
type page struct {
	entries []entry
	cut     bool
	last    int64
}

// Read implements chat.Log: one query, and further ones where all that it looked at has expired.
func (s store) Read(_ context.Context, room, epoch string, r chat.Range) (entries []chat.Entry, cut bool, err error) {
	limit := r.Limit
	for {
		now := time.Now().Unix()
		got, err := s.look(fmt.Sprintf("reads %s from %d to %d", room, r.From, r.To), func(w world) answer {
			p := query(w, room, epoch, r, now)
			hash := hashOf(p.cut)
			for _, e := range p.entries {
				hash += hashOf(e)
			}
			return answer{value: p, hash: hash}
		})
		if err != nil {
			return nil, false, err
		}
		p := got.value.(page)
		for _, e := range p.entries {
			entries = append(entries, e.domain(epoch))
		}
		if cut = p.cut; !cut || len(entries) > 0 {
			break
		}
		r.Limit = 0
		if r.Newest {
			r.To = p.last - 1
		} else {
			r.From = p.last + 1
		}
	}
	if limit > 0 && len(entries) > limit {
		entries, cut = entries[:limit], true
	}
	if r.Newest {
		slices.Reverse(entries)
	}
	return entries, cut, nil
}

// query looks at rows until there are as many as the limit, or a megabyte, and leaves out those that have expired. Like
// DynamoDB it says that there may be more when the limit is reached at the end.
func query(w world, room, epoch string, r chat.Range, now int64) (p page) {
	rows := w.under(logKey(room, epoch))
	if r.Newest {
		rows = slices.Clone(rows)
		slices.Reverse(rows)
	}
	looked, size := 0, 0
	for _, row := range rows {
		e := row.value.(entry)
		if e.seq < r.From || e.seq > r.To {
			continue
		}
		if looked++; now < e.exp {
			p.entries = append(p.entries, e)
		}
		p.last = e.seq
		if size += len(e.words); looked == r.Limit || size > 1<<20 {
			p.cut = true
			return p
		}
	}
	return p
}

// Find implements chat.IdempotencyKeys.
func (s store) Find(_ context.Context, user, key string) (chat.Sent, error) {
	row := idempotencyKey(user, key)
	got, err := s.look("reads the key "+key, func(w world) answer { return answerOf(w.get(row), false) })
	if err != nil {
		return chat.Sent{}, err
	}
	c, _ := got.value.(usedKey)
	if time.Now().Unix() >= c.exp {
		return chat.Sent{}, chat.ErrUnusedKey
	}
	return c.sent, nil
}

// Use implements chat.IdempotencyKeys.
func (s store) Use(_ context.Context, c chat.IdempotencyKey) error {
	row, now := idempotencyKey(c.User, c.Key), time.Now().Unix()
	got, _, err := s.attempt("uses the key "+c.Key, func(w world) (world, answer) {
		there, ok := w.get(row).(usedKey)
		if ok && now < there.exp && there.sent.MessageID != c.Sent.MessageID {
			return w, answerOf(there, false)
		}
		return w.with(row, usedKey{c.Sent, c.ExpiresAt.Unix()}), answerOf(nil, true)
	})
	if there, ok := got.value.(usedKey); ok && err == nil {
		return &chat.AlreadySent{Sent: there.sent}
	}
	return err
}
