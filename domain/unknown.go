package domain

import "fmt"

// UnknownActionError is the answer to an action that there is none of. details.action has up to 64 characters of it.
func UnknownActionError(action string) *Error {
	const shown = 64
	runes := []rune(action)
	action = string(runes[:min(len(runes), shown)])
	return &Error{
		Code:    UnknownAction,
		Message: fmt.Sprintf("there is no action %q; actions are lower-case words such as echo or broadcast", action),
		Details: map[string]any{"action": action},
	}
}
