// Package lambdatest runs a function's binary as the Lambda service does, for tests of what is deployed.
package lambdatest

import (
	"net/http"
	"os/exec"
	"path/filepath"
	"testing"

	"wsecho/functions/internal/coldstart"
)

// Build makes the binary of the command in a folder as it is deployed, but for this machine, and returns its path.
func Build(t testing.TB, folder string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "bootstrap")
	command := exec.Command("go", append(append([]string{"build"}, coldstart.BuildFlags()...), "-o", binary, ".")...)
	command.Dir = folder
	command.Env = append(command.Environ(), "CGO_ENABLED=0")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("building %s: %v\n%s", folder, err, out)
	}
	return binary
}

// Invoke is coldstart.Run for tests. A process that ends without an answer has none, but lines.
func Invoke(t testing.TB, binary, event string, calls http.HandlerFunc, environment ...string) coldstart.Invocation {
	t.Helper()
	got, err := coldstart.Run(t.Context(), binary, event, calls, environment...)
	if err != nil {
		t.Log(err)
	}
	return got
}
