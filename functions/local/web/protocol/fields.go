package protocol

import (
	"fmt"
	"slices"
	"strings"
)

// field is a row of a table of fields.
type field struct {
	Group    string // A heading above the rows that follow, instead of a row.
	Path     string // connection.user, messages[].seq
	Required bool
	Type     string
	Named    string // The schema under Types, if it has one.
	About    []span
}

// fields are the rows of an object, with those of the objects in it that have no name of their own.
func (s spec) fields(path string, of schema) []field {
	var all []field
	for _, property := range of.Properties {
		at := path + property.Name
		row := s.field(at, property.Value)
		row.Required = slices.Contains(of.Required, property.Name)
		all = append(append(all, row), s.within(at, property.Value)...)
	}
	return all
}

// within are the rows below one, which has no name that leads to them.
func (s spec) within(path string, of schema) []field {
	below := strings.TrimPrefix(path+".", ".") // A type of its own begins with its fields.
	all := s.fields(below, of)
	for _, alternative := range of.OneOf {
		if alternative.Title != "" {
			all = append(all, field{Group: alternative.Title})
		} else {
			alternative.Required = nil // No field is: the object says which it may be.
		}
		all = append(all, s.fields(below, alternative)...)
	}
	if of.Items != nil && of.Items.Ref == "" {
		all = append(all, s.within(path+"[]", *of.Items)...)
	}
	if of.AdditionalProperties != nil {
		all = append(all, s.within(path+".*", *of.AdditionalProperties)...)
	}
	return all
}

func (s spec) field(path string, of schema) field {
	row := field{Path: path, Type: s.kind(of), Named: name(of.Ref)}
	sentences := []string{of.Description}
	if of.Ref != "" {
		named := s.Components.Schemas.get(row.Named)
		if !strings.Contains(named.Description, "\n- ") {
			sentences = append(sentences, named.Description)
		}
		sentences = append(sentences, s.limits(named)...)
	}
	row.About = s.spans(paragraph(append(sentences, s.limits(of)...)))
	return row
}

// paragraph joins sentences, which may lack their full stops.
func paragraph(sentences []string) string {
	var all []string
	for _, sentence := range sentences {
		if sentence = strings.TrimSpace(sentence); sentence != "" {
			all = append(all, strings.TrimSuffix(sentence, ".")+".")
		}
	}
	return strings.Join(all, " ")
}

// kind is what a value is: string, array of Room, "echo".
func (s spec) kind(of schema) string {
	switch {
	case of.Ref != "":
		return s.kind(s.Components.Schemas.get(name(of.Ref)))
	case !of.Const.IsZero():
		return string(ordered(&of.Const))
	case of.Items != nil && of.Items.Ref != "":
		return "array of " + name(of.Items.Ref)
	case of.Type != "":
		return of.Type
	case len(of.OneOf) > 0:
		return s.kind(of.OneOf[0])
	}
	return "any JSON"
}

// limits are sentences of what a value has to keep to.
func (s spec) limits(of schema) []string {
	all := []string{
		between(of.MinLength, of.MaxLength, "character"),
		between(of.Minimum, of.Maximum, ""),
		between(nil, of.MaxItems, "item"),
	}
	if of.Format != "" {
		all = append(all, "A "+of.Format)
	}
	if of.Pattern != "" {
		all = append(all, "Matches `"+of.Pattern+"`")
	}
	if of.Default != "" {
		all = append(all, "Without it "+of.Default)
	}
	all = append(all, s.choices(of)...)
	for _, dependency := range of.Dependencies {
		all = append(all, fmt.Sprintf("`%s` needs `%s`", dependency.Name, strings.Join(dependency.Value, "`, `")))
	}
	if none := of.Not.Required; len(none) > 0 {
		all = append(all, fmt.Sprintf("Not `%s` together", strings.Join(none, "` and `")))
	}
	return all
}

// choices are sentences of the alternatives that a value has.
func (s spec) choices(of schema) []string {
	var fields, kinds []string
	for _, alternative := range of.OneOf {
		fields = append(fields, "with `"+strings.Join(alternative.Required, "`, `")+"`")
	}
	for _, alternative := range of.AnyOf {
		if alternative.Ref != "" {
			kinds = append(kinds, "a "+name(alternative.Ref))
		} else {
			kinds = append(kinds, "what matches `"+alternative.Pattern+"`")
		}
	}
	return []string{either(fields), either(kinds)}
}

func either(choices []string) string {
	if len(choices) == 0 {
		return ""
	}
	return "Either " + strings.Join(choices, " or ")
}

func between(least, most *int, unit string) string {
	plural := func(n int) string {
		text := strings.TrimSpace(thousands(n) + " " + unit)
		if n != 1 && unit != "" {
			text += "s"
		}
		return text
	}
	switch {
	case least != nil && most != nil:
		return thousands(*least) + " to " + plural(*most)
	case most != nil:
		return "At most " + plural(*most)
	case least != nil:
		return "At least " + plural(*least)
	}
	return ""
}

// thousands writes a number as the document's prose does: 32,768.
func thousands(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
