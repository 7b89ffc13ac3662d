package domain_test

import (
	"encoding/json"
	"math"
	"testing"

	"wsecho/domain"
)

func TestSplitCoversExactly(t *testing.T) {
	spans := []domain.Span{
		domain.Ring, {First: 0, Last: 0}, {First: 5, Last: 6}, {First: 10, Last: 19}, {First: 7, Last: 1006},
		{First: math.MaxUint64 - 99, Last: math.MaxUint64}, {First: 1, Last: math.MaxUint64}, {First: 0, Last: math.MaxUint64 - 1},
	}
	for _, span := range spans {
		for _, n := range []int{1, 2, 3, 6, 7, 16, 99, 100} {
			wantCovered(t, span, n)
		}
	}
}

// wantCovered expects n neighbours of equal width, or one for each position if there are fewer.
func wantCovered(t *testing.T, span domain.Span, n int) {
	t.Helper()
	children := span.Split(n)
	want := n
	if last := span.Last - span.First; last < uint64(n) {
		want = min(n, int(last)+1)
	}
	first, least, most := span.First, uint64(math.MaxUint64), uint64(0)
	for _, child := range children {
		if child.First != first || child.Last < child.First {
			t.Fatalf("%v.Split(%d): %v begins at the wrong place or ends before it", span, n, child)
		}
		least, most = min(least, child.Last-child.First), max(most, child.Last-child.First)
		first = child.Last + 1
	}
	if len(children) != want || first-1 != span.Last || most-least > 1 {
		t.Errorf("%v.Split(%d) gives %d children up to %x, %x to %x wide", span, n, len(children), first-1, least, most)
	}
}

func TestSpanAfter(t *testing.T) {
	span := domain.Span{First: 10, Last: 20}
	if rest, ok := span.After(19); !ok || rest != (domain.Span{First: 20, Last: 20}) {
		t.Errorf("After(19) = %v, %v", rest, ok)
	}
	if rest, ok := domain.Ring.After(math.MaxUint64); ok {
		t.Errorf("After the end = %v", rest)
	}
}

func TestSpanAsText(t *testing.T) {
	want := domain.Span{First: 0xab, Last: math.MaxUint64}
	text, err := json.Marshal(want)
	if err != nil || string(text) != `"00000000000000ab-ffffffffffffffff"` {
		t.Errorf("Marshal = %s, %v", text, err)
	}
	var got domain.Span
	if err := json.Unmarshal(text, &got); err != nil || got != want {
		t.Errorf("Unmarshal = %v, %v", got, err)
	}
	single := domain.Span{First: 7, Last: 7}
	if text, err := single.MarshalText(); err != nil || got.UnmarshalText(text) != nil || got != single {
		t.Errorf("a single position: %v, %v", got, err)
	}
	want = single
	for _, wrong := range []string{
		"", "ab", "00000000000000ab-", "ab-ff", "00000000000000ac-00000000000000ab", string(text[1:34]) + "0",
		"00000000000000ab_ffffffffffffffff", "+0000000000000ab-ffffffffffffffff",
	} {
		if err := got.UnmarshalText([]byte(wrong)); err == nil || got != want {
			t.Errorf("UnmarshalText(%q) = %v, %v", wrong, got, err)
		}
	}
}
