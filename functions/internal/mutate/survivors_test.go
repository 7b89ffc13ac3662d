package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestList: each survivor of the list is where it says: what is left of code that has changed is no excuse for new code.
func TestList(t *testing.T) {
	text, err := os.ReadFile("survivors.txt")
	if err != nil {
		t.Fatal(err)
	}
	all, err := parseList(string(text))
	if err != nil || len(all) == 0 {
		t.Fatalf("%d survivors, %v", len(all), err)
	}
	judged := 0
	for _, folder := range packages {
		judged += len(all.of(folder))
	}
	if judged != len(all) {
		t.Errorf("%d of %d are in packages that are judged", judged, len(all))
	}
	for _, s := range all {
		if file, _, _ := strings.Cut(s.function, ":"); !found(t, filepath.Join("../../..", file), s) {
			t.Errorf("this code is not there: %s", s)
		}
	}
}

func found(t *testing.T, file string, s survivor) bool {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	code := strings.Replace(s.code, mark, "", 1)
	for number, line := range strings.Split(string(text), "\n") {
		if strings.TrimSpace(line) == code {
			at, err := locate(file, number+1, 1)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(s.function, ":"+at.function) {
				return true
			}
		}
	}
	return false
}

func TestListWithoutReason(t *testing.T) {
	for _, wrong := range []string{"a.go:f KIND x ‸< y", "# A reason.\n\na.go:f KIND x ‸< y", "# A reason.\na.go:f KIND x < y", "# A reason.\na.go:f ‸"} {
		if all, err := parseList(wrong); err == nil {
			t.Errorf("%q is %v", wrong, all)
		}
	}
}

// TestCompare: a survivor fails unless it is listed, and as often as it is.
func TestCompare(t *testing.T) {
	one, other := survivor{"a.go:f", "KIND", "x ‸< y"}, survivor{"a.go:g", "KIND", "x ‸< y"}
	for _, test := range []struct {
		survivors, listed []survivor
		fails             bool
		told              string
	}{
		{[]survivor{one}, []survivor{one}, false, ""},
		{[]survivor{other}, []survivor{one}, true, "noticed now"},
		{[]survivor{one, one}, []survivor{one}, true, ""},
		{nil, []survivor{one}, false, "noticed now"},
		{nil, nil, false, ""},
	} {
		var out strings.Builder
		err := compare(test.survivors, test.listed, &out)
		if (err != nil) != test.fails || (out.Len() > 0) != (test.told != "") || !strings.Contains(out.String(), test.told) {
			t.Errorf("compare(%v, %v) = %v, told %q", test.survivors, test.listed, err, &out)
		}
	}
}

// TestReport reads a report of gremlins: survivors by function and code, and nothing that it does not know.
func TestReport(t *testing.T) {
	folder := t.TempDir()
	report := filepath.Join(folder, "report.json")
	source := "package a\n\ntype t int\n\nfunc (x *t) f(y t) bool {\n\treturn *x < y\n}\n"
	if err := os.WriteFile(filepath.Join(folder, "a.go"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	read := func(mutations string) (findings, error) {
		text := `{"files":[{"file_name":"a.go","mutations":[` + mutations + `]}]}`
		if err := os.WriteFile(report, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return readReport(report, folder, "domain")
	}
	killed := `{"type":"K","status":"KILLED","line":6,"column":12}`
	f, err := read(killed + `,{"type":"K","status":"TIMED OUT","line":6,"column":12},{"type":"K","status":"NOT COVERED","line":1,"column":1},{"type":"B","status":"LIVED","line":6,"column":12}`)
	want := "domain/a.go:t.f B return *x ‸< y"
	if err != nil || f.killed != 1 || f.slow != 1 || len(f.survivors) != 1 || f.survivors[0].String() != want {
		t.Errorf("%+v, %v; want %s", f, err, want)
	}
	for _, wrong := range []string{"", killed + `,{"type":"K","status":"NOT VIABLE","line":6,"column":12}`} {
		if f, err := read(wrong); err == nil {
			t.Errorf("%s is %+v", wrong, f)
		}
	}
}

// TestCopy: what a package's tests need is copied, and its tests run there.
func TestCopy(t *testing.T) {
	t.Chdir("../../..")
	into := t.TempDir()
	if err := copyPackages(t.Context(), "adapters/apigateway", into); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"go.mod", "domain/span.go", "adapters/apigateway/sender_test.go", "adapters/apigateway/testdata"} {
		if _, err := os.Stat(filepath.Join(into, file)); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(filepath.Join(into, "functions")); err == nil {
		t.Error("functions is copied, which it does not need")
	}
	if err := run(t.Context(), "gremlins", []string{"nothing"}, io.Discard); err == nil {
		t.Error("a package that there is none of was judged")
	}
}
