// Package leaktest finds goroutines that tests leave behind.
package leaktest

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Main runs the tests of a package, and fails when they leave goroutines behind. A TestMain calls it; it does not return.
func Main(m *testing.M) {
	code := m.Run()
	if left := leaked(); code == 0 && left != "" {
		fmt.Printf("goroutines are left:\n%s\n", left)
		code = 1
	}
	os.Exit(code)
}

// leaked returns the stacks of goroutines that do not end by themselves within some seconds.
func leaked() (left string) {
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); runtime.Gosched() {
		if left = goroutines(); left == "" {
			return ""
		}
	}
	return left
}

// goroutines are the stacks of all goroutines but this one, those that keep an idle HTTP connection, which end with the
// server, and the one that go test -fuzz has for being interrupted.
func goroutines() string {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	var all []string
	for _, stack := range strings.Split(string(stacks), "\n\n")[1:] {
		if !strings.Contains(stack, "net/http.(*persistConn)") && !strings.Contains(stack, "os/signal.loop") {
			all = append(all, stack)
		}
	}
	return strings.Join(all, "\n\n")
}
