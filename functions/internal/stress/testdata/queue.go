package memory

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"wsecho/domain"
)

// Unreliable is what the queue does on purpose, as the environment says: STRESS_QUEUE is the seed, and the shares of
// deliveries that are handed out twice, come late, and whose worker dies.
var Unreliable = sync.OnceValue(func() *unreliable {
	fields := strings.Split(os.Getenv("STRESS_QUEUE")+",,,", ",")
	seed, _ := strconv.ParseUint(fields[0], 10, 64)
	u := &unreliable{random: rand.New(rand.NewPCG(seed, 1))}
	for i, share := range []*float64{&u.twice, &u.late, &u.killed} {
		*share, _ = strconv.ParseFloat(fields[i+1], 64)
	}
	return u
})

type unreliable struct {
	twice, late, killed float64

	mu     sync.Mutex // Guards random.
	random *rand.Rand
}

// Drawn tells whether chance hits, and picks a time up to a longest one.
func (u *unreliable) Drawn(share float64, longest time.Duration) (hit bool, d time.Duration) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.random.Float64() < share, time.Duration(u.random.Float64() * float64(longest))
}

// delay is by how much a delivery comes late.
func (u *unreliable) delay() time.Duration {
	if hit, d := u.Drawn(u.late, 300*time.Millisecond); hit {
		return d
	}
	return 0
}

// handle lets a worker do its work, twice, or until it dies: then nothing that it tries works any more.
func (u *unreliable) handle(ctx context.Context, d domain.Delivery, handle func(context.Context, domain.Delivery) error) error {
	if hit, _ := u.Drawn(u.twice, 0); hit {
		var both sync.WaitGroup
		both.Go(func() { _ = handle(ctx, d) })
		defer both.Wait()
	}
	hit, after := u.Drawn(u.killed, 20*time.Millisecond)
	if !hit {
		return handle(ctx, d)
	}
	ctx, kill := context.WithTimeout(ctx, after)
	defer kill()
	_ = handle(ctx, d)
	return errors.New("the worker was killed")
}
