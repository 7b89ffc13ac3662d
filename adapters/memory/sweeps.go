package memory

import "time"

// sweepEvery is how often what has expired is looked for, while somebody asks for something.
const sweepEvery = time.Minute

// sweeps tells when to look for what has expired. Its zero value begins with the first question.
type sweeps struct{ next time.Time }

// due tells whether it is time, and counts on being heard.
func (s *sweeps) due() bool {
	now := time.Now()
	if now.Before(s.next) {
		return false
	}
	s.next = now.Add(sweepEvery)
	return true
}

// living is what lives of a map, in one of its size: a map from which much is deleted stays as large as it was.
func living[K comparable, V any](all map[K]V, lives func(V) bool) map[K]V {
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
