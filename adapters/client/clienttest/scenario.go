// Package clienttest is a service that plays scenarios to clients, over real WebSockets: it wants certain requests, and
// answers, pushes, drops and closes as is written. The scenarios are in scenarios.json, so that clients in every language
// can be held to the same table; testdata/serve plays them to those that are not written in Go.
package clienttest

import (
	_ "embed"
	"encoding/json"
	"testing"
)

// Scenario is a conversation of one client with the service, and what the client's user must see of it.
type Scenario struct {
	Name string
	// User is the name that the client claims; empty is an anonymous client.
	User string
	// Client is what the client's user does, one after the other.
	Client []Deed
	// Service are the requests that the service waits for, one after the other, and what it does then. Requests for hello,
	// ping and echo it answers by itself unless they are what it waits for; any other one is an error.
	Service []Step
	// Sees are the messages that the client's user sees, in this order and no others.
	Sees []Seen
}

// Deed is something that a client's user does, and waits for.
type Deed struct {
	// Do is "join", "say" or "await", which waits for as many messages as Count, and for so many Steps of the service.
	Do    string
	Room  string
	Data  any
	Count int
	Steps int `json:"service"`
	// Seq is the number that a say gets, and Fails the code of the error that a join or say gets instead.
	Seq   int64
	Fails string
}

// Step is a request that comes and what the service does then.
type Step struct {
	// Want are fields of the request. A text that begins with $ stands for whatever comes at its first occurrence, and for
	// the same at all others.
	Want map[string]any
	// Lacks are fields that the request must not have.
	Lacks []string
	// On is the number of the connection, from 1 on, on which the request must come; 0 is any.
	On int
	// First are pushes before the answer, Reply is the answer, which gets the request's id; nil is none. Push follows it.
	// The messages in them get a messageId, a sender and a time if they have none.
	First []map[string]any
	Reply map[string]any
	Push  []map[string]any
	// Heads are what a ping is answered from now on; without them it is what the room's frames had.
	Heads map[string]Head
	// Then is "drop", which ends the connection as a network does, or "close", which sends a close frame; empty is neither.
	Then string
}

// Head is the head of a room's log.
type Head struct {
	Epoch string `json:"epoch"`
	Seq   int64  `json:"seq"`
}

// Seen is a message as a client's user sees it.
type Seen struct {
	Epoch string `json:"epoch,omitempty"`
	Seq   int64  `json:"seq"`
	Data  any    `json:"data"`
	Own   bool   `json:"own,omitempty"`
	Cut   bool   `json:"cut,omitempty"`
}

//go:embed scenarios.json
var scenarios []byte

// Scenarios are those of the table.
func Scenarios() (all []Scenario, err error) {
	err = json.Unmarshal(scenarios, &all)
	return all, err
}

// Load returns the table for a test.
func Load(t testing.TB) []Scenario {
	t.Helper()
	all, err := Scenarios()
	if err != nil {
		t.Fatal(err)
	}
	return all
}
