package gateway_test

import (
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

// Every undetermined behaviour is documented, has a switch, and says so in the log when it is met.
func TestDocumentedChoices(t *testing.T) {
	var code string
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !strings.HasSuffix(file, "_test.go") {
			code += read(t, file)
		}
	}
	rows := regexp.MustCompile(`(?m)^//\t(U(\d\d))  (\w+)`).FindAllStringSubmatch(read(t, "doc.go"), -1)
	if len(rows) != 20 {
		t.Errorf("%d choices are documented, want 20", len(rows))
	}
	for _, row := range rows {
		number := strings.TrimLeft(row[2], "0")
		if !regexp.MustCompile(`guess\(` + number + `, `).MatchString(code) {
			t.Errorf("%s: nothing is logged", row[1])
		}
		_, chosen := reflect.TypeFor[gateway.Undetermined]().FieldByName(row[3])
		_, limited := reflect.TypeFor[gateway.Limits]().FieldByName(row[3])
		if !chosen && !limited {
			t.Errorf("%s: there is no switch %s", row[1], row[3])
		}
	}
	for field := range reflect.TypeFor[gateway.Undetermined]().Fields() {
		if !strings.Contains(read(t, "doc.go"), field.Name) {
			t.Errorf("the switch %s is not in the documentation", field.Name)
		}
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Everything in this folder could be lifted out of the module: what is not a test of it imports two libraries, the
// standard one and what is in the folder.
func TestImportsNothingOfTheModule(t *testing.T) {
	allowed := []string{"github.com/gobwas/ws", "golang.org/x/time/rate"}
	for _, file := range sources(t, ".") {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range parsed.Imports {
			path, _ := strconv.Unquote(spec.Path.Value)
			standard := !strings.Contains(path, ".") && !strings.HasPrefix(path, "wsecho/")
			if !standard && !slices.Contains(allowed, path) && !strings.HasPrefix(path+"/", "wsecho/adapters/gateway/") {
				t.Errorf("%s imports %s", file, path)
			}
		}
	}
}

// sources lists the Go files of a folder and those below it, without tests.
func sources(t *testing.T, folder string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
			files = append(files, path)
		}
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	return files
}
