// Package dice is the part of dice that knows API Gateway.
package dice

import (
	"context"
	"fmt"
	"strconv"

	"wsecho/adapters/apigateway"
	"wsecho/adapters/extension"
	"wsecho/domain"
	"wsecho/domain/dice"
)

// Extension returns dice as it is registered. Its setting DICE_SIDES is 6 by default.
func Extension() extension.Extension {
	return extension.Extension{
		Name: "dice", Routes: []string{"roll", "sit"}, Settings: []string{"DICE_SIDES"},
		Audiences: []domain.AudienceKind{dice.Tables}, OnLeave: onLeave, Actions: actions,
	}
}

func onLeave(queue domain.Queue, newID func() string) extension.OnLeave {
	return func(ctx context.Context, c domain.Connection, a domain.Audience) error {
		if _, ok := dice.Tables.NameOf(a); !ok {
			return nil
		}
		stood, err := dice.Stood(newID(), c, a)
		if err != nil {
			return err
		}
		return queue.Enqueue(ctx, stood)
	}
}

func actions(core extension.Core) (map[string]apigateway.Action, error) {
	uc := dice.Dice{
		Registry: core.Registry, Memberships: core.Memberships, FanOut: core.FanOut, Limit: core.Limit, NewID: core.NewID, Sides: 6,
	}
	if text := core.Setting("DICE_SIDES"); text != "" {
		var err error
		if uc.Sides, err = strconv.Atoi(text); err != nil || uc.Sides < 2 {
			return nil, fmt.Errorf("DICE_SIDES must be a whole number, 2 or more, not %q", text)
		}
	}
	return map[string]apigateway.Action{
		"sit": func(ctx context.Context, r apigateway.Request) (apigateway.Reply, error) {
			table, err := r.RequiredString("table")
			if err != nil {
				return apigateway.Reply{}, err
			}
			return apigateway.Reply{Type: "ack", Body: struct{}{}}, uc.Sit(ctx, r.Caller, table)
		},
		"roll": func(ctx context.Context, r apigateway.Request) (apigateway.Reply, error) {
			rolled, err := uc.Roll(ctx, r.Caller)
			return apigateway.Reply{Type: "ack", Body: rolled}, err
		},
	}, nil
}
