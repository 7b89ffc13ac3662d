package dynamodb_test

import (
	"testing"

	"wsecho/adapters/gateway/gatewaytest/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }
