package dynamodb

import (
	"cmp"
	"testing"
	"time"

	"wsecho/domain"
)

// FuzzConnectionKeys makes keys of any two connections: they stand in the order of their positions, within the bounds of
// every span that holds them, and tell which connections they are of.
func FuzzConnectionKeys(f *testing.F) {
	f.Add("L0SM9cOFvHcCIhw=", "PJqB0fHsqRcCHlw=", uint64(0), ^uint64(0))
	f.Add("a#b", "a", uint64(1<<60-1), uint64(1<<60))
	f.Add("", "$", uint64(0xa6689c75d1c97a69), uint64(0xa6689c75d1c97a69))
	f.Fuzz(func(t *testing.T, a, b string, first, last uint64) {
		span := domain.Span{First: min(first, last), Last: max(first, last)}
		for _, id := range []string{a, b} {
			at := domain.Position(id)
			if position, back := connectionKey(id).member(); position != at || back != id {
				t.Errorf("the key of %q is read as that of %q at %x", id, back, position)
			}
			for _, s := range []domain.Span{span, {First: at, Last: at}, {First: 0, Last: at}, {First: at, Last: max(at, last)}} {
				wantHeldOnce(t, id, s)
			}
		}
		byPosition := cmp.Or(cmp.Compare(domain.Position(a), domain.Position(b)), cmp.Compare(a, b))
		if got := cmp.Compare(sortKeyOf(a), sortKeyOf(b)); got != byPosition {
			t.Errorf("%q and %q compare as %d by key, as %d by position", a, b, got, byPosition)
		}
	})
}

// wantHeldOnce wants a connection to be within the bounds of one section of a span, of everyone and of a room, if it is
// within the span, and of none if it is not.
func wantHeldOnce(t *testing.T, id string, span domain.Span) {
	t.Helper()
	want := 0
	if span.Contains(domain.Position(id)) {
		want = 1
	}
	for audience, key := range map[domain.Audience]Key{domain.Everyone: connectionKey(id), "room:r": memberKey("room:r", id)} {
		held := 0
		for _, s := range sections(audience, span) {
			from, to := s.bounds()
			if at := key.SK; s.key == key.PK && from <= at && at <= to {
				held++
			}
		}
		if held != want {
			t.Errorf("%d sections of %s within %x hold %q, want %d", held, audience, span, id, want)
		}
	}
}

// FuzzKeysApart makes the keys of everything that a connection and a user may have in the table, twice: only what is the
// same has the same key, and all of them are reserved.
func FuzzKeysApart(f *testing.F) {
	f.Add("a", "b", "r", "head")
	f.Add("in#user:ada", "ada", "room:r", "all#0")
	f.Add("user:r", "r", "rate#r", "1970-01-01T00:00")
	f.Fuzz(func(t *testing.T, a, b, c, d string) {
		made := map[Key]string{}
		for _, name := range []string{a, b, c, d} {
			for what, key := range keysOf(name) {
				if before, ok := made[key]; ok && before != what {
					t.Errorf("%s and %s have the same key %q", before, what, key)
				}
				if made[key] = what; !Reserved(key.PK) {
					t.Errorf("the key of %s is not reserved: %q", what, key)
				}
			}
		}
	})
}

// keysOf are the keys of all things with a name that may have that name, by what they are.
func keysOf(name string) map[string]Key {
	all := map[string]Key{
		"connection " + name:            connectionKey(name),
		"member " + name + " of r":      memberKey("r", name),
		"member " + name + " of user:r": memberKey(domain.UserAudience("r"), name),
		"member c of " + name:           memberKey(domain.Audience(name), "c"),
	}
	if domain.ValidUser(name) {
		all["member c of "+string(domain.UserAudience(name))] = memberKey(domain.UserAudience(name), "c")
		all["count of "+name] = quotaKey(name, time.Unix(0, 0))
	}
	return all
}
