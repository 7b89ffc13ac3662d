package wiring

import (
	"wsecho/adapters/chat"
	"wsecho/adapters/extension"
)

// extensions are the features beyond the core.
func extensions() []extension.Extension {
	return []extension.Extension{
		chat.Extension(),
	}
}
