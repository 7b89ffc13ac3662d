package memory_test

import (
	"testing"

	"wsecho/adapters/memory"
	"wsecho/domain"
	"wsecho/domain/domaintest"
)

func TestTally(t *testing.T) {
	domaintest.TestTally(t, func(*testing.T) domain.Tally { return new(memory.Tally) })
}
