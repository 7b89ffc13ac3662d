// Package dice is a small extension, which only tests build: people sit down at a table and roll dice that all see.
package dice

import (
	"context"
	"errors"
	"math/rand/v2"
	"regexp"
	"slices"
	"time"

	"wsecho/domain"
)

// maxAudiences is in how many audiences a connection is at most, those of other extensions included.
const maxAudiences = 21

var tableName = regexp.MustCompile(`^[a-z]{1,32}$`)

// Tables are the audiences of those who sit at tables.
var Tables = domain.AudienceKind{Prefix: "table:", Valid: tableName.MatchString}

// Dice has the use cases. All its fields are required.
type Dice struct {
	Registry    domain.Registry
	Memberships domain.Memberships
	FanOut      *domain.FanOut
	Limit       domain.RateLimit
	NewID       func() string
	Sides       int
}

// Rolled is what everybody at the table sees.
type Rolled struct {
	Table string        `json:"table"`
	From  domain.Origin `json:"from"`
	Value int           `json:"value"`
}

// Sit makes the caller one of a table. The refusals are bad_request and, for who sits at another one, limit_exceeded.
func (d Dice) Sit(ctx context.Context, from domain.Caller, table string) error {
	if !Tables.Valid(table) {
		return &domain.Error{Code: domain.BadRequest, Message: "a table has 1 to 32 small letters"}
	}
	connection, err := d.Registry.Get(ctx, from.ID)
	if err != nil {
		return err
	}
	at := seat(connection)
	if at < 0 {
		_, err = d.Memberships.Enter(ctx, from.Connection, Tables.Of(table), maxAudiences)
	}
	if errors.Is(err, domain.ErrLimit) || at >= 0 && connection.Audiences[at] != Tables.Of(table) {
		return &domain.Error{Code: domain.LimitExceeded, Message: "sit at one table only"}
	}
	return err
}

// seat is which of a connection's audiences is that of a table; negative if none is.
func seat(c domain.Connection) int {
	return slices.IndexFunc(c.Audiences, func(a domain.Audience) bool { _, ok := Tables.NameOf(a); return ok })
}

// Roll rolls a die at the caller's table. The refusals are not_a_member and rate_limited.
func (d Dice) Roll(ctx context.Context, from domain.Caller) (Rolled, error) {
	connection, err := d.Registry.Get(ctx, from.ID)
	if err != nil {
		return Rolled{}, err
	}
	at := seat(connection)
	if at < 0 {
		return Rolled{}, &domain.Error{Code: domain.NotAMember, Message: "sit down at a table first"}
	}
	if err := d.Limit.Apart("rolls", 1).Spend(ctx, from); err != nil {
		return Rolled{}, err
	}
	table, _ := Tables.NameOf(connection.Audiences[at])
	rolled := Rolled{table, domain.From(connection), 1 + rand.IntN(d.Sides)}
	message, err := domain.EncodeMessage("rolled", "", rolled)
	if err != nil {
		return Rolled{}, err
	}
	push := domain.NewDelivery(d.NewID(), message, connection.Audiences[at])
	push.Except = []string{from.ID}
	_, err = d.FanOut.Deliver(ctx, push, time.Now().Add(domain.InlineShare))
	return rolled, err
}

// Stood is the delivery that tells a table who left it.
func Stood(id string, who domain.Connection, a domain.Audience) (domain.Delivery, error) {
	table, _ := Tables.NameOf(a)
	message, err := domain.EncodeMessage("stood", "", struct {
		Table string        `json:"table"`
		From  domain.Origin `json:"from"`
	}{table, domain.From(who)})
	return domain.NewDelivery(id, message, a), err
}
