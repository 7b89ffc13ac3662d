package chat_test

import (
	"testing"

	"wsecho/adapters/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }
