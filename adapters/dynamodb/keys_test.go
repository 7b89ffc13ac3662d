package dynamodb

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"wsecho/domain"
)

func TestKeys(t *testing.T) {
	// The hash is the beginning of SHA-256, as "printf L0SM9cOFvHcCIhw= | sha256sum" prints it.
	const id, hash = "L0SM9cOFvHcCIhw=", "a6689c75d1c97a69"
	for want, got := range map[string]Key{
		"all#a":   connectionKey(id),
		"in#room": memberKey("room", id),
	} {
		if got.PK != want || got.SK != hash+"#"+id {
			t.Errorf("key = %s %s, want %s %s#%s", got.PK, got.SK, want, hash, id)
		}
	}
	position, back := connectionKey(id).member()
	if back != id || position != domain.Position(id) {
		t.Errorf("member = %x, %s", position, back)
	}
}

func TestSections(t *testing.T) {
	const digit = 1 << 60
	tests := []struct {
		name     string
		audience domain.Audience
		span     domain.Span
		want     []string
	}{
		{"another audience has one key", "room", domain.Ring, []string{"in#room 0000000000000000-ffffffffffffffff"}},
		{"within a key", domain.Everyone, domain.Span{First: 5, Last: 9}, []string{"all#0 0000000000000005-0000000000000009"}},
		{"one position", domain.Everyone, domain.Span{First: digit, Last: digit}, []string{"all#1 1000000000000000-1000000000000000"}},
		{"the end of the ring", domain.Everyone, domain.Span{First: math.MaxUint64, Last: math.MaxUint64},
			[]string{"all#f ffffffffffffffff-ffffffffffffffff"}},
		{"across a border", domain.Everyone, domain.Span{First: digit - 1, Last: digit},
			[]string{"all#0 0fffffffffffffff-0fffffffffffffff", "all#1 1000000000000000-1000000000000000"}},
		{"across several", domain.Everyone, domain.Span{First: 0xd << 60, Last: math.MaxUint64},
			[]string{"all#d d000000000000000-dfffffffffffffff", "all#e e000000000000000-efffffffffffffff",
				"all#f f000000000000000-ffffffffffffffff"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, s := range sections(test.audience, test.span) {
				got = append(got, fmt.Sprintf("%s %016x-%016x", s.key, s.span.First, s.span.Last))
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("sections = %v, want %v", got, test.want)
			}
		})
	}
	if n := len(sections(domain.Everyone, domain.Ring)); n != 16 {
		t.Errorf("the ring has %d sections", n)
	}
}

// TestBoundsHoldThePositionsOfTheSpan compares the two ways to ask whether a member lies within a span: by number,
// and by sort key as DynamoDB does it.
func TestBoundsHoldThePositionsOfTheSpan(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 1000 {
		id := fmt.Sprint(random.Uint64())
		at := domain.Position(id)
		span := domain.Span{First: at - min(at, random.Uint64()>>random.UintN(64)), Last: random.Uint64()}
		switch random.IntN(3) {
		case 0:
			span.First = at
		case 1:
			span.Last = at
		}
		if span.First > span.Last {
			continue
		}
		held := 0
		for _, s := range sections(domain.Everyone, span) {
			from, to := s.bounds()
			if key := sortKeyOf(id); s.key == everyoneKey(at) && from <= key && key <= to {
				held++
			}
		}
		want := 0
		if span.Contains(at) {
			want = 1
		}
		if held != want {
			t.Errorf("%x in %x: %d sections hold it, want %d", at, span, held, want)
		}
	}
}

func TestAhead(t *testing.T) {
	tests := []struct {
		name          string
		seen          int
		keys          float64
		missing, left int
		want          int
	}{
		{"nothing was read yet: one", 0, 0, 100, 16, 1},
		{"an empty key: all that is left", 0, 1, 100, 15, 15},
		{"a small table: all that is left", 3, 1, 97, 15, 15},
		{"a large table: the next one", 20, 0.04, 80, 9, 1},
		{"an empty bit of a key says little: the next one", 0, 0.002, 100, 9, 1},
		{"in between: as many as it takes", 39, 1, 100, 15, 3},
		{"no more than are left", 39, 1, 100, 2, 2},
	}
	for _, test := range tests {
		if got := ahead(test.seen, test.keys, test.missing, test.left); got != test.want {
			t.Errorf("%s: %d, want %d", test.name, got, test.want)
		}
	}
}
