package domain

import (
	"sync"
	"time"
)

const (
	// firstRest is how long a member rests that was throttled or timed out. It doubles with every further time, up to
	// longestRest.
	firstRest   = time.Second
	longestRest = time.Minute
	// stormRest is the longest that a rest grows to while the whole process is throttled: then it is hardly the
	// member's fault.
	stormRest = 8 * time.Second
	// maxResting bounds what is remembered, to a few megabytes.
	maxResting = 10_000
)

// Rests remembers, for a process, which members did not take what was posted to them, so that they cost nobody else
// the time of further posts for a while. It is safe for concurrent use. A nil *Rests remembers nothing.
type Rests struct {
	mu      sync.Mutex // Guards what follows.
	members map[string]rest
}

type rest struct {
	until time.Time
	pause time.Duration
	// tried means that somebody posts to the member, for the first time since it rested.
	tried bool
}

// Left tells how long a member still rests. If that is no time any more, the caller may post to it: afterwards is
// true if the member has rested, and others are told to wait until the outcome of this post is known.
func (r *Rests) Left(connectionID string) (left time.Duration, afterwards bool) {
	if r == nil {
		return 0, false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	m, known := r.members[connectionID]
	now := time.Now()
	switch {
	case !known:
		return 0, false
	case now.Before(m.until):
		return m.until.Sub(now), false
	case now.Sub(m.until) >= longestRest:
		delete(r.members, connectionID)
		return 0, false
	}
	m.until, m.tried = now.Add(postTimeout), true
	r.members[connectionID] = m
	return 0, true
}

// Missed lets a member rest that was throttled or timed out, and returns for how long: longer than the last time,
// unless that was the same time.
func (r *Rests) Missed(connectionID string, storm bool) time.Duration {
	if r == nil {
		return 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	m, known := r.members[connectionID]
	if known && !m.tried && now.Before(m.until) {
		return m.until.Sub(now)
	}
	if !known {
		r.makeRoom()
	}
	m = rest{pause: longer(m.pause, storm)}
	m.until = now.Add(m.pause)
	r.members[connectionID] = m
	return m.pause
}

// longer is the pause that follows another one.
func longer(pause time.Duration, storm bool) time.Duration {
	most := longestRest
	if storm {
		most = stormRest
	}
	return max(pause, min(2*pause, most), firstRest)
}

// makeRoom forgets some member if there are too many. r.mu is held.
func (r *Rests) makeRoom() {
	if r.members == nil {
		r.members = map[string]rest{}
	}
	for id := range r.members {
		if len(r.members) < maxResting {
			return
		}
		delete(r.members, id)
	}
}

// Over ends a member's rest: it has taken a message, or is gone.
func (r *Rests) Over(connectionID string) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.members, connectionID)
}
