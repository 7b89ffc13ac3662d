package interleavings

import (
	"context"
	"fmt"

	"wsecho/domain"
)

// refusal is the answer to a transaction whose conditions did not hold: those of which rows, and the connection's row.
type refusal struct {
	unlisted, noMember bool
	stored             connection
	connected          bool
}

// Enter implements domain.Memberships with one transaction.
func (s store) Enter(_ context.Context, c domain.Connection, a domain.Audience, max int) (bool, error) {
	at, row := connectionKey(c.ID), memberKey(a, c.ID)
	got, unsure, err := s.transact(fmt.Sprintf("enters %s into %s", c.ID, a), func(w world) (world, answer) {
		stored, there := w.get(at).(connection)
		if !there || stored.lists(a) || len(stored.listed()) >= max {
			return w, answerOf(refusal{stored: stored, connected: there}, false)
		}
		return w.with(at, stored.changed(a, true)).with(row, memberOf(c)), answerOf(nil, true)
	})
	why, failed := got.value.(refusal)
	switch {
	case err != nil:
		return unsure, err
	case !failed:
		return true, nil
	case !why.connected:
		return unsure, domain.ErrNotConnected
	case why.stored.lists(a):
		return unsure, nil
	}
	return unsure, domain.ErrLimit
}

// Leave implements domain.Memberships with one transaction, and where the member's row was evicted with an update.
func (s store) Leave(_ context.Context, id string, a domain.Audience) (bool, error) {
	at, row := connectionKey(id), memberKey(a, id)
	got, unsure, err := s.transact(fmt.Sprintf("takes %s out of %s", id, a), func(w world) (world, answer) {
		stored, _ := w.get(at).(connection)
		why := refusal{unlisted: !stored.lists(a), noMember: !w.has(row)}
		if why != (refusal{}) {
			return w, answerOf(why, false)
		}
		return w.with(at, stored.changed(a, false)).without(row), answerOf(nil, true)
	})
	why, failed := got.value.(refusal)
	switch {
	case err != nil:
		return unsure, err
	case !failed || why.unlisted:
		return !failed || unsure, nil
	}
	_, _, err = s.attempt(fmt.Sprintf("takes %s off the list of %s", a, id), func(w world) (world, answer) {
		stored, _ := w.get(at).(connection)
		if !stored.lists(a) {
			return w, answerOf(nil, false)
		}
		return w.with(at, stored.changed(a, false)), answerOf(nil, true)
	})
	return unsure, err
}

// Evict implements domain.Memberships with one delete.
func (s store) Evict(_ context.Context, id string, a domain.Audience) error {
	row := memberKey(a, id)
	_, _, err := s.attempt(fmt.Sprintf("evicts %s from %s", id, a), func(w world) (world, answer) {
		return w.without(row), answerOf(nil, w.has(row))
	})
	return err
}
