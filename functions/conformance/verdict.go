package main

import "fmt"

// outcome is what came of a statement.
type outcome string

const (
	holds      outcome = "holds"
	differs    outcome = "differs"
	cannotTell outcome = "can't tell"
)

// verdict is an outcome with what was seen or, if it can't be told, why.
type verdict struct {
	Outcome outcome `json:"outcome"`
	Saw     string  `json:"saw,omitempty"`
}

// when is a verdict by a condition, with what was seen.
func when(ok bool, format string, args ...any) verdict {
	if ok {
		return verdict{holds, fmt.Sprintf(format, args...)}
	}
	return verdict{differs, fmt.Sprintf(format, args...)}
}

func untold(format string, args ...any) verdict {
	return verdict{cannotTell, fmt.Sprintf(format, args...)}
}

// each is the first verdict that is not holds, or the last one.
func each[T any](cases []T, check func(T) verdict) (v verdict) {
	for _, c := range cases {
		if v = check(c); v.Outcome != holds {
			return v
		}
	}
	return v
}

// stop ends a check from within, by a panic that judge recovers.
type stop struct{ verdict }

// cannot ends the check: it can't be told, and why.
func cannot(format string, args ...any) { panic(stop{untold(format, args...)}) }

// otherwise ends the check: the server did something else.
func otherwise(format string, args ...any) { panic(stop{when(false, format, args...)}) }

// judge runs a check.
func judge(s *suite, check func(*suite) verdict) (v verdict) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case stop:
			v = p.verdict
		default:
			panic(p)
		}
	}()
	return check(s)
}
