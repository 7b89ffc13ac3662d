package lambdaruntime

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"
)

const (
	// maxLine is how much is kept of one line of output.
	maxLine = 32 << 10
	// lastLines is how many lines are shown of a process that crashed.
	lastLines = 20
)

// output is where the processes of a function write, line by line.
type output struct {
	prefix string

	mu sync.Mutex // Protects following.
	to io.Writer
}

func (o *output) line(text []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, _ = o.to.Write(append(append([]byte(o.prefix), text...), '\n'))
}

// lines splits what one process writes.
type lines struct {
	to *output

	mu     sync.Mutex // Protects following.
	recent [][]byte
}

// copy returns when nothing is left to read.
func (l *lines) copy(from io.Reader) {
	reader := bufio.NewReaderSize(from, maxLine)
	for {
		line, err := reader.ReadSlice('\n')
		if len(line) > 0 {
			l.add(bytes.TrimRight(bytes.Clone(line), "\r\n"))
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			err = l.skip(reader)
		}
		if err != nil {
			return
		}
	}
}

// skip drops the rest of a line that is too long, and says so.
func (l *lines) skip(reader *bufio.Reader) error {
	dropped := 0
	for {
		more, err := reader.ReadSlice('\n')
		dropped += len(more)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		l.add(fmt.Appendf(nil, "… %d bytes more in this line", dropped))
		return err
	}
}

func (l *lines) add(line []byte) {
	l.to.line(line)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.recent = append(l.recent, line)
	if len(l.recent) > lastLines {
		l.recent = l.recent[1:]
	}
}

// last returns the lines that were written last.
func (l *lines) last() [][]byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.recent
}

// tail is what is shown of the output of a process that crashed.
func tail(lines [][]byte) string { return string(bytes.Join(lines, []byte("\n"))) }
