package lambdaruntime_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wsecho/adapters/lambdaruntime"
)

// gatewayVariable makes the test binary a program that runs a function whose folder it holds, until it is killed.
const gatewayVariable = "LAMBDARUNTIME_TEST_GATEWAY"

// beGateway leaves one process idle, and with children that are frozen with it, and one with an event.
func beGateway() {
	f := lambdaruntime.Function{Name: "Go", Runtime: "provided.al2023", Dir: os.Getenv(gatewayVariable), Timeout: time.Hour, Env: []string{"INIT=children"}}
	p, err := lambdaruntime.New(f, lambdaruntime.Options{})
	if err != nil {
		panic(err)
	}
	go func() { _, _ = p.Invoke(context.Background(), []byte(`{"do":"hang"}`)) }()
	for p.Busy() != 1 {
		<-time.After(time.Millisecond)
	}
	pid, err := p.Invoke(context.Background(), []byte(`{"do":"pid"}`))
	fmt.Println(string(pid), err)
	select {}
}

// TestKilledGatewayLeavesNothingBehind: all that it starts inherits the other end of a pipe, which ends with the last.
func TestKilledGatewayLeavesNothingBehind(t *testing.T) {
	life, end, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer life.Close()
	temporary := t.TempDir()
	gateway := exec.Command(os.Args[0])
	gateway.Env = append(os.Environ(), gatewayVariable+"="+goFunction(t).Dir, "TMPDIR="+temporary)
	gateway.ExtraFiles = []*os.File{end}
	gateway.Stderr = os.Stderr
	out, err := gateway.StdoutPipe()
	if err == nil {
		err = gateway.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	_ = end.Close()
	line, err := bufio.NewReader(out).ReadString('\n')
	var pid int
	if _, scanned := fmt.Sscanf(line, "%d <nil>", &pid); scanned != nil || err != nil {
		t.Fatalf("the gateway wrote %q, %v", line, err)
	}
	until(t, func() bool { return processState(pid) == "T" })
	children := descendants(pid)
	if len(children) != 1 || processState(children[0]) != "T" {
		t.Errorf("the children of the frozen process are %v", children)
	}
	if err := gateway.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = gateway.Wait()
	_ = life.SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.ReadAll(life); err != nil {
		t.Errorf("something is left: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(temporary, "*")); len(left) > 0 {
		t.Errorf("files are left: %s", strings.Join(left, ", "))
	}
}
