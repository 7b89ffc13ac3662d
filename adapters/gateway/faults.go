package gateway

import (
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"
)

// Faults are misbehaviours that handlers meet on AWS now and then, here on request. The zero value has none.
type Faults struct {
	// DisconnectLost is the share of connections, 0 to 1, whose $disconnect never comes.
	DisconnectLost float64
	// DisconnectTwice is the share of connections, 0 to 1, whose $disconnect comes twice.
	DisconnectTwice float64
	// DisconnectDelay lets $disconnect come late.
	DisconnectDelay time.Duration
	// MessageDelay holds every message before its handler, so that a client that sends and closes at once has its
	// $disconnect handled first.
	MessageDelay time.Duration
	// PostDelay makes every call of /@connections slow.
	PostDelay time.Duration
	// GhostPosts answers 200 to the first post to a connection whose client vanished without a close frame, as AWS was
	// seen to do; later ones are answered 410.
	GhostPosts bool
	// Seed of the random choices. 0 picks one, and logs it, if a choice is random at all.
	Seed uint64
}

func (f Faults) validate() error {
	for _, share := range []float64{f.DisconnectLost, f.DisconnectTwice} {
		if share < 0 || share > 1 {
			return errors.New("gateway: the share of lost or doubled $disconnects is between 0 and 1")
		}
	}
	if f.DisconnectLost+f.DisconnectTwice > 1 {
		return errors.New("gateway: the shares of lost and doubled $disconnects exceed 1 together")
	}
	if min(f.DisconnectDelay, f.MessageDelay, f.PostDelay) < 0 {
		return errors.New("gateway: a delay is negative")
	}
	return nil
}

// faults does what Faults says.
type faults struct {
	Faults
	mu     sync.Mutex // Protects following.
	random *rand.Rand
	ghosts map[string]bool
}

// maxGhosts bounds what is remembered of clients that vanished.
const maxGhosts = 10000

func newFaults(f Faults, log *slog.Logger) *faults {
	if f.Seed == 0 {
		f.Seed = rand.Uint64()
	}
	if f.DisconnectLost+f.DisconnectTwice > 0 {
		log.Info("faults are chosen at random", "seed", f.Seed)
	}
	return &faults{Faults: f, random: rand.New(rand.NewPCG(f.Seed, 0)), ghosts: map[string]bool{}}
}

// disconnects is how many times $disconnect is invoked for the next connection.
func (f *faults) disconnects() int {
	if f.DisconnectLost+f.DisconnectTwice == 0 {
		return 1
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch p := f.random.Float64(); {
	case p < f.DisconnectLost:
		return 0
	case p < f.DisconnectLost+f.DisconnectTwice:
		return 2
	}
	return 1
}

func (f *faults) holdDisconnect() { hold(f.DisconnectDelay) }
func (f *faults) holdMessage()    { hold(f.MessageDelay) }
func (f *faults) holdPost()       { hold(f.PostDelay) }

func hold(d time.Duration) {
	if d > 0 {
		time.Sleep(d)
	}
}

// vanished remembers a client that is gone without a close frame.
func (f *faults) vanished(id string) {
	if !f.GhostPosts {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.ghosts) < maxGhosts {
		f.ghosts[id] = true
	}
}

// ghost reports, once, that a connection is to be taken for alive.
func (f *faults) ghost(id string) bool {
	if !f.GhostPosts {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	was := f.ghosts[id]
	delete(f.ghosts, id)
	return was
}
