package testserver

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Tool returns the path of something below the folder .tools, where make installs things, at the root of the module
// that the working directory belongs to.
func Tool(path ...string) (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(append([]string{dir, ".tools"}, path...)...), nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("the working directory belongs to no module")
		}
		dir = parent
	}
}

// Need ends a test early if a file below .tools, or a program, is not there: the test is skipped with a line that
// says which make target installs what is missing, or fails where the environment has CI=true. It returns the
// file's path.
func Need(t testing.TB, program, target string, path ...string) string {
	t.Helper()
	file, err := Tool(path...)
	if err != nil {
		t.Fatal(err)
	}
	_, noFile := os.Stat(file)
	_, noProgram := exec.LookPath(program)
	if noFile == nil && noProgram == nil {
		return file
	}
	report := t.Skipf
	if os.Getenv("CI") == "true" {
		report = t.Fatalf
	}
	report("NOT TESTED: this test needs %s and %s: install %s, then run: make %s",
		program, filepath.Join(append([]string{".tools"}, path...)...), program, target)
	return ""
}
