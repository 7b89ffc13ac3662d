// Package functions_test checks what holds for the whole module: the direction of its dependencies, its
// documentation, and that the template and the code describe the same API.
package functions_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// listed is what go list tells of a package.
type listed struct {
	ImportPath, Doc, Name string
	Standard              bool
	Imports               []string
	Deps                  []string
	GoFiles               []string
}

// packages lists the module's packages, those of nested modules left out.
func packages(t *testing.T) []listed {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Doc,Name,Standard,Imports,Deps,GoFiles", "wsecho/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []listed
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// layer is the first folder of an import path of this module; empty for other packages.
func layer(path string) string {
	path, ours := strings.CutPrefix(path, "wsecho/")
	if !ours {
		return ""
	}
	layer, _, _ := strings.Cut(path, "/")
	return layer
}

// adapter is the adapter that an import path belongs to; empty if it is none.
func adapter(path string) string {
	path, ok := strings.CutPrefix(path, "wsecho/adapters/")
	if !ok {
		return ""
	}
	adapter, _, _ := strings.Cut(path, "/")
	return adapter
}

// extension tells whether an adapter is that of an extension, which has a folder of the same name in domain.
func extension(adapter string) bool {
	if adapter == "" {
		return false
	}
	_, err := os.Stat("../domain/" + adapter)
	return err == nil
}

// basis are the adapters on which an extension may build its own.
var basis = []string{"apigateway", "dynamodb", "extension", "memory", "sqs"}

// forTests tells whether a package exists to be imported by tests, or by what measures.
func forTests(path string) bool {
	for _, suffix := range []string{"test", "testserver", "dynamodblocal", "elasticmq", "internal/bench", "internal/capacity", "internal/coldstart"} {
		if strings.HasSuffix(path, suffix) {
			return true
		}
	}
	return false
}

func TestDirectionOfDependencies(t *testing.T) {
	for _, p := range packages(t) {
		for _, dependency := range p.Imports {
			if why := forbidden(p.ImportPath, dependency); why != "" {
				t.Errorf("%s imports %s: %s", p.ImportPath, dependency, why)
			}
		}
	}
}

// forbidden says why a package may not import another one; empty if it may.
func forbidden(from, to string) string {
	outside := layer(to) == "" && strings.Contains(strings.Split(to, "/")[0], ".")
	switch {
	case layer(from) == "domain" && !forTests(from) && (outside || layer(to) != "" && layer(to) != "domain"):
		return "domain imports the standard library alone"
	case from == "wsecho/domain" && layer(to) != "":
		return "the core knows none of its extensions"
	case layer(from) == "adapters" && layer(to) == "functions":
		return "adapters do not know who uses them"
	case adapter(from) == "gateway" && layer(to) != "" && adapter(to) != "gateway":
		return "the gateway could be lifted out"
	case forTests(to) && !forTests(from):
		return "that package is for tests"
	case adapter(from) != "" && adapter(from) != adapter(to) && extension(adapter(to)):
		return "adapters know no extension, and extensions do not know each other"
	case extension(adapter(from)) && slices.Contains(basis, adapter(to)):
		return ""
	case adapter(from) == "extension" && slices.Contains([]string{"apigateway", "dynamodb", "sqs"}, adapter(to)):
		return ""
	case adapter(from) != "" && adapter(to) != "" && adapter(from) != adapter(to) && adapter(to) != "internal":
		return "adapters do not know each other"
	}
	return ""
}

func TestForbiddenImportsAreFound(t *testing.T) {
	for _, pair := range [][2]string{
		{"wsecho/domain", "github.com/google/uuid"},
		{"wsecho/domain/chat", "wsecho/adapters/memory"},
		{"wsecho/adapters/sqs", "wsecho/adapters/dynamodb"},
		{"wsecho/adapters/memory", "wsecho/functions/local"},
		{"wsecho/adapters/gateway", "wsecho/domain"},
		{"wsecho/adapters/gateway/internal/frames", "wsecho/domain"},
		{"wsecho/functions/local", "wsecho/domain/domaintest"},
		{"wsecho/adapters/dynamodb", "wsecho/adapters/sqs"},
		{"wsecho/adapters/dynamodb", "wsecho/adapters/chat"},
		{"wsecho/adapters/memory", "wsecho/adapters/chat/chatmemory"},
		{"wsecho/adapters/extension", "wsecho/adapters/chat"},
		{"wsecho/adapters/extension", "wsecho/adapters/jwt"},
		{"wsecho/adapters/chat", "wsecho/adapters/jwt"},
		{"wsecho/adapters/chat", "wsecho/adapters/gateway"},
		{"wsecho/adapters/chat/chatmemory", "wsecho/adapters/gateway"},
		{"wsecho/adapters/chat", "wsecho/adapters/dynamodb/dynamodblocal"},
	} {
		if forbidden(pair[0], pair[1]) == "" {
			t.Errorf("%s may import %s", pair[0], pair[1])
		}
	}
}

func TestExtensionsBuildOnAdapters(t *testing.T) {
	for _, to := range basis {
		if why := forbidden("wsecho/adapters/chat", "wsecho/adapters/"+to); why != "" {
			t.Errorf("chat may not import %s: %s", to, why)
		}
	}
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	for _, p := range packages(t) {
		if len(p.GoFiles) > 0 && p.Doc == "" {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
	}
}

// TestLambdasAreSmall keeps what only the local program needs out of the deployed binaries: the gateway, and packages
// whose names end in memory.
func TestLambdasAreSmall(t *testing.T) {
	for _, p := range packages(t) {
		if p.Name != "main" || slices.Contains(programs, strings.TrimPrefix(p.ImportPath, "wsecho/functions/")) || strings.Contains(p.ImportPath, "/internal/") {
			continue
		}
		for _, dependency := range p.Deps {
			if adapter(dependency) == "gateway" || adapter(dependency) != "" && strings.HasSuffix(dependency, "memory") {
				t.Errorf("%s contains %s", p.ImportPath, dependency)
			}
		}
	}
}
