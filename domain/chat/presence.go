package chat

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"wsecho/domain"
)

// presenceLife is how long an announcement is worth delivering. It may be late, because what it says is true when it is
// posted, and it outlives a worker that died with it, whose message the queue hands out again after three minutes.
const presenceLife = 10 * time.Minute

// Present is a user in a room, with the number of its connections there.
type Present struct {
	User        string `json:"user"`
	Connections int    `json:"connections"`
}

// Presence is a page of the users in a room.
type Presence struct {
	Room    string    `json:"room"`
	Members []Present `json:"members"`
	// Cursor asks for the next page; it is absent on the last. A user may be on several pages: add the connections.
	Cursor string `json:"cursor,omitempty"`
}

// Who lists the users in a room, page after page. Refusals: bad_request (also for a cursor that is none),
// not_a_member, rate_limited.
func (c *Chat) Who(ctx context.Context, from domain.Caller, room, cursor string) (Presence, error) {
	span := domain.Ring
	if cursor != "" && span.UnmarshalText([]byte(cursor)) != nil {
		return Presence{}, &domain.Error{Code: domain.BadRequest, Message: `"cursor" must be one that an earlier presence had`}
	}
	if err := c.mustBeMember(ctx, from, room); err != nil {
		return Presence{}, err
	}
	if err := c.reads().Spend(ctx, from); err != nil {
		return Presence{}, err
	}
	page, err := c.Registry.Members(ctx, Audience(room), span, maxListed)
	if err != nil {
		return Presence{}, err
	}
	presence := Presence{Room: room, Members: byUser(page.Members)}
	if page.More {
		text, _ := page.Rest.MarshalText()
		presence.Cursor = string(text)
	}
	return presence, nil
}

// list returns the users in a room, or nil if it has too many connections to list.
func (c *Chat) list(ctx context.Context, room string) ([]Present, error) {
	var members []domain.Member
	for rest, more := domain.Ring, true; more; {
		page, err := c.Registry.Members(ctx, Audience(room), rest, maxListed+1-len(members))
		if err != nil {
			return nil, err
		}
		if members = append(members, page.Members...); len(members) > maxListed {
			return nil, nil
		}
		rest, more = page.Rest, page.More
	}
	return byUser(members), nil
}

// byUser counts the connections of each user.
func byUser(members []domain.Member) []Present {
	present := []Present{}
	for _, m := range members {
		name := domain.Connection{ID: m.ID, User: m.User}.Name()
		if at := slices.IndexFunc(present, func(p Present) bool { return p.User == name }); at >= 0 {
			present[at].Connections++
		} else {
			present = append(present, Present{name, 1})
		}
	}
	return present
}

// joined and left are what is told of a connection.
const (
	joined = "joined"
	left   = "left"
)

// announcement is what is queued before somebody joins or leaves.
func (c *Chat) announcement(event string, who domain.Connection, room string) domain.Delivery {
	d := announcement(event, c.NewID(), who, room)
	d.Condition.Pending = true
	return d
}

// announcement is the delivery that tells a room's members who joined or left, as long as that is true.
func announcement(event, id string, who domain.Connection, room string) domain.Delivery {
	opposite := map[string]string{joined: left, left: joined}[event]
	return domain.Delivery{
		MessageID: id, Message: presence(event, who, room), Audience: Audience(room), Except: []string{who.ID},
		Span: domain.Ring, MaxMembers: maxListed, AcceptedAt: now(), ExpiresAt: now().Add(presenceLife),
		Condition: &domain.Condition{
			Connection: who.ID, Member: event == joined, Otherwise: presence(opposite, who, room),
		},
	}
}

// presence is what a room's members are sent of a connection.
func presence(event string, who domain.Connection, room string) json.RawMessage {
	message, _ := domain.EncodeMessage(event, "", struct { // Strings always encode.
		Room       string `json:"room"`
		User       string `json:"user"`
		Connection string `json:"connection"`
	}{room, who.Name(), who.ID})
	return message
}

// Announcer announces who left a room because its connection ended. It only uses the queue, so that whoever closes
// connections needs no right to post.
type Announcer struct {
	Queue domain.Queue
	NewID func() string
}

// AnnounceLeave is what domain.Closer is to be told: it queues the announcement for the members of a room, and ignores
// other audiences. That somebody left whose connection has ended is true for good.
func (d Announcer) AnnounceLeave(ctx context.Context, c domain.Connection, a domain.Audience) error {
	room, ok := Rooms.NameOf(a)
	if !ok {
		return nil
	}
	final := announcement(left, d.NewID(), c, room)
	final.Condition.Otherwise = nil
	return d.Queue.Enqueue(ctx, final)
}
