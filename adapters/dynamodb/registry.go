package dynamodb

import (
	"context"
	"errors"
	"fmt"

	"wsecho/domain"
)

var _ domain.Registry = Registry{}

// Registry keeps the connections. It is safe for concurrent use; its Table is required.
type Registry struct{ Table Table }

// Connect implements domain.Registry with one write unit, or two if the connection has a user.
//
// The row in the user's audience comes first: if writing breaks off, nobody is connected, and the row that is left
// over is deleted by domain.Connector, or by whoever posts to it and finds the connection gone.
func (r Registry) Connect(ctx context.Context, c domain.Connection) error {
	if c.User != "" {
		if _, _, err := r.Table.Put(ctx, Put{Row: newRow(memberKey(domain.UserAudience(c.User), c.ID), c)}); err != nil {
			return fmt.Errorf("storing the user of a connection: %w", err)
		}
	}
	// Without the condition, a repetition that is late would make the row forget what was entered meanwhile.
	_, _, err := r.Table.Put(ctx, Put{Row: newRow(connectionKey(c.ID), c), If: "attribute_not_exists(#pk)"})
	if err != nil && !errors.Is(err, ErrCondition) {
		return fmt.Errorf("storing a connection: %w", err)
	}
	return nil
}

// Get implements domain.Registry with a consistent read.
func (r Registry) Get(ctx context.Context, id string) (domain.Connection, error) {
	row, err := r.Table.Get(ctx, connectionKey(id))
	if err != nil {
		return domain.Connection{}, fmt.Errorf("reading a connection: %w", err)
	}
	if len(row) == 0 {
		return domain.Connection{}, domain.ErrNotConnected
	}
	return Read[connectionRow](ctx, r.Table, row).connection(), nil
}

// Remove implements domain.Registry with one write unit. A row that is gone meets the condition, so a repetition after
// a lost reply succeeds.
func (r Registry) Remove(ctx context.Context, c domain.Connection) error {
	d := Delete{Key: connectionKey(c.ID), If: "attribute_not_exists(#v)"}
	if c.Version != 0 {
		d.If, d.Values = "attribute_not_exists(#pk) OR #v = :v", Values{":v": c.Version}
	}
	_, _, err := r.Table.Delete(ctx, d)
	if errors.Is(err, ErrCondition) {
		return domain.ErrChanged
	}
	if err != nil {
		return fmt.Errorf("deleting a connection: %w", err)
	}
	return nil
}
