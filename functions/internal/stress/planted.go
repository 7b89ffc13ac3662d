package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// plant is a bug that the program is built with, the act that has to find it, over which store, and what that says then.
type plant struct {
	name  string
	edits []edit

	act, store, finds string
}

// plants are one bug of each class.
var plants = []plant{
	{
		name: "reap", edits: []edit{{"domain/reap.go", "reapAge = 30 * time.Second", "reapAge = 0 * time.Second"}},
		act: "connecting", store: "memory", finds: "has an open connection that the registry lost",
	},
	{
		name: "join", edits: []edit{{"adapters/dynamodb/memberships.go",
			"change(c.ID, a, \"ADD #aud :set, #v :1\", enterCondition(max))\n",
			"change(c.ID, a, \"ADD #aud :set, #v :1\", enterCondition(max))\n	list.If = \"NOT contains(#aud, :a)\"\n"},
			{"adapters/dynamodb/memberships.go", "	list.Values[\":max\"] = max\n", ""}},
		act: "hangups", store: "dynamodb", finds: "ghosts",
	},
	{
		name: "ack", edits: []edit{{"domain/chat/say.go", "		stored, err := c.write(ctx, room, head, message, key)\n",
			`		message.Epoch, message.Seq, message.At = head.Epoch, head.Seq, head.At
		go c.write(ctx, room, head, message, key)
		stored := message
`}},
		act: "storm", store: "dynamodb", finds: "was acknowledged as",
	},
	{
		name: "history", edits: []edit{{"domain/chat/history.go", "min(position-1, r.head.Seq)", "min(position-2, r.head.Seq)"}},
		act: "storm", store: "memory", finds: "read backwards",
	},
	{
		name: "retry", edits: []edit{{"domain/handback.go", "	*back = append(*back, d)\n", ""}},
		act: "throttled", store: "memory", finds: "was never sent",
	},
	{
		name: "relay", edits: []edit{{"adapters/chat/relays.go", "#owner = :owner AND #seq = :relayed", "#owner = :owner"}},
		act: "quiet", store: "dynamodb", finds: "not pushed to who only listens",
	},
}

func plantNames() (all []string) {
	for _, p := range plants {
		all = append(all, p.name)
	}
	return all
}

// tryPlanted plants each bug, some at the same time, and wants its act to find it.
func (w *workshop) tryPlanted(ctx context.Context, o options) error {
	errs := make([]error, len(plants))
	atOnce(len(plants), 3, func(i int) { errs[i] = w.tryOne(ctx, o, plants[i]) })
	return errors.Join(errs...)
}

func (w *workshop) tryOne(ctx context.Context, o options, p plant) error {
	began := time.Now()
	o.plant = p
	o.focus()
	switch err := w.tryAll(ctx, o); {
	case err == nil:
		return fmt.Errorf("the bug %s was planted, and not found by act %s over %s", p.name, p.act, p.store)
	case !strings.Contains(err.Error(), p.finds):
		return fmt.Errorf("the bug %s was planted, and not found as %q: %w", p.name, p.finds, err)
	}
	fmt.Fprintf(w.out, "planted %s: found by act %s over %s, after %.0f s, as %q\n", p.name, p.act, p.store, time.Since(began).Seconds(), p.finds)
	return nil
}
