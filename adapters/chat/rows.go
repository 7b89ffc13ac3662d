package chat

import (
	"time"

	"wsecho/adapters/dynamodb"
	"wsecho/domain"
	"wsecho/domain/chat"
)

// headRow is the head of a room. It does not expire.
type headRow struct {
	dynamodb.Key
	Epoch string `dynamodbav:"epoch"`
	Seq   int64  `dynamodbav:"seq"`
	// At is when the number was taken, in milliseconds since 1970.
	At int64 `dynamodbav:"at"`
	// Relayed is up to which number the log was relayed. Owner is the relay, and Until when its lease ends, in milliseconds
	// since 1970; a room without a relay has neither.
	Relayed int64  `dynamodbav:"relayed"`
	Owner   string `dynamodbav:"owner"`
	Until   int64  `dynamodbav:"until"`
}

func (r headRow) head() chat.Head {
	if r.PK == "" { // There is no row.
		return chat.Head{}
	}
	head := chat.Head{Epoch: r.Epoch, Seq: r.Seq, At: time.UnixMilli(r.At), Relayed: r.Relayed, Owner: r.Owner}
	if r.Owner != "" {
		head.Until = time.UnixMilli(r.Until)
	}
	return head
}

// entryRow is an entry of a log. A void has nothing but its times, so a row without an id is one.
type entryRow struct {
	dynamodb.Key
	// At is when the number was taken, in milliseconds since 1970; Expires when the row ends, in seconds.
	At      int64  `dynamodbav:"at"`
	Expires int64  `dynamodbav:"exp"`
	ID      string `dynamodbav:"id,omitempty"`
	// Connection is the one that spoke. User is absent if it is anonymous.
	Connection string `dynamodbav:"conn,omitempty"`
	User       string `dynamodbav:"user,omitempty"`
	// Data is what was said. It is binary: a string would be the same size, but has to be UTF-8, while JSON that was
	// accepted may have any bytes between its quotes, and all of them are to come back as they came.
	Data []byte `dynamodbav:"data,omitempty"`
}

func newEntryRow(room string, e chat.Entry) entryRow {
	row := entryRow{Key: entryKey(room, e.Epoch, e.Seq), At: e.At.UnixMilli(), Expires: e.ExpiresAt.Unix()}
	if e.Void {
		return row
	}
	row.ID, row.Connection, row.Data = e.MessageID, e.From.Connection, e.Data
	if e.From.User != anonymous(e.From.Connection) {
		row.User = e.From.User
	}
	return row
}

// anonymous is the name of a connection without a user.
func anonymous(connection string) string { return domain.Connection{ID: connection}.Name() }

func (r entryRow) entry(epoch string) chat.Entry {
	e := chat.Entry{
		Epoch: epoch, Seq: seqOf(r.Key), MessageID: r.ID, Data: r.Data,
		At: time.UnixMilli(r.At), ExpiresAt: time.Unix(r.Expires, 0), Void: r.ID == "",
	}
	if !e.Void {
		e.From = domain.From(domain.Connection{ID: r.Connection, User: r.User})
	}
	return e
}

// idempotencyRow is a key of a sender, with the message that it was used for and, if that is in a room's log, its place.
type idempotencyRow struct {
	dynamodb.Key
	// Hash tells the contents of messages sent with the same key apart.
	Hash    string `dynamodbav:"hash"`
	ID      string `dynamodbav:"id"`
	Expires int64  `dynamodbav:"exp"`
	Epoch   string `dynamodbav:"epoch,omitempty"`
	Seq     int64  `dynamodbav:"seq,omitempty"`
}

func newIdempotencyRow(c chat.IdempotencyKey) idempotencyRow {
	return idempotencyRow{
		Key: idempotencyKey(c.User, c.Key), Hash: c.Sent.Hash, ID: c.Sent.MessageID, Expires: c.ExpiresAt.Unix(),
		Epoch: c.Sent.Epoch, Seq: c.Sent.Seq,
	}
}

func (r idempotencyRow) sent() chat.Sent {
	return chat.Sent{Hash: r.Hash, MessageID: r.ID, Epoch: r.Epoch, Seq: r.Seq}
}
