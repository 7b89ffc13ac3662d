package memory_test

import (
	"testing"

	"wsecho/adapters/memory"
	"wsecho/domain/domaintest"
)

func TestRegistry(t *testing.T) {
	domaintest.TestStore(t, func(*testing.T) domaintest.Store { return new(memory.Registry) })
}
