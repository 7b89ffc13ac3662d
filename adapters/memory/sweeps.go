package memory

import "time"

const sweepEvery = time.Minute

// Sweeps tells when to look for what has expired: once a minute, while somebody asks for something. Its zero value begins
// with the first question. It is not safe for concurrent use: what it belongs to has a lock.
type Sweeps struct{ next time.Time }

// Due tells whether it is time, and counts on being heard: the next time is a minute later.
func (s *Sweeps) Due() bool {
	now := time.Now()
	if now.Before(s.next) {
		return false
	}
	s.next = now.Add(sweepEvery)
	return true
}

// Living is what lives of a map, in one of its size: a map from which much is deleted stays as large as it was. If all
// lives, it is the same map.
func Living[K comparable, V any](all map[K]V, lives func(V) bool) map[K]V {
	kept := map[K]V{}
	for key, value := range all {
		if lives(value) {
			kept[key] = value
		}
	}
	if len(kept) == len(all) {
		return all
	}
	return kept
}
