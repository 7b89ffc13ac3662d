package gateway_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"wsecho/adapters/gateway"
)

// statements are how many there are of each kind.
var statements = map[string]int{"C": 13, "A": 10, "E": 13, "R": 10, "M": 17, "P": 12, "T": 4}

// The table in the package's documentation lists every statement, with the name of the test that holds it.
func TestDocumentedStatements(t *testing.T) {
	rows := regexp.MustCompile(`(?m)^//\t([CAERMPT]\d\d)  (?:holds|choice) +(?:high|good|mixed) +(.*)$`).FindAllStringSubmatch(read(t, "doc.go"), -1)
	count := map[string]int{}
	tests := testNames(t)
	for _, row := range rows {
		kind := row[1][:1]
		count[kind]++
		if kind != "T" && !tests[row[1]+" "+row[2]] {
			t.Errorf("no test is called %q", row[1]+" "+row[2])
		}
	}
	if !maps.Equal(count, statements) {
		t.Errorf("the table has %v, want %v", count, statements)
	}
}

// testNames are the names of the subtests that carry a number.
func testNames(t *testing.T) map[string]bool {
	names := map[string]bool{}
	files, err := filepath.Glob("statements_*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		for _, m := range regexp.MustCompile(`t\.Run\("([CAERMP]\d\d [^"]*)"`).FindAllStringSubmatch(read(t, file), -1) {
			names[m[1]] = true
		}
	}
	return names
}

// Everything that is assumed is documented, has a name, a sentence and a switch, and is said in the log when it is met.
func TestDocumentedAssumptions(t *testing.T) {
	var code string
	for _, file := range sources(t, ".") {
		if !strings.HasSuffix(file, "_test.go") {
			code += read(t, file)
		}
	}
	assumed, named := gateway.Assumed(), map[string]bool{}
	names := regexp.MustCompile(`(?m)^\t(\w+) .*// (U\d\d|Without a number)`).FindAllStringSubmatch(constants(t), -1)
	if len(names) != len(assumed) {
		t.Fatalf("%d assumptions have names, %d are said", len(names), len(assumed))
	}
	for i, name := range names {
		setting := assumed[i].Setting
		named[name[2]] = true
		if !strings.Contains(code, "assume("+name[1]) || assumed[i].Sentence == "" {
			t.Errorf("that %s is said nowhere", name[1])
		}
		if !regexp.MustCompile(`(?mi)^//.*` + name[2] + `.*\b` + setting + `\b`).MatchString(read(t, "doc.go")) {
			t.Errorf("%s: the documentation doesn't name %s at %s", name[1], setting, name[2])
		}
		_, chosen := reflect.TypeFor[gateway.Assumptions]().FieldByName(setting)
		_, limited := reflect.TypeFor[gateway.Limits]().FieldByName(setting)
		if !chosen && !limited {
			t.Errorf("%s: there is no switch %s", name[1], setting)
		}
	}
	for i := range 20 {
		if number := fmt.Sprintf("U%02d", i+1); !named[number] {
			t.Errorf("%s has no name", number)
		}
	}
	for field := range reflect.TypeFor[gateway.Assumptions]().Fields() {
		if !strings.Contains(read(t, "doc.go"), field.Name) {
			t.Errorf("the switch %s is not in the documentation", field.Name)
		}
	}
}

// constants are the lines that name assumptions.
func constants(t *testing.T) string {
	_, block, _ := strings.Cut(read(t, "assumed.go"), "\nconst (\n")
	block, _, ok := strings.Cut(block, "\tassumptionCount\n")
	if !ok {
		t.Fatal("assumed.go has no constants")
	}
	return block
}

func read(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Everything in this folder could be lifted out of the module with its tests, which import other libraries too. What is
// no test imports two, the standard one and what is in the folder.
func TestImportsNothingOfTheModule(t *testing.T) {
	allowed := []string{"github.com/gobwas/ws", "golang.org/x/time/rate"}
	for _, file := range sources(t, ".") {
		test := strings.HasSuffix(file, "_test.go")
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range parsed.Imports {
			path, _ := strconv.Unquote(spec.Path.Value)
			ours := strings.HasPrefix(path, "wsecho/")
			within := strings.HasPrefix(path+"/", "wsecho/adapters/gateway/")
			library := !ours && strings.Contains(path, ".")
			if ours && !within || library && !test && !slices.Contains(allowed, path) {
				t.Errorf("%s imports %s", file, path)
			}
		}
	}
}

// sources lists the Go files of a folder and those below it.
func sources(t *testing.T, folder string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".go") {
			files = append(files, path)
		}
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	return files
}
