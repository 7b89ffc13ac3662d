package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
)

// survivor is a change that no test notices. It has no number of a line, which every other change would move.
type survivor struct {
	function string // As in domain/span.go:Span.share.
	kind     string // What gremlins did, such as CONDITIONALS_BOUNDARY, which makes < of <=.
	code     string // The line, with a mark before what was changed.
}

// mark stands before what was changed.
const mark = "‸"

// String is a line of the list, without its reason.
func (s survivor) String() string { return s.function + " " + s.kind + " " + s.code }

// list is what survivors.txt says.
type list []survivor

// parseList reads the list: a reason in lines that begin with #, and under it the survivors that it is of, up to an
// empty line.
func parseList(text string) (all list, err error) {
	reason := false
	for number, line := range strings.Split(text, "\n") {
		switch line = strings.TrimSpace(line); {
		case line == "":
			reason = false
		case strings.HasPrefix(line, "#"):
			reason = true
		default:
			fields := strings.SplitN(line, " ", 3)
			if len(fields) < 3 || !strings.Contains(fields[2], mark) {
				return nil, fmt.Errorf("survivors.txt:%d: want file:function KIND code, with %s before what is changed", number+1, mark)
			}
			if !reason {
				return nil, fmt.Errorf("survivors.txt:%d: there is no reason above it", number+1)
			}
			all = append(all, survivor{fields[0], fields[1], fields[2]})
		}
	}
	return all, nil
}

// of are those in a package.
func (l list) of(folder string) (some []survivor) {
	for _, s := range l {
		file, _, _ := strings.Cut(s.function, ":")
		if filepath.ToSlash(filepath.Dir(file)) == folder {
			some = append(some, s)
		}
	}
	return some
}

// readReport reads what gremlins found in a package, whose sources are in a folder.
func readReport(report, sources, folder string) (f findings, err error) {
	var read struct {
		Files []struct {
			Name      string `json:"file_name"`
			Mutations []struct {
				Type, Status string
				Line, Column int
			}
		}
	}
	text, err := os.ReadFile(report)
	if err == nil {
		err = json.Unmarshal(text, &read)
	}
	if err != nil {
		return f, err
	}
	for _, file := range read.Files {
		for _, m := range file.Mutations {
			switch m.Status {
			case "KILLED":
				f.killed++
			case "TIMED OUT":
				f.slow++
			case "LIVED":
				s, err := locate(filepath.Join(sources, file.Name), m.Line, m.Column)
				if err != nil {
					return f, err
				}
				s.function, s.kind = folder+"/"+file.Name+":"+s.function, m.Type
				f.survivors = append(f.survivors, s)
			case "NOT COVERED":
			default:
				return f, fmt.Errorf("%s:%d: gremlins says %q", file.Name, m.Line, m.Status)
			}
		}
	}
	if f.killed == 0 {
		err = errors.New("gremlins changed nothing that a test noticed")
	}
	return f, err
}

// locate finds the function and the code of a place.
func locate(file string, line, column int) (s survivor, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return s, err
	}
	code := strings.Split(string(text), "\n")[line-1]
	s.code = strings.TrimSpace(code[:column-1] + mark + code[column-1:])
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, file, text, 0)
	if err != nil {
		return s, err
	}
	for _, declaration := range parsed.Decls {
		f, ok := declaration.(*ast.FuncDecl)
		if ok && files.Position(f.Pos()).Line <= line && line <= files.Position(f.End()).Line {
			s.function = functionName(f)
		}
	}
	return s, nil
}

// functionName is Type.Method, or the name alone.
func functionName(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return f.Name.Name
	}
	receiver := f.Recv.List[0].Type
	if pointer, ok := receiver.(*ast.StarExpr); ok {
		receiver = pointer.X
	}
	if name, ok := receiver.(*ast.Ident); ok {
		return name.Name + "." + f.Name.Name
	}
	return f.Name.Name
}
