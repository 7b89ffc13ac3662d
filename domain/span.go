package domain

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
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

// Split cuts the span into n neighbouring spans of equal width, give or take one, or into its positions if those are
// fewer.
func (s Span) Split(n int) []Span {
	last := s.Last - s.First // The width less one: the whole ring's width does not fit 64 bits.
	if last < uint64(n) {
		n = int(last) + 1
	}
	children := make([]Span, n)
	first := s.First
	for i := range children {
		high, low := bits.Mul64(last, uint64(i)+1)
		width, _ := bits.Div64(high, low, uint64(n))
		children[i] = Span{First: first, Last: s.First + width}
		first = children[i].Last + 1
	}
	return children
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
	first, last, _ := strings.Cut(string(text), "-")
	var read Span
	var errs [2]error
	read.First, errs[0] = strconv.ParseUint(first, 16, 64)
	read.Last, errs[1] = strconv.ParseUint(last, 16, 64)
	if len(first) != 16 || len(last) != 16 || errs != [2]error{} || read.First > read.Last {
		return fmt.Errorf("%q is no span of positions", text)
	}
	*s = read
	return nil
}
