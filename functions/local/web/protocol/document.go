package protocol

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// spec is what the page shows of an AsyncAPI document (https://www.asyncapi.com/docs/reference/specification/v3.1.0),
// in the document's order.
type spec struct {
	Info struct {
		Title, Version, Description string
	}
	Servers    list[server]
	Channels   list[channel]
	Operations list[operation]
	Components struct {
		Messages list[message]
		Schemas  list[schema]
	}
}

type server struct {
	Host, Protocol, Description string
	Variables                   list[parameter]
}

type parameter struct {
	Default, Description string
}

type channel struct {
	Address, Title, Description string
	Parameters                  list[parameter]
	Bindings                    struct {
		WS struct{ Query schema } `yaml:"ws"`
	}
	Messages list[reference]
}

type reference struct {
	To string `yaml:"$ref"`
}

type operation struct {
	Action, Summary string
	Messages        []reference
	Reply           struct{ Messages []reference }
}

type message struct {
	Name, Summary, Description string
	Payload                    schema
	Examples                   []struct{ Payload yaml.Node }
}

// schema is a JSON schema; see TestEveryKeyword.
type schema struct {
	Ref                      string `yaml:"$ref"`
	Type, Title, Description string
	Pattern, Format, Default string
	Const                    yaml.Node
	MinLength                *int `yaml:"minLength"`
	MaxLength                *int `yaml:"maxLength"`
	MaxItems                 *int `yaml:"maxItems"`
	Minimum, Maximum         *int
	Enum, Required           []string
	Properties               list[schema]
	Items                    *schema
	AdditionalProperties     *schema  `yaml:"additionalProperties"`
	OneOf                    []schema `yaml:"oneOf"`
	AnyOf                    []schema `yaml:"anyOf"`
	Dependencies             list[[]string]
	Not                      struct{ Required []string }
}

// list is a mapping that keeps its order.
type list[T any] []named[T]

type named[T any] struct {
	Name  string
	Value T
}

func (l *list[T]) UnmarshalYAML(node *yaml.Node) error {
	for i := 0; i+1 < len(node.Content); i += 2 {
		item := named[T]{Name: node.Content[i].Value}
		if err := node.Content[i+1].Decode(&item.Value); err != nil {
			return err
		}
		*l = append(*l, item)
	}
	return nil
}

// get returns the value of a name; the zero value if there is none.
func (l list[T]) get(name string) (value T) {
	for _, item := range l {
		if item.Name == name {
			return item.Value
		}
	}
	return value
}

// name is the last part of a reference: Room of #/components/schemas/Room.
func name(ref string) string { return ref[strings.LastIndexByte(ref, '/')+1:] }

// messages are what references lead to, by way of the channel.
func (s spec) messages(refs []reference) []message {
	var all []message
	for _, ref := range refs {
		component := s.Channels[0].Value.Messages.get(name(ref.To))
		all = append(all, s.Components.Messages.get(name(component.To)))
	}
	return all
}
