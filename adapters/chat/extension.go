// Package chat is chat's part that knows AWS: the actions of its routes, and chat.Log and chat.IdempotencyKeys in the table of
// package dynamodb. What chat does is in domain/chat; where it keeps rooms in memory, for a single machine and for tests,
// is in package chatmemory, so that no Lambda contains it. It is the example of an extension: see package extension.
package chat

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"wsecho/adapters/apigateway"
	"wsecho/adapters/dynamodb"
	"wsecho/adapters/extension"
	"wsecho/domain"
	"wsecho/domain/chat"
)

// Extension returns chat as it is registered. Its setting HISTORY_DAYS is how long rooms keep messages: a whole number of
// days, 1 or more.
func Extension() extension.Extension {
	return extension.Extension{
		Name:      "chat",
		Routes:    slices.Sorted(maps.Keys(actions)),
		Settings:  []string{"HISTORY_DAYS"},
		Audiences: []domain.AudienceKind{chat.Rooms},
		Store:     func(table dynamodb.Table) any { return Store{Table: table} },
		OnLeave: func(queue domain.Queue, newID func() string) extension.OnLeave {
			return chat.Announcer{Queue: queue, NewID: newID}.AnnounceLeave
		},
		Actions: serve,
	}
}

// store is what chat needs kept.
type store interface {
	chat.Log
	chat.IdempotencyKeys
	chat.Relays
}

// inProcess goes on with rooms in the process of whoever spoke. A Lambda does that when it is called the next time; until
// then the rooms are taken over by others.
type inProcess struct{ relay *chat.Relay }

// HandOn implements chat.HandOns.
func (p inProcess) HandOn(ctx context.Context, h chat.HandOn) error {
	go func() { _ = p.relay.Continue(context.WithoutCancel(ctx), h) }()
	return nil
}

// serve makes the actions.
func serve(core extension.Core) (map[string]apigateway.Action, error) {
	days, err := strconv.Atoi(core.Setting("HISTORY_DAYS"))
	if err != nil || days < 1 {
		return nil, fmt.Errorf("HISTORY_DAYS must be a whole number of days, 1 or more, not %q", core.Setting("HISTORY_DAYS"))
	}
	kept, ok := core.Store.(store)
	if !ok {
		return nil, errors.New("chat has no store")
	}
	relay := &chat.Relay{
		Log: kept, Relays: kept, FanOut: core.FanOut, NewID: core.NewID, HistoryDays: days, Logger: core.Logger,
	}
	relay.HandOns = inProcess{relay}
	uc := &chat.Chat{
		Relay:    relay,
		Registry: core.Registry, Memberships: core.Memberships, Log: kept, IdempotencyKeys: kept,
		FanOut: core.FanOut, Policy: core.Policy, Limit: core.Limit, NewID: core.NewID,
		HistoryDays: days,
	}
	made := map[string]apigateway.Action{}
	for route, action := range actions {
		made[route] = action(uc)
	}
	return made, nil
}
