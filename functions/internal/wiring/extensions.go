package wiring

import (
	"wsecho/adapters/chat"
	"wsecho/adapters/extension"
)

// Extensions are the features beyond the core.
func Extensions() []extension.Extension {
	return []extension.Extension{
		chat.Extension(),
	}
}
