package functions_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestRename makes a copy a module of its own, as whoever forks this one does, and builds it.
func TestRename(t *testing.T) {
	fork := t.TempDir()
	in := func(folder, name string, args ...string) string {
		t.Helper()
		command := exec.CommandContext(t.Context(), name, args...)
		command.Dir = folder
		out, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %v: %v\n%s", name, args, err, out)
		}
		return string(out)
	}
	eachFile(t, "..", func(path string) {
		if strings.HasPrefix(path, "../.tools") || strings.HasPrefix(path, "../.git") || strings.HasPrefix(path, "../.aws-sam") {
			return
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(fork, strings.TrimPrefix(path, ".."))
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, text, 0o600); err != nil {
			t.Fatal(err)
		}
	})
	in(fork, "make", "rename", "MODULE=example.com/you/chat")
	in(fork, "go", "build", "./...")
	in(fork, "go", "vet", "./...")
	in(fork, "go", "test", "-run", "TestDirectionOfDependencies|TestForbiddenImportsAreFound", "./functions")
	in(filepath.Join(fork, "functions/internal/bench/bare"), "go", "vet", "./...")
	if unformatted := in(fork, "gofmt", "-l", "."); unformatted != "" {
		t.Errorf("not formatted afterwards: %s", unformatted)
	}
}
