// Package escape makes text of strangers safe to show in a terminal.
package escape

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Text is a text to be read, quotes and all, in which every character that does something else to a terminal than
// show itself is escaped as in JSON.
func Text(s string) string {
	var b strings.Builder
	for i, r := range s {
		if r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD") {
			fmt.Fprintf(&b, `\x%02x`, s[i])
		} else {
			b.WriteString(Rune(r))
		}
	}
	return b.String()
}

// Rune is a character, escaped as in JSON if it does something else to a terminal than show itself.
func Rune(r rune) string {
	if unicode.IsPrint(r) {
		return string(r)
	}
	var b strings.Builder
	for _, unit := range utf16.Encode([]rune{r}) {
		fmt.Fprintf(&b, `\u%04x`, unit)
	}
	return b.String()
}
