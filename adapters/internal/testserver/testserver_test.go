package testserver_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"wsecho/adapters/internal/testserver"
)

// TestMain lets the test binary play the parts that tests need: a server, one that exits at once, and a test binary
// that is killed.
func TestMain(m *testing.M) {
	if len(os.Args) != 3 || !strings.HasPrefix(os.Args[1], "play-") {
		os.Exit(m.Run())
	}
	switch os.Args[1] {
	case "play-server":
		fmt.Println(http.ListenAndServe("127.0.0.1:"+os.Args[2], http.NotFoundHandler()))
	case "play-failure":
		fmt.Println("no luck with", os.Args[2])
		os.Exit(3)
	case "play-killed":
		fmt.Println(play("server").Start())
		select {}
	}
}

func play(part string) testserver.Server {
	return testserver.Server{Name: part, Command: func(port int) []string {
		return []string{executable(), "play-" + part, fmt.Sprint(port)}
	}}
}

func executable() string {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return self
}

func listens(url string) bool {
	c, err := net.DialTimeout("tcp", strings.TrimPrefix(url, "http://"), time.Second)
	if err != nil {
		return false
	}
	c.Close()
	return true
}

func TestServerAnswersWhenStarted(t *testing.T) {
	url, err := play("server").Start()
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
}

func TestServerDiesWithATestThatIsKilled(t *testing.T) {
	test := exec.Command(executable(), "play-killed", "now")
	out, err := test.StdoutPipe()
	if err == nil {
		err = test.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	url, _, _ := strings.Cut(line, " ")
	if err != nil || !listens(url) {
		t.Fatalf("the server does not listen: %q, %v", line, err)
	}
	if err := test.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = test.Wait()
	for end := time.Now().Add(10 * time.Second); listens(url); {
		if time.Now().After(end) {
			t.Fatal("the server survived its test")
		}
	}
}

func TestServerThatExitsIsStartedAgainAndThenReported(t *testing.T) {
	ports := map[int]bool{}
	server := play("failure")
	command := server.Command
	server.Command = func(port int) []string {
		ports[port] = true
		return command(port)
	}
	_, err := server.Start()
	if err == nil || !strings.Contains(err.Error(), "no luck with") || len(ports) < 2 {
		t.Errorf("Start = %v after ports %v", err, ports)
	}
}

func TestServerThatIsNeverReadyIsReported(t *testing.T) {
	server := play("server")
	server.Timeout = time.Nanosecond
	if url, err := server.Start(); err == nil {
		t.Errorf("Start = %s, want an error", url)
	}
}
