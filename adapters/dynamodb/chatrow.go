package dynamodb

import (
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"wsecho/domain"
	"wsecho/domain/chat"
)

// The keys of chat's rows.
//
//	what              pk                      sk
//	head of a room    head#<room>             head
//	entry of a log    log#<room>#<epoch>      <number, 16 digits>
//	key of a sender   once#<user>             <key>
//
// A room's name has no #, so no two rooms share a key.
func headKey(room string) item {
	return item{partitionKey: text("head#" + room), sortKey: text("head")}
}

func logKey(room, epoch string) string { return "log#" + room + "#" + epoch }

// seqKey is the sort key of an entry. Sixteen digits are as many as a client's JavaScript counts exactly.
func seqKey(seq int64) string { return fmt.Sprintf("%016d", seq) }

func claimKey(user, key string) item {
	return item{partitionKey: text("once#" + user), sortKey: text(key)}
}

// The attributes of chat's rows beside their key and expires, which all but heads have. A void has nothing but its
// times, so a row without an id is one.
const (
	// taken is when the number was taken, in milliseconds since 1970.
	taken = "at"
	// idName is the message id.
	idName = "id"
	// connectionName is the connection that spoke. The name of its user is in user, unless it is anonymous.
	connectionName = "conn"
	// dataName is what was said. It is binary: a string would be the same size, but has to be UTF-8, while JSON that
	// was accepted may have any bytes between its quotes, and all of them are to come back as they came.
	dataName = "data"
	// seqName and epochName are where a head stands, or the message of a sender's key.
	seqName   = "seq"
	epochName = "epoch"
	// hashName tells the contents of messages sent with the same key apart.
	hashName = "hash"
)

func headOf(row item) chat.Head {
	if len(row) == 0 {
		return chat.Head{}
	}
	return chat.Head{Epoch: textIn(row, epochName), Seq: numberIn(row, seqName), At: time.UnixMilli(numberIn(row, taken))}
}

func newEntryRow(room string, e chat.Entry) item {
	row := item{
		partitionKey: text(logKey(room, e.Epoch)),
		sortKey:      text(seqKey(e.Seq)),
		taken:        number(e.At.UnixMilli()),
		expires:      number(e.ExpiresAt.Unix()),
	}
	if e.Void {
		return row
	}
	row[idName] = text(e.MessageID)
	row[connectionName] = text(e.From.Connection)
	row[dataName] = &types.AttributeValueMemberB{Value: e.Data}
	if e.From.User != anonymous(e.From.Connection) {
		row[user] = text(e.From.User)
	}
	return row
}

// anonymous is the name of a connection without a user.
func anonymous(connection string) string { return domain.Connection{ID: connection}.Name() }

func entryOf(row item, epoch string) chat.Entry {
	e := chat.Entry{
		Epoch:     epoch,
		Seq:       seqIn(row),
		MessageID: textIn(row, idName),
		At:        time.UnixMilli(numberIn(row, taken)),
		ExpiresAt: time.Unix(numberIn(row, expires), 0),
	}
	if e.MessageID == "" {
		e.Void = true
		return e
	}
	e.From = domain.From(domain.Connection{ID: textIn(row, connectionName), User: textIn(row, user)})
	if data, ok := row[dataName].(*types.AttributeValueMemberB); ok {
		e.Data = data.Value
	}
	return e
}

// seqIn reads an entry's number from its sort key.
func seqIn(row item) int64 {
	seq, _ := strconv.ParseInt(textIn(row, sortKey), 10, 64)
	return seq
}

func newClaimRow(c chat.Claim) item {
	row := claimKey(c.User, c.Key)
	row[hashName] = text(c.Sent.Hash)
	row[idName] = text(c.Sent.MessageID)
	row[expires] = number(c.ExpiresAt.Unix())
	if c.Sent.Epoch != "" {
		row[epochName], row[seqName] = text(c.Sent.Epoch), number(c.Sent.Seq)
	}
	return row
}

func sentOf(row item) chat.Sent {
	return chat.Sent{
		Hash: textIn(row, hashName), MessageID: textIn(row, idName),
		Epoch: textIn(row, epochName), Seq: numberIn(row, seqName),
	}
}
