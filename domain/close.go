package domain

import (
	"context"
	"errors"
)

// Closer is the use case of a connection that has ended. It serves $disconnect as well as whoever finds a
// connection gone, any number of times and at the same time.
type Closer struct {
	Registry    Registry
	Memberships Memberships
	// OnLeave is told of each audience that a closed connection was a member of, at least once, and before that
	// membership is deleted. If it returns an error, that membership stays until somebody closes the connection
	// again. Nil is nobody to tell.
	OnLeave func(ctx context.Context, c Connection, a Audience) error
}

// Close deletes all that the registry has of a connection; one that is unknown is no error. After an error, which may
// be several ones joined, the connection is still there, with the memberships that could not be told or deleted.
//
// The connection's own row lists its memberships and is deleted last, on condition that no membership was added
// meanwhile. So a closer that dies or fails leaves the list of what remains to be done to the next one: a second
// $disconnect, or whoever posts to the connection and finds it gone. API Gateway repeats no $disconnect, so without
// such a one the rows end with their time, and nobody is told.
func (uc Closer) Close(ctx context.Context, id string) error {
	for {
		c, err := uc.Registry.Get(ctx, id)
		if errors.Is(err, ErrNotConnected) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := uc.endMemberships(ctx, c); err != nil {
			return err
		}
		if err := uc.Registry.Remove(ctx, c); !errors.Is(err, ErrChanged) {
			return err
		}
	}
}

// endMemberships ends all memberships of c that it can.
func (uc Closer) endMemberships(ctx context.Context, c Connection) error {
	var errs []error
	for _, a := range c.Audiences {
		errs = append(errs, uc.endMembership(ctx, c, a))
	}
	if c.User != "" {
		errs = append(errs, uc.Memberships.Evict(ctx, c.ID, UserAudience(c.User)))
	}
	return errors.Join(errs...)
}

// endMembership tells before it deletes: in the other order, a closer that dies in between takes the news along.
func (uc Closer) endMembership(ctx context.Context, c Connection, a Audience) error {
	if uc.OnLeave != nil {
		if err := uc.OnLeave(ctx, c, a); err != nil {
			return err
		}
	}
	return uc.Memberships.Evict(ctx, c.ID, a)
}

// Reap closes a connection that was found gone as a member of an audience. Beyond Close it removes a row of that
// audience which no connection lists: that of a client whose connecting broke off half-way.
func (uc Closer) Reap(ctx context.Context, id string, a Audience) error {
	if err := uc.Close(ctx, id); err != nil || a == Everyone {
		return err
	}
	return uc.Memberships.Evict(ctx, id, a)
}
