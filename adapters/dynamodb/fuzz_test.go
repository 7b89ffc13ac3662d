package dynamodb

import (
	"cmp"
	"regexp"
	"testing"
	"time"

	"wsecho/domain"
	"wsecho/domain/chat"
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
	want := map[bool]int{true: 1}[span.Contains(domain.Position(id))]
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

// FuzzKeysApart makes the keys of everything that a connection, a user, a room and a sender's key may have in the
// table, twice: only what is the same has the same key.
func FuzzKeysApart(f *testing.F) {
	f.Add("a", "b", "head", "r", "e", int64(1), int64(1))
	f.Add("in#user:ada", "ada", "log#r", "r#e", "0000000000000001", int64(9), int64(10))
	f.Add("once#ada", "all#0", "everyone", "e", "", int64(1<<53), int64(0))
	f.Add("room:r", "user:r", "r", "r", "r", int64(10), int64(9))
	f.Fuzz(func(t *testing.T, a, b, c, d, key string, one, other int64) {
		one, other = max(one, -one)&(1<<53-1), max(other, -other)&(1<<53-1) // As far as a client counts.
		made := map[Key]string{}
		for _, name := range []string{a, b, c, d} {
			for what, k := range keysOf(name, key, one) {
				if before, ok := made[k]; ok && before != what {
					t.Errorf("%s and %s have the same key %q", before, what, k)
				}
				made[k] = what
			}
		}
		if got := cmp.Compare(seqKey(one), seqKey(other)); got != cmp.Compare(one, other) {
			t.Errorf("%d and %d compare as %d by key", one, other, got)
		}
		if back := seqOf(entryKey("r", "e", one)); back != one {
			t.Errorf("the key of %d is read as that of %d", one, back)
		}
	})
}

var roomName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$`)

// keysOf are the keys of all things with a name that may have that name, by what they are.
func keysOf(name, key string, seq int64) map[string]Key {
	all := map[string]Key{
		"connection " + name:            connectionKey(name),
		"member " + name + " of room r": memberKey(chat.Audience("r"), name),
		"member " + name + " of user r": memberKey(domain.UserAudience("r"), name),
		"key " + name + " of r":         claimKey("r", name),
		"key of nameless " + name:       claimKey(anonymous(name), key),
	}
	if domain.ValidUser(name) {
		all["member c of user "+name] = memberKey(domain.UserAudience(name), "c")
		all["key "+key+" of "+name] = claimKey(name, key)
		all["count of "+name] = tallyKey(name, time.Unix(0, 0))
	}
	if roomName.MatchString(name) {
		const epoch = "018d8f6e-1f2b-7000-8000-000000000001"
		all["member c of room "+name] = memberKey(chat.Audience(name), "c")
		all["head of "+name] = headKey(name)
		all["entry of "+name] = entryKey(name, epoch, seq)
	}
	return all
}
