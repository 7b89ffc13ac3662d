package domain

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
)

// Position is where a connection stands on the ring of 64-bit hashes. Hashes spread evenly whatever the ids look
// like, so a span of positions holds its share of any large audience.
func Position(connectionID string) uint64 {
	sum := sha256.Sum256([]byte(connectionID))
	return binary.BigEndian.Uint64(sum[:8])
}

// Span is a range of positions, both ends included.
type Span struct{ First, Last uint64 }

// Ring is the span of all positions.
var Ring = Span{First: 0, Last: math.MaxUint64}

// Contains tells whether a position lies within the span.
func (s Span) Contains(position uint64) bool { return s.First <= position && position <= s.Last }

// After is what the span holds beyond a position within it; ok is false if that is nothing.
func (s Span) After(position uint64) (rest Span, ok bool) {
	if position >= s.Last {
		return Span{}, false
	}
	return Span{First: position + 1, Last: s.Last}, true
}

// Split cuts the span into n neighbouring spans of equal width, or into fewer if it has fewer positions.
func (s Span) Split(n int) []Span {
	last := s.Last - s.First // The width less one: the whole ring's width does not fit 64 bits.
	if last < uint64(n) {
		n = int(last) + 1
	}
	children := make([]Span, 0, n)
	step := last/uint64(n) + 1
	first := s.First
	for range n - 1 {
		if first+step-1 >= s.Last || first+step < first {
			break
		}
		children = append(children, Span{First: first, Last: first + step - 1})
		first += step
	}
	return append(children, Span{First: first, Last: s.Last})
}

// share tells which part of the span lies at or before a position within it, from 0 (nothing) to 1 (all).
func (s Span) share(position uint64) float64 {
	return (float64(position-s.First) + 1) / (float64(s.Last-s.First) + 1)
}

// MarshalText writes the span as two hexadecimal numbers.
func (s Span) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "%016x-%016x", s.First, s.Last), nil
}

// UnmarshalText reads what MarshalText wrote.
func (s *Span) UnmarshalText(text []byte) error {
	var read Span
	if _, err := fmt.Sscanf(string(text), "%016x-%016x", &read.First, &read.Last); err != nil || read.First > read.Last {
		return fmt.Errorf("%q is no span of positions", text)
	}
	*s = read
	return nil
}
