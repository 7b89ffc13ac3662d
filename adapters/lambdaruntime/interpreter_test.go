//go:build unix

package lambdaruntime_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"wsecho/adapters/lambdaruntime"
)

// TestPythonThatIsTaken: a name of a version manager that leads to nothing is passed over, and the virtual environment
// that is active goes before all others.
func TestPythonThatIsTaken(t *testing.T) {
	f := python(t, "app.lambda_handler")
	real, err := exec.LookPath("python3")
	if err != nil {
		t.Fatal(err)
	}
	environment := t.TempDir()
	script := func(folder, name, text string) {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	names, taken := t.TempDir(), filepath.Join(environment, "taken")
	script(names, f.Runtime, "exit 127")
	script(filepath.Join(environment, "bin"), "python3", "echo >>"+taken+"; exec "+real+` "$@"`)
	t.Setenv("PATH", names+string(os.PathListSeparator)+os.Getenv("PATH"))
	for _, active := range []string{"", environment} {
		t.Setenv("VIRTUAL_ENV", active)
		p, _ := pool(t, f, lambdaruntime.Options{})
		if err := p.Init(t.Context()); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(taken); (err == nil) != (active != "") {
			t.Errorf("VIRTUAL_ENV=%s: its Python was taken: %v", active, err == nil)
		}
	}
}
