package memory_test

import (
	"testing"

	"wsecho/adapters/memory"
	"wsecho/domain"
	"wsecho/domain/domaintest"
)

func TestQuotas(t *testing.T) {
	domaintest.TestQuotas(t, func(*testing.T) domain.Quotas { return new(memory.Quotas) })
}
