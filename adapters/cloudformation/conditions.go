package cloudformation

// truth is what a condition comes to.
type truth int

const (
	no truth = iota
	yes
	// unknown is what has a problem, or needs what only AWS knows.
	unknown
)

func truthOf(holds bool) truth {
	if holds {
		return yes
	}
	return no
}

// readConditions reads the section Conditions. They are evaluated when they are used.
func (r *reader) readConditions() {
	for _, f := range r.expand(r.root.get("Conditions")).each() {
		r.conditions[f.key] = f.value
	}
}

// condition evaluates a condition by its name, once.
func (r *reader) condition(name *node) truth {
	before, evaluated := r.decided[name.text]
	expression := r.conditions[name.text]
	switch {
	case !name.is(scalar) || expression == nil:
		r.fail(name.at, "define it in the section Conditions", "there is no condition %s", short(name.text))
		return unknown
	case evaluated && before == nil:
		r.fail(expression.at, "break the cycle", "the condition %s depends on itself", name.text)
		return unknown
	case evaluated:
		return *before
	}
	r.decided[name.text] = nil
	result := r.evaluate(expression)
	r.decided[name.text] = &result
	return result
}

// evaluate evaluates the expression of a condition or of a rule.
func (r *reader) evaluate(n *node) truth {
	if n.is(mapping) && len(n.fields) == 1 {
		argument := n.fields[0].value
		switch n.fields[0].key {
		case "Condition":
			return r.condition(r.resolve(argument))
		case "Fn::Equals":
			return r.equals(argument)
		case "Fn::Not":
			return r.not(argument)
		case "Fn::And":
			return r.combine(argument, no)
		case "Fn::Or":
			return r.combine(argument, yes)
		case "Fn::Contains":
			return r.contains(argument)
		case "Fn::EachMemberIn", "Fn::EachMemberEquals", "Fn::RefAll", "Fn::ValueOf", "Fn::ValueOfAll":
			r.warn(n.at, "check it by hand", "the rule's function %s is not checked here", n.fields[0].key)
			return unknown
		}
	}
	if n.is(scalar) && (n.text == "true" || n.text == "false") {
		return truthOf(n.text == "true")
	}
	r.fail(n.position(), "use Fn::Equals, Fn::And, Fn::Or, Fn::Not or Condition", "is no condition")
	return unknown
}

// pair resolves the two items of a list.
func (r *reader) pair(n *node, name string) (first, second *node, ok bool) {
	items := n.elements()
	if len(items) != 2 {
		r.fail(n.position(), "give it two values", "%s has no list of two", name)
		return nil, nil, false
	}
	first, second = r.resolve(items[0]), r.resolve(items[1])
	return first, second, !first.is(unresolved) && !second.is(unresolved)
}

func (r *reader) equals(n *node) truth {
	first, second, ok := r.pair(n, "Fn::Equals")
	if !ok {
		return unknown
	}
	return truthOf(jsonOf(first, true) == jsonOf(second, true))
}

func (r *reader) contains(n *node) truth {
	all, one, ok := r.pair(n, "Fn::Contains")
	if !ok {
		return unknown
	}
	return truthOf(one.is(scalar) && contains(all.elements(), one.text))
}

func (r *reader) not(n *node) truth {
	if len(n.elements()) != 1 {
		r.fail(n.position(), "give it one condition in a list", "Fn::Not has no list of one")
		return unknown
	}
	switch r.evaluate(n.items[0]) {
	case yes:
		return no
	case no:
		return yes
	}
	return unknown
}

// combine evaluates And, which no decides, and Or, which yes decides.
func (r *reader) combine(n *node, decisive truth) truth {
	if len(n.elements()) < 2 {
		r.fail(n.position(), "give it two conditions or more", "Fn::And or Fn::Or has no list of conditions")
		return unknown
	}
	result := yes
	if decisive == yes {
		result = no
	}
	for _, item := range n.items {
		switch value := r.evaluate(item); value {
		case decisive:
			return decisive
		case unknown:
			result = unknown
		}
	}
	return result
}

// checkRules checks the section Rules, as CloudFormation does before it deploys anything.
func (r *reader) checkRules() {
	for _, rule := range r.root.get("Rules").each() {
		leave := r.enter(rule.key, rule.at)
		r.rule(rule)
		leave()
	}
}

func (r *reader) rule(rule field) {
	if r.usesUnknownParameters(rule.value) {
		return
	}
	if condition := rule.value.get("RuleCondition"); condition != nil && r.evaluate(condition) != yes {
		return
	}
	for _, assertion := range rule.value.get("Assertions").elements() {
		if assert := assertion.get("Assert"); assert != nil && r.evaluate(assert) == no {
			text := "the parameters break the rule"
			if why := assertion.get("AssertDescription"); why.is(scalar) {
				text += ": " + why.text
			}
			r.fail(assertion.at, "give other parameters by -p Name=Value", "%s", text)
		}
	}
}

// usesUnknownParameters tells whether a rule is about what only AWS knows: CDK's is about the version of its bootstrap.
func (r *reader) usesUnknownParameters(n *node) bool {
	for _, name := range namesIn(n) {
		if r.values[name.text] == nil && r.root.get("Parameters", name.text) != nil {
			return true
		}
	}
	return false
}
