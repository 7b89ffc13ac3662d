package testserver

import (
	"path/filepath"
	"sync"
	"testing"
)

// Java is a server that a make target installs in a folder of .tools, with its Java arguments in the file java.args.
// One runs for all tests of a binary, and ends with it. It is safe for concurrent use.
type Java struct {
	// Name is for messages, Target is what to make, Folder is where that puts the server.
	Name, Target, Folder string
	// Arguments are those after java.args.
	Arguments func(port int) []string

	mu  sync.Mutex // Guards url, which is empty until the server runs.
	url string
}

// Start returns the base URL of the server, which it starts if no test of this binary did before. The test is skipped
// if the server or Java is not installed, or fails where the environment has CI=true.
func (j *Java) Start(t testing.TB) (url string) {
	t.Helper()
	arguments := Need(t, "java", j.Target, j.Folder, "java.args")
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.url == "" {
		url, err := Server{Name: j.Name, Dir: filepath.Dir(arguments), Command: j.command}.Start()
		if err != nil {
			t.Fatal(err)
		}
		j.url = url
	}
	return j.url
}

// command starts the server with the compiler's first tier alone, which takes half the time.
func (j *Java) command(port int) []string {
	return append([]string{"java", "-XX:TieredStopAtLevel=1", "@java.args"}, j.Arguments(port)...)
}
