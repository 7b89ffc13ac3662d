package chat

import (
	"fmt"
	"strconv"

	"wsecho/adapters/dynamodb"
)

// The keys of chat's rows.
//
//	what              pk                      sk
//	head of a room    head#<room>             head
//	entry of a log    log#<room>#<epoch>      <number, 16 digits>
//	key of a sender   once#<user>             <key>
//
// A room's name has no #, so no two rooms share a key.
func headKey(room string) dynamodb.Key { return dynamodb.Key{PK: "head#" + room, SK: "head"} }

func entryKey(room, epoch string, seq int64) dynamodb.Key {
	return dynamodb.Key{PK: logKey(room, epoch), SK: seqKey(seq)}
}

func logKey(room, epoch string) string { return "log#" + room + "#" + epoch }

// seqKey is the sort key of an entry. Sixteen digits are as many as a client's JavaScript counts exactly.
func seqKey(seq int64) string { return fmt.Sprintf("%016d", seq) }

// seqOf is the opposite of seqKey.
func seqOf(key dynamodb.Key) int64 {
	seq, _ := strconv.ParseInt(key.SK, 10, 64)
	return seq
}

func idempotencyKey(user, key string) dynamodb.Key { return dynamodb.Key{PK: "once#" + user, SK: key} }
