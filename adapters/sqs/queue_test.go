package sqs_test

import (
	"testing"

	"wsecho/adapters/sqs/elasticmq"
	"wsecho/domain/domaintest"
)

func TestQueue(t *testing.T) {
	domaintest.TestQueue(t, func(t *testing.T) domaintest.WorkedQueue {
		return &polled{Queue: elasticmq.NewQueue(t), t: t}
	})
}
