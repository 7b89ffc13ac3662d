package chat

import (
	"cmp"
	"regexp"
	"testing"

	"wsecho/adapters/dynamodb"
	"wsecho/domain"
)

// FuzzKeysApart makes the keys of everything that a room and a sender's key may have in the table, twice: only what is
// the same has the same key, and none is reserved.
func FuzzKeysApart(f *testing.F) {
	f.Add("a", "b", "head", "r", "e", int64(1), int64(1))
	f.Add("in#user:ada", "ada", "log#r", "r#e", "0000000000000001", int64(9), int64(10))
	f.Add("once#ada", "all#0", "everyone", "e", "", int64(1<<53), int64(0))
	f.Add("room:r", "user:r", "r", "r", "r", int64(10), int64(9))
	f.Fuzz(func(t *testing.T, a, b, c, d, key string, one, other int64) {
		one, other = max(one, -one)&(1<<53-1), max(other, -other)&(1<<53-1) // As far as a client counts.
		made := map[dynamodb.Key]string{}
		for _, name := range []string{a, b, c, d} {
			for what, k := range keysOf(name, key, one) {
				if before, ok := made[k]; ok && before != what {
					t.Errorf("%s and %s have the same key %q", before, what, k)
				}
				if made[k] = what; dynamodb.Reserved(k.PK) {
					t.Errorf("the key of %s is reserved: %q", what, k)
				}
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
func keysOf(name, key string, seq int64) map[string]dynamodb.Key {
	all := map[string]dynamodb.Key{
		"key " + name + " of r":   idempotencyKey("r", name),
		"key of nameless " + name: idempotencyKey(anonymous(name), key),
	}
	if domain.ValidUser(name) {
		all["key "+key+" of "+name] = idempotencyKey(name, key)
	}
	if roomName.MatchString(name) {
		const epoch = "018d8f6e-1f2b-7000-8000-000000000001"
		all["head of "+name] = headKey(name)
		all["entry of "+name] = entryKey(name, epoch, seq)
	}
	return all
}
