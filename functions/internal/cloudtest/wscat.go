package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// testWscat lets two people with wscat talk over the deployed stage, as the README shows it.
func (s stack) testWscat(ctx context.Context, log io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	url, err := s.url(ctx, log)
	if err != nil {
		return err
	}
	program := filepath.Join(s.tools, "wscat", "node_modules", ".bin", "wscat")
	ada, err := openWscat(ctx, log, program, url+"?user=ada")
	if err != nil {
		return err
	}
	defer ada.close()
	bob, err := openWscat(ctx, log, program, url)
	if err != nil {
		return err
	}
	defer bob.close()
	return converse(ada, bob)
}

// converse has ada say something to herself and something to everybody. Whatever of it reaches bob twice or does not
// belong to him comes before the answer to his own last message, since what is for one client arrives in order of
// the posts; the pause is for what may still be on its way.
func converse(ada, bob *wscat) error {
	ada.say(`{"action":"echo","id":"e1","data":{"x":1}}`)
	if err := ada.expect(`echo with id e1`, func(m message) bool { return m.Type == "echo" && m.ID == "e1" }); err != nil {
		return err
	}
	ada.say(`{"action":"broadcast","id":"b1","data":"hello"}`)
	if err := ada.expect(`ack with id b1, sent 1`, func(m message) bool { return m.Type == "ack" && m.ID == "b1" && m.Sent == 1 }); err != nil {
		return err
	}
	if err := bob.expect(`broadcast "hello"`, func(m message) bool { return m.Type == "broadcast" && m.Data == "hello" }); err != nil {
		return err
	}
	time.Sleep(time.Second)
	for _, client := range []*wscat{ada, bob} {
		client.say(`{"action":"echo","id":"last"}`)
		if err := client.expect("echo with id last and nothing before it", func(m message) bool { return m.ID == "last" }); err != nil {
			return err
		}
	}
	return nil
}

// message is what the session looks at in a message from the server.
type message struct {
	Type, ID string
	Data     any
	Sent     int
}

// wscat is one running wscat.
type wscat struct {
	ctx      context.Context
	process  *exec.Cmd
	keyboard io.WriteCloser
	screen   chan string
}

// openWscat starts wscat and returns when its connection is open.
func openWscat(ctx context.Context, log io.Writer, program, url string) (*wscat, error) {
	w := &wscat{ctx: ctx, process: command(ctx, log, program, "-c", url), screen: make(chan string, 100)}
	w.process.Stdout = nil
	out, err := w.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	// Open, or wscat leaves at once.
	if w.keyboard, err = w.process.StdinPipe(); err != nil {
		return nil, err
	}
	if err := w.process.Start(); err != nil {
		return nil, err
	}
	go w.read(io.TeeReader(out, log))
	if err := w.ready(); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

// read takes the lines off wscat's output, which begin with what it would ask for input with.
func (w *wscat) read(out io.Reader) {
	defer close(w.screen)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if line := strings.TrimLeft(lines.Text(), "<> "); line != "" {
			w.screen <- line
		}
	}
}

// ready asks for an echo until it comes: wscat does not say when it is connected, and loses what it is told before.
func (w *wscat) ready() error {
	for range 100 {
		w.say(`{"action":"echo","id":"ready"}`)
		select {
		case line, open := <-w.screen:
			if !open || !strings.Contains(line, `"ready"`) {
				return fmt.Errorf("wscat says %q instead of an echo", line)
			}
			return nil
		case <-w.ctx.Done():
			return w.ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
	return fmt.Errorf("no answer to wscat")
}

func (w *wscat) say(line string) { _, _ = fmt.Fprintln(w.keyboard, line) }

// expect waits for the next message, which has to be as described. Late answers to ready do not count.
func (w *wscat) expect(description string, described func(message) bool) error {
	for {
		select {
		case line, open := <-w.screen:
			var m message
			if err := json.Unmarshal([]byte(line), &m); err == nil && m.ID == "ready" {
				continue
			}
			if !open || !described(m) {
				return fmt.Errorf("got %s, want %s", line, description)
			}
			return nil
		case <-w.ctx.Done():
			return fmt.Errorf("waiting for %s: %w", description, w.ctx.Err())
		}
	}
}

// close ends wscat by the end of its input.
func (w *wscat) close() {
	_ = w.keyboard.Close()
	_ = finish(w.process)
}
