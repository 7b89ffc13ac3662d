package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"
)

// wscat is one running wscat.
type wscat struct {
	name     string
	process  *exec.Cmd
	keyboard io.WriteCloser
	screen   chan string // closed when wscat ends
}

// startWscat starts wscat with a URL and further options.
func startWscat(ctx context.Context, log io.Writer, program, name, url string, options ...string) (*wscat, error) {
	w := &wscat{
		name:    name,
		process: command(ctx, log, program, append([]string{"-c", url}, options...)...),
		screen:  make(chan string, 100),
	}
	w.process.Stdout = nil
	out, err := w.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	// It has to stay open, or wscat leaves at once.
	if w.keyboard, err = w.process.StdinPipe(); err != nil {
		return nil, err
	}
	if err := w.process.Start(); err != nil {
		return nil, err
	}
	go w.read(io.TeeReader(out, log))
	return w, nil
}

// read takes lines off the screen, which may begin with wscat's prompt.
func (w *wscat) read(out io.Reader) {
	defer close(w.screen)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if line := strings.TrimLeft(lines.Text(), "<> "); line != "" {
			w.screen <- line
		}
	}
}

// connected asks for an echo until it comes: wscat does not say when it is connected, and loses what it is told
// before.
func (w *wscat) connected(ctx context.Context) error {
	for {
		w.say(`{"action":"echo","id":"ready"}`)
		select {
		case line, open := <-w.screen:
			if !open || !strings.Contains(line, `"ready"`) {
				return fmt.Errorf("%s got %q instead of a connection", w.name, line)
			}
			return nil
		case <-ctx.Done():
			return fmt.Errorf("%s got no connection: %w", w.name, ctx.Err())
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// say types a line.
func (w *wscat) say(line string) { _, _ = fmt.Fprintln(w.keyboard, line) }

// close ends wscat by the end of its input.
func (w *wscat) close() {
	_ = w.keyboard.Close()
	_ = finish(w.process)
}
