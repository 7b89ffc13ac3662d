package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/gobwas/ws"
)

// hangups lets clients ask to join and hang up at once, and wants them not to be members.
func (r *run) hangups(ctx context.Context) error {
	witnesses, err := r.watchAll(ctx, 8)
	if err != nil {
		return err
	}
	defer r.wantNotReaped(passerBy)
	atOnce(r.size.hangups(), 16, func(i int) {
		chance := r.chance("hang up", i)
		w := witnesses[chance.IntN(len(witnesses))]
		r.joinAndHangUp(ctx, w.room, fmt.Sprint(passerBy, i), time.Duration(chance.Float64()*float64(40*time.Millisecond)))
	})
	return r.leaveNothing(ctx, witnesses)
}

// passerBy is what the names of those begin with who join and hang up.
const passerBy = "passer-by-"

// wantNotReaped wants nobody of some users to have been reaped: their own $disconnect should have let them go, and what
// reaps them hides that it did not.
func (r *run) wantNotReaped(prefix string) {
	for line := range strings.Lines(r.program.log.String()) {
		if user, found := strings.CutPrefix(strings.TrimSpace(line), reaped); found && strings.HasPrefix(user, prefix) {
			r.violated("", "no $disconnect was lost, and %s had to be reaped: there were ghosts", user)
		}
	}
}

// hangups is how many connect in the act of that name.
func (s size) hangups() int { return max(300, s.connects/10) }

// joinAndHangUp asks to join and does not wait for the answer, but a while.
func (r *run) joinAndHangUp(ctx context.Context, room, user string, while time.Duration) {
	token, err := r.issuer.token(user, inAWhile())
	if err != nil {
		return
	}
	s, err := open(ctx, r.url, token)
	if err != nil {
		return // One that the program, or one that was killed, did not take.
	}
	text, _ := json.Marshal(map[string]any{"action": "join", "room": room}) // Strings always encode.
	_ = s.send(ws.NewTextFrame(text))
	_ = pause(ctx, while)
	r.note(room, user, "hangs up %v after asking to join", while.Round(time.Millisecond))
	s.Close()
}
