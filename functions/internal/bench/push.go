package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
)

// isPush tells whether a message has lines of a room: one, of type message, or as many as it has, of type messages.
func isPush(text []byte) bool { return bytes.HasPrefix(text, []byte(`{"type":"message`)) }

// epochOf is the epoch of a push. A client never says one, so the first one is the log's.
func epochOf(text []byte) []byte {
	_, after, _ := bytes.Cut(text, []byte(`"epoch":"`))
	epoch, _, _ := bytes.Cut(after, []byte(`"`))
	return epoch
}

// entriesOf yields the entries of a push: the number in the room's log, and the line's own number in this benchmark, -1
// if it has none. It only looks for the two, since decoding would take more of the processor than the rest of a
// client does.
func entriesOf(text []byte) iter.Seq2[int64, int] {
	return func(yield func(int64, int) bool) {
		_, rest, ok := bytes.Cut(text, []byte(`"seq":`))
		for ok {
			var entry []byte
			entry, rest, ok = bytes.Cut(rest, []byte(`"seq":`))
			line := -1
			if _, after, found := bytes.Cut(entry, []byte(`"line":`)); found {
				line = int(leading(after))
			}
			if !yield(leading(entry), line) {
				return
			}
		}
	}
}

// leading is the number that a text begins with.
func leading(text []byte) (n int64) {
	for _, digit := range text {
		if digit < '0' || digit > '9' {
			break
		}
		n = 10*n + int64(digit-'0')
	}
	return n
}

// reply is a message that is no push of lines.
type reply struct {
	Type, ID, Epoch string
	Seq             int64
	Data            struct{ Number int } // Of what herald sends.
}

// failed tells whether it is an error, of the service or, without a type, of the gateway.
func (r reply) failed() bool { return r.Type == "error" || r.Type == "" }

func parseReply(text []byte) (r reply, err error) {
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("received %q: %w", text, err)
	}
	return r, nil
}
