package main_test

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// TestConformance points the conformance suite at its own template, served by the command: the gateway's statements hold
// as well with functions that are processes and post to the APIs by their names on AWS. Models (M17) are not read from
// templates, which a warning says.
func TestConformance(t *testing.T) {
	need(t, "node")
	suite := filepath.Join(t.TempDir(), "conformance")
	if out, err := exec.Command("go", "build", "-o", suite, "../conformance").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	p := start(t, "../conformance/probe", nil, "-q")
	if len(p.urls) != 6 {
		t.Fatalf("it serves %v", p.urls)
	}
	args := []string{"-wait", "10s", "-quiet", "300ms", "-skip", "M17"}
	for i, api := range []string{"-url", "-guarded", "-bare", "-paths", "-all", "-constant"} {
		args = append(args, api, p.urls[i])
	}
	out, err := exec.Command(suite, args...).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	holds := regexp.MustCompile(`(?m)^[A-Z]\d\d +holds`).FindAll(out, -1)
	if assumed := regexp.MustCompile(`(?m)^U\d\d +as assumed`).FindAll(out, -1); len(holds) < 69 || len(assumed) < 18 {
		t.Errorf("%d statements hold and %d are as assumed\n%s", len(holds), len(assumed), out)
	}
}
