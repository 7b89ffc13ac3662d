package leaktest

import (
	"runtime"
	"strings"
	"testing"
)

func TestGoroutines(t *testing.T) {
	const started = "leaktest.TestGoroutines in goroutine"
	end := make(chan struct{})
	go func() { <-end }()
	if left := goroutines(); !strings.Contains(left, started) {
		t.Errorf("what is left is %q", left)
	}
	close(end)
	for strings.Contains(goroutines(), started) {
		runtime.Gosched()
	}
}
