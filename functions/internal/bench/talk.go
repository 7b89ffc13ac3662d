package main

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// talk is a room in which members speak.
type talk struct {
	roomSettings
	lines       int
	members     []*member
	began       time.Time
	outstanding atomic.Int64  // Acks, and lines that somebody doesn't have yet.
	complete    chan struct{} // Closed when nothing is outstanding.
	heard       atomic.Int64  // When the last frame came, in Unix nanoseconds.
	reading     sync.WaitGroup
	failures    chan error // Of those who read.
	heralded    func(number int, at time.Time)
}

// playRoom plays the role room.
func playRoom(ctx context.Context, s roomSettings, begin func()) (f roomFigures, err error) {
	t := newTalk(s)
	if err := t.assemble(ctx); err != nil {
		return f, err
	}
	t.waitForQuiet(ctx)
	begin()
	err = t.converse(ctx)
	return t.end(), err
}

func newTalk(s roomSettings) *talk {
	t := &talk{
		roomSettings: s, lines: int(float64(s.Rate) * s.Talk.Seconds()),
		complete: make(chan struct{}), failures: make(chan error, s.Members), heralded: func(int, time.Time) {},
	}
	t.outstanding.Store(int64(t.lines * t.listeners()))
	return t
}

// listeners is how many members are to have the lines.
func (t *talk) listeners() int {
	if t.Deaf {
		return t.Members - 1
	}
	return t.Members
}

// assemble has all members join and read.
func (t *talk) assemble(ctx context.Context) error {
	if err := t.join(ctx); err != nil {
		return err
	}
	if t.Deaf {
		deaf := t.members[t.Members-1]
		t.members = t.members[:t.Members-1]
		if err := deaf.client.clog(ctx, t.URL); err != nil {
			return err
		}
	}
	for _, m := range t.members {
		t.reading.Go(func() { t.failures <- m.read() })
	}
	return nil
}

// end hangs up, and returns what was found.
func (t *talk) end() roomFigures {
	for _, m := range t.members {
		m.client.conn.Close()
	}
	t.reading.Wait()
	return t.figures()
}

// join connects all members and lets them enter the room.
func (t *talk) join(ctx context.Context) error {
	clients, err := dialAll(ctx, t.URL, t.Members)
	if err != nil {
		return err
	}
	for i, c := range clients {
		t.members = append(t.members, newMember(t, i, c))
	}
	return together(20, t.Members, func(i int) error { return t.members[i].join() })
}

// quiet is how long nothing must come before the talk begins: small rooms announce who joined.
const quiet = 300 * time.Millisecond

func (t *talk) waitForQuiet(ctx context.Context) {
	for t.heard.Store(time.Now().UnixNano()); ctx.Err() == nil; {
		silence := time.Since(time.Unix(0, t.heard.Load()))
		if silence >= quiet {
			return
		}
		_ = pause(ctx, quiet-silence)
	}
}

// converse has the speakers speak, and returns when everybody has everything or the tail is over.
func (t *talk) converse(ctx context.Context) error {
	t.began = time.Now()
	spoken := make(chan error, 1)
	go func() {
		n := t.speakers()
		spoken <- together(n, n, func(speaker int) error { return t.members[speaker].speak(ctx) })
	}()
	end := time.After(t.Talk + t.Tail)
	for {
		select {
		case err := <-spoken:
			if err != nil {
				return err
			}
			spoken = nil
		case err := <-t.failures:
			return err
		case <-t.complete:
			return nil
		case <-end:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// speakers is how many members speak: those with the lowest numbers, in turn.
func (t *talk) speakers() int { return min(maxSpeakers, t.Members) }

// speaker is the member that says a line.
func (t *talk) speaker(line int) *member { return t.members[line%t.speakers()] }

// due is when a line is to be sent.
func (t *talk) due(line int) time.Time {
	return t.began.Add(time.Duration(float64(line) / float64(t.Rate) * float64(time.Second)))
}

// settle counts one that is not outstanding any more.
func (t *talk) settle() {
	if t.outstanding.Add(-1) == 0 {
		close(t.complete)
	}
}

// figures adds up what the members noted. Nobody reads any more.
func (t *talk) figures() (f roomFigures) {
	var took, acks []time.Duration
	last := t.began
	for _, m := range t.members {
		f.Frames, f.Entries, f.Errors = f.Frames+m.frames, f.Entries+m.entries, f.Errors+m.errors
		f.Doubled, f.Dropped = f.Doubled+m.doubled, f.Dropped+m.dropped
		took, acks = append(took, m.took...), append(acks, m.acks...)
		if m.last.After(last) {
			last = m.last
		}
	}
	slices.Sort(took)
	slices.Sort(acks)
	f.Lines, f.Acked, f.Lost, f.Took = t.lines, len(acks), t.lost(), last.Sub(t.began)
	f.P50, f.P99 = quantile(took, 0.5), quantile(took, 0.99)
	f.AckP50, f.AckP99 = quantile(acks, 0.5), quantile(acks, 0.99)
	return f
}

// lost counts acknowledged lines that members don't have, each for each of them.
func (t *talk) lost() (lost int) {
	for line := range t.lines {
		speaker := t.speaker(line)
		for _, m := range t.members {
			if speaker.acked[line] && m != speaker && !m.has[line] {
				lost++
			}
		}
	}
	return lost
}
