package cloudformation_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"wsecho/adapters/cloudformation"
	"wsecho/adapters/internal/testserver"
)

// TestAgainstSAM: a template, and what SAM's translator makes of it, have the same to serve.
func TestAgainstSAM(t *testing.T) {
	python := testserver.Need(t, "python3", "tools-cloud", "sam", "bin", "python3")
	for name, test := range map[string]struct {
		path       string
		parameters map[string]string
	}{
		"ours, open":            {root + "/template.yaml", map[string]string{"AuthMode": "open"}},
		"ours, prod":            {root + "/template.yaml", withAll(prodParameters, "AuthMode", "jwt", "Stage", "prod", "Arch", "x86_64", "ThrottlingRate", "9")},
		"ours, own callback":    {root + "/template.yaml", map[string]string{"AuthMode": "open", "CallbackUrl": "https://example.com/x", "CloudWatchRole": "off"}},
		"plain resources":       {"testdata/chat.yaml", nil},
		"authorizer":            {"testdata/authorizer.yaml", nil},
		"authorizer, no guard":  {"testdata/authorizer.yaml", map[string]string{"Guarded": "no"}},
		"authorizer, more keys": {"testdata/authorizer.yaml", map[string]string{"Keys": "One,Two,Three"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			options := cloudformation.Options{Parameters: test.parameters}
			want := load(t, translated(t, python, test.path, test.parameters), cloudformation.Options{Parameters: test.parameters})
			got := load(t, copied(t, test.path), options)
			comparable(got)
			comparable(want)
			differ(t, got, want)
		})
	}
}

// differ reports the lines that only one of the two has.
func differ(t *testing.T, got, want *cloudformation.Application) {
	ours, err := json.MarshalIndent(got, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	sams, err := json.MarshalIndent(want, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	a, b := strings.Split(string(ours), "\n"), strings.Split(string(sams), "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			t.Fatalf("line %d: the template has %s, SAM makes %s; in\n%s", i, a[i], b[i], strings.Join(a[max(0, i-20):i], "\n"))
		}
	}
	if len(a) != len(b) {
		t.Errorf("%d lines, SAM makes %d", len(a), len(b))
	}
}

func withAll(parameters map[string]string, pairs ...string) map[string]string {
	all := map[string]string{}
	for name, value := range parameters {
		all[name] = value
	}
	for i := 0; i < len(pairs); i += 2 {
		all[pairs[i]] = pairs[i+1]
	}
	return all
}

// copied puts a template where no samconfig.toml is, with the folders that it names.
func copied(t *testing.T, path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return written(t, string(text))
}

// written writes a template into a folder of its own, beside a folder code.
func written(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "template.yaml")
	if err := os.Mkdir(filepath.Join(filepath.Dir(path), "code"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func translated(t *testing.T, python, path string, parameters map[string]string) string {
	arguments := []string{"testdata/translate.py", path}
	for name, value := range parameters {
		arguments = append(arguments, name+"="+value)
	}
	var stderr bytes.Buffer
	command := exec.CommandContext(t.Context(), python, arguments...)
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, &stderr)
	}
	return written(t, string(out))
}

// comparable takes away what is another one by its nature: places, the order of resources, code, and SAM's names of
// event sources.
func comparable(application *cloudformation.Application) {
	application.Warnings = nil
	for i := range application.APIs {
		api := &application.APIs[i]
		api.Position = cloudformation.Position{}
		for j := range api.Stages {
			api.Stages[j].Position = cloudformation.Position{}
		}
		slices.SortFunc(api.Routes, func(a, b cloudformation.Route) int { return cmp.Compare(a.Key, b.Key) })
		for j := range api.Routes {
			route := &api.Routes[j]
			route.Position, route.Integration.Position = cloudformation.Position{}, cloudformation.Position{}
			if route.Authorizer != nil {
				route.Authorizer.Position = cloudformation.Position{}
			}
		}
	}
	slices.SortFunc(application.Functions, func(a, b cloudformation.Function) int { return cmp.Compare(a.LogicalID, b.LogicalID) })
	for i := range application.Functions {
		f := &application.Functions[i]
		f.Position, f.Code, f.BuildMethod = cloudformation.Position{}, cloudformation.Code{}, ""
		for j := range f.Sources {
			f.Sources[j] = cloudformation.EventSource{ARN: f.Sources[j].ARN}
		}
		slices.SortFunc(f.Sources, func(a, b cloudformation.EventSource) int { return cmp.Compare(a.ARN, b.ARN) })
	}
}
