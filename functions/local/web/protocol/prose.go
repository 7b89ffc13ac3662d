package protocol

import (
	"regexp"
	"slices"
	"strings"
)

// span is a piece of a sentence: plain, code, or the name of an error's code, which leads to what it means.
type span struct {
	Text string
	Code bool
	Link string
}

var codeOrWord = regexp.MustCompile("`[^`]+`|[a-z_]+")

// spans sets what is between backticks as code, and links codes of errors. Some codes are also words, such as conflict:
// they are codes only in a list of refusals.
func (s spec) spans(text string) []span {
	var all []span
	plain, refusals := 0, strings.HasPrefix(text, "May be refused with ")
	for _, at := range codeOrWord.FindAllStringIndex(text, -1) {
		piece := text[at[0]:at[1]]
		var special span
		switch code := strings.Trim(piece, "`"); {
		case s.isCode(piece) && (refusals || strings.Contains(piece, "_")):
			special = span{Text: piece, Link: "code-" + piece}
		case code != piece:
			special = span{Text: code, Code: true}
		default:
			continue
		}
		all = append(all, span{Text: text[plain:at[0]]}, special)
		plain = at[1]
	}
	if plain < len(text) {
		all = append(all, span{Text: text[plain:]})
	}
	return all
}

func (s spec) isCode(word string) bool {
	return slices.Contains(s.Components.Schemas.get("Code").Enum, word)
}

// block is a heading, a paragraph or a list of a text in Markdown, of which no more is understood.
type block struct {
	Heading string
	Text    []span
	Items   [][]span
}

// blocks reads a text.
func (s spec) blocks(text string) []block {
	var all []block
	for part := range strings.SplitSeq(text, "\n\n") {
		if heading, rest, ok := strings.Cut(part, "\n"); ok && strings.HasPrefix(heading, "## ") {
			all = append(all, block{Heading: strings.TrimPrefix(heading, "## ")})
			part = rest
		}
		if items, isList := strings.CutPrefix(part, "- "); isList {
			var list block
			for item := range strings.SplitSeq(items, "\n- ") {
				list.Items = append(list.Items, s.spans(item))
			}
			all = append(all, list)
			continue
		}
		all = append(all, block{Text: s.spans(part)})
	}
	return all
}

// meaning is what a code of an error says.
type meaning struct {
	Code  string
	About []span
}

// meanings are the items of the description of the codes: "- code: what it says."
func (s spec) meanings() []meaning {
	var all []meaning
	description := "\n" + s.Components.Schemas.get("Code").Description
	for _, item := range strings.Split(description, "\n- ")[1:] {
		code, about := cutCode(item)
		all = append(all, meaning{Code: code, About: s.spans(about)})
	}
	return all
}

func cutCode(item string) (code, about string) {
	code, about, ok := strings.Cut(item, ": ")
	if !ok || strings.ContainsAny(code, " \n") {
		return "", item
	}
	return code, about
}
