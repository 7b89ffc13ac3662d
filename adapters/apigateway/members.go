package apigateway

import (
	"bytes"
	"encoding/json"
	"iter"
)

// members walks over the names and values of a JSON object in their order, repetitions included, as they are written.
// The text must be valid JSON without white space around it; encoding/json's tokens would scan it a second time, and
// take ten times as long.
func members(object []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		for rest := object[1:]; ; {
			rest = bytes.TrimLeft(rest, " \t\r\n,")
			if rest[0] == '}' {
				return
			}
			name := rest[:endOfString(rest, 0)+1]
			rest = bytes.TrimLeft(rest[len(name):], " \t\r\n:")
			value := rest[:endOfValue(rest)]
			if !yield(name, value) {
				return
			}
			rest = rest[len(value):]
		}
	}
}

// endOfValue returns the length of the value at the beginning of a valid text that goes on behind it.
func endOfValue(text []byte) int {
	switch text[0] {
	case '"':
		return endOfString(text, 0) + 1
	case '{', '[':
		return endOfNested(text)
	}
	return bytes.IndexAny(text, " \t\r\n,]}")
}

// endOfNested returns the length of the object or array at the beginning of a valid text.
func endOfNested(text []byte) int {
	level := 0
	for i := 0; ; i++ {
		switch text[i] {
		case '{', '[':
			level++
		case '}', ']':
			if level--; level == 0 {
				return i + 1
			}
		case '"':
			i = endOfString(text, i)
		}
	}
}

// unquote reads a valid JSON string; encoding/json, five times as slow, is for what is rare in one.
func unquote(quoted []byte) (text string) {
	inside := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(inside, '\\') < 0 {
		return string(inside)
	}
	plain := make([]byte, 0, len(inside))
	for i := 0; i < len(inside); i++ {
		if inside[i] == '\\' {
			i++
			if inside[i] != '"' && inside[i] != '\\' {
				_ = json.Unmarshal(quoted, &text) // What is valid can be read.
				return text
			}
		}
		plain = append(plain, inside[i])
	}
	return string(plain)
}
