package jwt

import (
	"context"
	"crypto"
	"log/slog"
	"sync"
	"time"
)

const (
	// maxAge is how long keys are used before the next request reads them again. So a key that was published for so
	// long before its first use is always found.
	maxAge = 5 * time.Minute
	// unknownPause is the time between two readings on account of key ids that are not known: anybody can make them up.
	unknownPause = time.Minute
	// readTimeout is how long one reading may take.
	readTimeout = 3 * time.Second
	// firstPause is the time from a failed reading to the next, which doubles up to unknownPause.
	firstPause = time.Second
)

// keySet holds an issuer's keys, which it reads when a request needs them. Requests that need them at the same time
// wait for the same reading. Keys that could not be refreshed stay in use.
//
// Its clock is the one on the wall: the monotonic one may stand still while a Lambda is frozen.
type keySet struct {
	source Source
	logger *slog.Logger

	mu       sync.Mutex // Guards what follows.
	keys     []key
	loaded   time.Time // When the reading that gave keys began; zero before the first.
	tried    time.Time // When the last reading began.
	failures int       // Readings that failed since the last one that did not.
	cause    error     // Why the last one failed.
	flight   chan struct{}
}

// find returns the keys for an algorithm, those with an id if it is not empty. The errors are a refusal with the code
// unauthorized, and keysUnavailable where a current key set might have the key.
func (s *keySet) find(ctx context.Context, id, alg string) ([]crypto.PublicKey, error) {
	if flight := s.refresh(ctx, id, alg); flight != nil {
		select {
		case <-flight:
		case <-ctx.Done():
			return nil, &keysUnavailable{ctx.Err()}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found := fitting(s.keys, id, alg)
	switch {
	case len(found) > 0:
		return found, nil
	case s.stale(wall()):
		return nil, &keysUnavailable{s.cause}
	}
	return nil, unauthorized("the token's key is not known")
}

// refresh returns the reading that a request has to wait for, which it begins if there is none; nil if the keys at
// hand have to do.
func (s *keySet) refresh(ctx context.Context, id, alg string) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := wall()
	stale := s.stale(now)
	switch {
	case !stale && len(fitting(s.keys, id, alg)) > 0:
		return nil
	case s.flight != nil:
		return s.flight
	case within(now.Sub(s.tried), s.pause(stale)):
		return nil
	}
	s.tried, s.flight = now, make(chan struct{})
	// Others wait for it too, so it outlives this request.
	go s.read(context.WithoutCancel(ctx), now)
	return s.flight
}

// read refreshes the keys and lets go whoever waits.
func (s *keySet) read(ctx context.Context, began time.Time) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	keys, err := s.fetch(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.keys, s.loaded, s.failures, s.cause = keys, began, 0, nil
	} else {
		s.failures, s.cause = s.failures+1, err
		s.logger.Warn("the issuer's keys could not be read", "cause", err, "keysFrom", s.loaded, "failures", s.failures)
	}
	close(s.flight)
	s.flight = nil
}

func (s *keySet) fetch(ctx context.Context) ([]key, error) {
	text, err := s.source(ctx)
	if err != nil {
		return nil, err
	}
	return parseKeys(text)
}

// pause is the least time between the last reading and the next.
func (s *keySet) pause(stale bool) time.Duration {
	if !stale {
		return unknownPause
	}
	if s.failures == 0 {
		return 0
	}
	return min(firstPause<<min(s.failures-1, 10), unknownPause)
}

// stale tells whether the keys are too old to say that there is no other.
func (s *keySet) stale(now time.Time) bool {
	return s.loaded.IsZero() || !within(now.Sub(s.loaded), maxAge)
}

// within tells whether less than a limit has passed. A clock that was set back tells nothing.
func within(passed, limit time.Duration) bool { return passed >= 0 && passed < limit }

func wall() time.Time { return time.Now().Round(0) }
