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
	// Departed is told of each audience that a closed connection was a member of, at once when that membership is
	// deleted. If two closers race or one dies, an audience is told once, except that a deletion whose outcome is
	// unknown is told as well. Nil is nobody to tell. Its error does not stop the closing.
	Departed func(ctx context.Context, c Connection, a Audience) error
}

// Close deletes all that the registry has of a connection; one that is unknown is no error.
//
// The connection's own row lists its memberships and is deleted last, on condition that no membership was added
// meanwhile. So a closer that dies leaves the list of what remains to be done to the next one.
func (uc Closer) Close(ctx context.Context, id string) error {
	for {
		c, err := uc.Registry.Get(ctx, id)
		if errors.Is(err, ErrNotConnected) {
			return nil
		}
		if err != nil {
			return err
		}
		told, err := uc.evict(ctx, c)
		if err == nil {
			err = uc.Registry.Remove(ctx, c)
		}
		if errors.Is(err, ErrChanged) {
			continue
		}
		return errors.Join(err, told)
	}
}

// evict deletes the memberships of c. The first error is one of telling, the second one of deleting.
func (uc Closer) evict(ctx context.Context, c Connection) (told, err error) {
	for _, a := range c.Audiences {
		left, err := uc.Memberships.Evict(ctx, c.ID, a)
		// Even after an error: the next closer would not find the row, and tell nobody.
		if left && uc.Departed != nil {
			told = errors.Join(told, uc.Departed(ctx, c, a))
		}
		if err != nil {
			return told, err
		}
	}
	if c.User != "" {
		_, err = uc.Memberships.Evict(ctx, c.ID, UserAudience(c.User))
	}
	return told, err
}

// Reap closes a connection that was found gone as a member of an audience. Beyond Close it removes a row of that
// audience which no connection lists: that of a client whose connecting broke off half-way.
func (uc Closer) Reap(ctx context.Context, id string, a Audience) error {
	if err := uc.Close(ctx, id); err != nil || a == Everyone {
		return err
	}
	_, err := uc.Memberships.Evict(ctx, id, a)
	return err
}
