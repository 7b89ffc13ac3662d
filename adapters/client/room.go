package client

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Room is a room that a client has joined, and joins again on every new connection until it leaves. All of its methods
// may be called concurrently, but messages go to one reader.
type Room struct {
	client *Client
	name   string

	// Guarded by client.mu.
	link     *link          // On which it is joined; nil while there is none.
	entering map[*link]bool // On which it is being joined.
	err      error          // Why the client is not there any more.
	sequence sequence
	asking   int          // How many Joins wait.
	joined   bool         // Whether one succeeded.
	saying   map[int]bool // What is being said and has no place yet.
	lastSaid int
	patience time.Duration // How long the next message may be late.
}

// Join enters a room and waits for the service's consent. The room's newest page, of up to 100 messages, is what its
// messages begin with. A room that is joined already is returned as it is.
func (c *Client) Join(ctx context.Context, name string) (*Room, error) {
	c.mu.Lock()
	r, known := c.rooms[name]
	if !known {
		r = &Room{client: c, name: name, entering: map[*link]bool{}, saying: map[int]bool{}, patience: patience}
		c.rooms[name] = r
	}
	r.asking++
	l := c.link
	c.mu.Unlock()
	if !known && l != nil {
		c.spawn(func() { c.enter(r, l) })
	}
	_, err := c.ready(ctx, r)
	c.mu.Lock()
	defer c.mu.Unlock()
	r.asking--
	if err == nil {
		r.joined = true
		return r, nil
	}
	if !r.joined && r.asking == 0 { // Nobody else waits for it.
		r.quit(err)
	}
	return nil, err
}

// Name is the room's.
func (r *Room) Name() string { return r.name }

// Leave ends the membership. Messages end with CodeClosed.
func (r *Room) Leave(ctx context.Context) error {
	r.end(&Error{Code: CodeClosed, Message: "the room was left"})
	return r.client.Request(ctx, "leave", map[string]any{"room": r.name}, nil)
}

// end has the client be in the room no more.
func (r *Room) end(why error) {
	r.client.mu.Lock()
	defer r.client.mu.Unlock()
	r.quit(why)
}

// quit is end with client.mu held.
func (r *Room) quit(why error) {
	if r.err == nil {
		r.err = why
	}
	if r.client.rooms[r.name] == r {
		delete(r.client.rooms, r.name)
	}
	r.client.changed.fire()
}

// Place is where a message stands in its room's log.
type Place struct {
	Epoch     string
	Seq       int64
	MessageID string
	At        time.Time
}

// Say stores data in the room, any JSON of up to 32 KB, and sends it to the other members. It also comes among the
// room's messages. Until it is acknowledged it is repeated with the same key, for up to 23 hours or until ctx ends, after
// which it may or may not be stored. The keys of an anonymous client end with its connection: if that ends first, the
// error has CodeDisconnected, and whether the message is stored is not known.
func (r *Room) Say(ctx context.Context, data any) (p Place, err error) {
	text, err := json.Marshal(data)
	if err != nil {
		return p, fmt.Errorf("encoding what to say: %w", err)
	}
	defer r.said(r.says())
	defer r.client.spokeNow()
	f, l, err := r.client.exchange(ctx, keyed("say", r, map[string]any{"room": r.name, "data": json.RawMessage(text)}))
	if err == nil {
		err = f.decode(&p)
	}
	if err != nil {
		return p, err
	}
	from := Origin{User: l.welcome.User, Connection: l.welcome.ConnectionID}
	own := entry{Message: Message{Seq: p.Seq, ID: p.MessageID, From: from, Data: text, At: p.At}}
	r.client.learn(r.name, func(s *sequence) bool { return s.push(p.Epoch, []entry{own}) })
	return p, nil
}

// Position is from where to read history: the newest messages, or those before or after a number.
type Position struct {
	// Before and After are numbers; 0 is none. One of them may be given.
	Before, After int64
	// Epoch is that of the numbers; empty is the room's present one.
	Epoch string
	// Limit is how many messages to return at most, up to 100; 0 is 100.
	Limit int
}

// Page is a page of a room's history.
type Page struct {
	Epoch    string
	Messages []Message
	// More tells whether there are further messages in the direction that was asked for.
	More bool
}

// History reads a page. It does not change what Messages returns.
func (r *Room) History(ctx context.Context, at Position) (Page, error) {
	fields := map[string]any{"room": r.name}
	for name, number := range map[string]int64{"before": at.Before, "after": at.After, "limit": int64(at.Limit)} {
		if number > 0 {
			fields[name] = number
		}
	}
	if at.Epoch != "" {
		fields["epoch"] = at.Epoch
	}
	var p page
	if err := r.client.obtain(ctx, request{action: "history", fields: fields, room: r}, &p); err != nil {
		return Page{}, err
	}
	all := Page{Epoch: p.Epoch, More: p.More}
	for _, e := range p.Messages {
		if !e.Void {
			e.Room, e.Epoch, e.Own = r.name, p.Epoch, r.client.isMine(e.From)
			all.Messages = append(all.Messages, e.Message)
		}
	}
	return all, nil
}

// Member is a user in a room.
type Member struct {
	User        string
	Connections int
}

// Who lists everybody in the room.
func (r *Room) Who(ctx context.Context) (all []Member, err error) {
	index := map[string]int{} // A user may be on several pages.
	for fields := map[string]any{"room": r.name}; ; {
		var page struct {
			Members []Member
			Cursor  string
		}
		if err := r.client.obtain(ctx, request{action: "who", fields: fields, room: r}, &page); err != nil {
			return nil, err
		}
		for _, m := range page.Members {
			if at, known := index[m.User]; known {
				all[at].Connections += m.Connections
			} else {
				index[m.User] = len(all)
				all = append(all, m)
			}
		}
		if page.Cursor == "" {
			return all, nil
		}
		fields["cursor"] = page.Cursor
	}
}

func (c *Client) isMine(from Origin) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mine[from.Connection]
}
