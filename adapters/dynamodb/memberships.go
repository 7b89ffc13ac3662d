package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"wsecho/domain"
)

var _ domain.Memberships = Memberships{}

// Memberships keeps who entered which audience. It is safe for concurrent use; its Table is required.
//
// Entering and leaving are transactions over the connection's row, which lists the audience, and the member's row: four
// write units, more if the connection's row exceeds a kilobyte.
type Memberships struct{ Table Table }

// Enter implements domain.Memberships.
func (m Memberships) Enter(ctx context.Context, c domain.Connection, a domain.Audience, max int) (created bool, err error) {
	list := change(c.ID, a, "ADD #aud :set, #v :1", enterCondition(max))
	list.Values[":max"] = max
	failures, unsure, err := m.Table.Transact(ctx, list, Put{Row: newRow(memberKey(a, c.ID), c)})
	switch {
	case err == nil:
		return true, nil
	case !errors.Is(err, ErrCondition):
		return unsure, fmt.Errorf("entering an audience: %w", err)
	case len(failures[0].Old) == 0:
		return unsure, domain.ErrNotConnected
	case slices.Contains(Read[connectionRow](ctx, m.Table, failures[0].Old).Audiences, a):
		return unsure, nil
	}
	return unsure, domain.ErrLimit
}

// enterCondition holds if the connection is in fewer than max audiences, and not in :a. A set that is empty is absent,
// and what is absent has no size that would be less than anything.
func enterCondition(max int) string {
	room := "size(#aud) < :max"
	if max > 0 {
		room = "(attribute_not_exists(#aud) OR " + room + ")"
	}
	return "NOT contains(#aud, :a) AND " + room
}

// Leave implements domain.Memberships.
func (m Memberships) Leave(ctx context.Context, id string, a domain.Audience) (left bool, err error) {
	unlist := change(id, a, "DELETE #aud :set ADD #v :1", "contains(#aud, :a)")
	failures, unsure, err := m.Table.Transact(ctx, unlist, Delete{Key: memberKey(a, id), If: "attribute_exists(#pk)"})
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, ErrCondition) && failures[0].Condition:
		return unsure, nil
	case errors.Is(err, ErrCondition):
		// Somebody who was closing the connection evicted it: the audience is still to be taken off its list.
		_, _, err = m.Table.Update(ctx, unlist)
	}
	if err != nil && !errors.Is(err, ErrCondition) {
		return unsure, fmt.Errorf("leaving an audience: %w", err)
	}
	return unsure, nil
}

// Evict implements domain.Memberships with one write unit.
func (m Memberships) Evict(ctx context.Context, id string, a domain.Audience) error {
	if _, _, err := m.Table.Delete(ctx, Delete{Key: memberKey(a, id)}); err != nil {
		return fmt.Errorf("deleting a member: %w", err)
	}
	return nil
}

// change is a change of the audiences that a connection's row lists, on a condition. It never creates the row. The
// values :a, the audience, and :set, the set of it alone, are there for the expressions.
func change(id string, a domain.Audience, do, condition string) Update {
	return Update{
		Key:    connectionKey(id),
		Do:     do,
		If:     "attribute_exists(#pk) AND " + condition,
		Values: Values{":a": a, ":1": 1, ":set": set{string(a)}},
	}
}

// set is a set of strings among Values. It is not empty.
type set []string

// MarshalDynamoDBAttributeValue implements attributevalue.Marshaler.
func (s set) MarshalDynamoDBAttributeValue() (types.AttributeValue, error) {
	return &types.AttributeValueMemberSS{Value: s}, nil
}
