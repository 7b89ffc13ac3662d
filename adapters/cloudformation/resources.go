package cloudformation

import "encoding/json"

// Resource is one of a template's resources, for whoever serves it.
type Resource struct {
	Position
	LogicalID, Type string
	// Name is what AWS calls it: what a property says, or the logical id.
	Name string
	// Properties are an object of JSON, without intrinsic functions. All scalars in it are strings, as CloudFormation takes
	// them: decode a number by the option ",string".
	Properties json.RawMessage
}

// askedFor are the resources that Options.Resources is about.
func (r *reader) askedFor() (all []Resource) {
	for _, found := range r.live(r.options.Resources...) {
		leave := r.enter(found.id, found.at)
		name := r.name(found.at, found, shapes[found.kind].property)
		all = append(all, Resource{found.at, found.id, found.kind, name.text, json.RawMessage(jsonOf(r.resolve(found.properties), true))})
		leave()
	}
	return all
}
