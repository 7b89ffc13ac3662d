package cloudformation

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// readParameters gives each parameter of the template its value, and finds values that the template doesn't allow or
// doesn't know.
func (r *reader) readParameters() {
	r.parameters = r.root.get("Parameters").each()
	given := r.values
	r.values = map[string]*node{}
	for _, p := range r.parameters {
		leave := r.enter(p.key, p.at)
		r.parameter(p, given[p.key])
		leave()
		delete(given, p.key)
	}
	for name, value := range given {
		if _, byHand := r.options.Parameters[name]; byHand {
			r.fail(value.at, "the template has "+r.parameterNames(), "the template has no parameter %s", name)
		} else {
			r.warn(value.at, "remove it", "the template has no parameter %s", name)
		}
	}
}

func (r *reader) parameterNames() string {
	var names []string
	for _, p := range r.parameters {
		names = append(names, p.key)
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

func (r *reader) parameter(p field, given *node) {
	kind := p.value.get("Type")
	value := given
	if value == nil {
		value = p.value.get("Default")
	}
	switch {
	case !kind.is(scalar):
		r.fail(p.at, "give it Type: String", "the parameter has no Type")
	case given == nil && isSSM(kind.text):
		// Failed when it is used: CDK's templates all have one that nothing but a rule looks at.
	case !value.is(scalar) && !value.is(list):
		r.fail(p.at, "give -p "+p.key+"=Value", "the parameter has neither a value nor a Default")
	default:
		r.values[p.key] = r.checked(p, kind.text, value)
	}
}

// isSSM tells whether a parameter's value is the name of one in Parameter Store, which AWS looks up.
func isSSM(kind string) bool { return strings.HasPrefix(kind, "AWS::SSM::Parameter::Value<") }

// checked returns a parameter's value: text, or a list of texts.
func (r *reader) checked(p field, kind string, value *node) *node {
	isList := kind == "CommaDelimitedList" || strings.Contains(kind, "List<")
	items := []*node{value}
	if isList && value.is(scalar) {
		items = split(value, ",")
		for _, item := range items {
			item.text = strings.TrimSpace(item.text)
		}
	} else if isList {
		items = value.items
	} else if !value.is(scalar) {
		return r.fail(value.at, "give it a text", "a parameter of type %s can't be a list", kind)
	}
	for _, item := range items {
		if wrong := r.violation(p.value, kind, item.text); wrong != "" {
			remedy := "give -p " + p.key + "=Value"
			if why := p.value.get("ConstraintDescription"); why.is(scalar) {
				wrong += ": " + why.text
			}
			r.fail(value.at, remedy, "%q %s", short(item.text), wrong)
		}
	}
	if isList {
		return listAt(value.at, items...)
	}
	return textAt(value.at, value.text)
}

// short cuts what a message doesn't need in full.
func short(text string) string {
	if len(text) > 80 {
		return text[:80] + "..."
	}
	return text
}

// violation says which constraint of a parameter a value violates; empty if none.
func (r *reader) violation(p *node, kind, value string) string {
	number, notANumber := strconv.ParseFloat(value, 64)
	numeric := kind == "Number" || kind == "List<Number>"
	length := float64(utf8.RuneCountInString(value))
	switch {
	case numeric && notANumber != nil:
		return "is no number"
	case numeric && exceeds(number, p.get("MaxValue")):
		return "is above MaxValue " + p.get("MaxValue").text
	case numeric && exceeds(-number, negative(p.get("MinValue"))):
		return "is below MinValue " + p.get("MinValue").text
	case !numeric && exceeds(length, p.get("MaxLength")):
		return "is longer than MaxLength " + p.get("MaxLength").text
	case !numeric && exceeds(-length, negative(p.get("MinLength"))):
		return "is shorter than MinLength " + p.get("MinLength").text
	}
	if allowed := p.get("AllowedValues"); allowed.is(list) && !contains(allowed.items, value) {
		return "is none of AllowedValues: " + joined(allowed.items, ", ")
	}
	if pattern := p.get("AllowedPattern"); pattern.is(scalar) && !r.matches(pattern, value) {
		return "does not match AllowedPattern " + pattern.text
	}
	return ""
}

func exceeds(value float64, limit *node) bool {
	if !limit.is(scalar) {
		return false
	}
	most, err := strconv.ParseFloat(limit.text, 64)
	return err == nil && value > most
}

func negative(n *node) *node {
	if !n.is(scalar) {
		return nil
	}
	if text, minus := strings.CutPrefix(n.text, "-"); minus {
		return textAt(n.at, text)
	}
	return textAt(n.at, "-"+n.text)
}

func contains(items []*node, text string) bool {
	return slices.ContainsFunc(items, func(item *node) bool { return item.is(scalar) && item.text == text })
}

func joined(items []*node, separator string) string {
	var texts []string
	for _, item := range items {
		texts = append(texts, item.text)
	}
	return strings.Join(texts, separator)
}

// ahead is a pattern that begins with what must not come, which Go's expressions can't say.
var ahead = regexp.MustCompile(`^\^?\(\?!([^()]*)\)(.*)$`)

// matches tells whether a pattern of Java's matches a value in full.
func (r *reader) matches(pattern *node, value string) bool {
	text := pattern.text
	if parts := ahead.FindStringSubmatch(text); parts != nil {
		if unwanted, err := regexp.Compile(`^(?:` + parts[1] + `)`); err == nil && unwanted.MatchString(value) {
			return false
		}
		text = parts[2]
	}
	expression, err := regexp.Compile(`^(?:` + text + `)$`)
	if err != nil {
		r.warn(pattern.at, "check the value yourself", "AllowedPattern %s is not checked: Go has no such expressions", text)
		return true
	}
	return expression.MatchString(value)
}
