//go:build unix

package main_test

import (
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"wsecho/adapters/gateway/gatewaytest"
)

// busy starts a gateway with one process that has an event which never ends, and one that is idle.
func busy(t *testing.T, temporary string) (*program, *gatewaytest.Client) {
	t.Helper()
	p := start(t, goFolder(t, goTemplate("Timeout: 900")), []string{"TMPDIR=" + temporary})
	hanging, c := gatewaytest.Connect(t, p.urls[0]), gatewaytest.Connect(t, p.urls[0])
	hanging.Send("hang")
	c.Send("hello")
	if got := c.Message(); got != "hello" {
		t.Errorf("got %s", got)
	}
	return p, c
}

// TestInterrupt: clients get a close frame, and what is under way has five seconds.
func TestInterrupt(t *testing.T) { endsBy(t, os.Interrupt) }

// TestClosedTerminal ends it as Ctrl-C does.
func TestClosedTerminal(t *testing.T) {
	// What a process handles, its children have as it is by default, even where nohup has it ignored.
	handled := make(chan os.Signal, 1)
	signal.Notify(handled, syscall.SIGHUP)
	defer signal.Stop(handled)
	endsBy(t, syscall.SIGHUP)
}

func endsBy(t *testing.T, signal os.Signal) {
	temporary := t.TempDir()
	p, c := busy(t, temporary)
	began := time.Now()
	_ = p.command.Process.Signal(signal)
	if code, _ := c.Closed(); code != 1001 {
		t.Errorf("closed with %d", code)
	}
	p.nothingLeft()
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("it took %v", took)
	}
	empty(t, temporary)
}

// TestQuickEnd: with nothing under way, ending is no wait.
func TestQuickEnd(t *testing.T) {
	p := start(t, goFolder(t, goTemplate()), nil)
	c := gatewaytest.Connect(t, p.urls[0])
	c.Send("hello")
	c.Message()
	began := time.Now()
	_ = p.command.Process.Signal(syscall.SIGTERM)
	c.Closed()
	_ = c.Conn.Close()
	p.nothingLeft()
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("it took %v", took)
	}
}

// TestKilled: the second Ctrl-C ends the gateway at once, as SIGKILL does, and its processes notice.
func TestKilled(t *testing.T) {
	for name, signals := range map[string][]os.Signal{"second Ctrl-C": {os.Interrupt, os.Interrupt}, "SIGKILL": {os.Kill}} {
		t.Run(name, func(t *testing.T) {
			temporary := t.TempDir()
			p := launch(t, goFolder(t, goTemplate("Timeout: 900")), []string{"TMPDIR=" + temporary})
			until(t, func() bool { return strings.Contains(p.out.String(), "to end it") })
			url := listening.FindStringSubmatch(p.out.String())[1]
			c := gatewaytest.Connect(t, url)
			c.Send("hang")
			for i, signal := range signals {
				_ = p.command.Process.Signal(signal)
				if i < len(signals)-1 {
					c.Closed()
				}
			}
			began := time.Now()
			if err := p.command.Wait(); err == nil {
				t.Error("it ended well")
			}
			p.nothingLeft()
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("it took %v", took)
			}
			empty(t, temporary)
		})
	}
}

// TestInterruptedStart: a function that takes its time to start doesn't keep the gateway.
func TestInterruptedStart(t *testing.T) {
	need(t, "node")
	temporary, started := t.TempDir(), filepath.Join(t.TempDir(), "started")
	code := "require('fs').writeFileSync('" + started + "', ''); while (true);\n"
	root := folder(t, map[string]string{"template.yaml": nodeFunction("Handler: index.handler"), "code/index.js": code})
	p := launch(t, root, []string{"TMPDIR=" + temporary})
	until(t, func() bool {
		_, err := os.Stat(started)
		return err == nil
	})
	began := time.Now()
	_ = p.command.Process.Signal(os.Interrupt)
	if err := p.command.Wait(); err != nil || time.Since(began) > 8*time.Second {
		t.Errorf("it ended with %v after %v\n%s", err, time.Since(began), p.log.String())
	}
	p.nothingLeft()
	empty(t, temporary)
}
