package gateway

import "sync"

// workers counts what a shutdown waits for. Unlike a sync.WaitGroup it may be added to while somebody waits, which
// happens here: a connection that is closed starts its $disconnect.
type workers struct {
	mu      sync.Mutex // Protects following.
	n       int
	refused bool
	done    chan struct{} // Closed when n reaches 0; nil while nobody waits.
}

// Enter counts a new connection, unless none are wanted any more.
func (w *workers) Enter() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refused {
		return false
	}
	w.n++
	return true
}

// Add counts work that belongs to something already counted.
func (w *workers) Add(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.n += n
}

// Done ends what Enter or Add began.
func (w *workers) Done() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.n--
	if w.n == 0 && w.done != nil {
		close(w.done)
		w.done = nil
	}
}

func (w *workers) refuse() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refused = true
}

// refusing reports whether refuse was called.
func (w *workers) refusing() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.refused
}

// idle returns a channel that is closed when nothing is left to wait for.
func (w *workers) idle() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.done == nil {
		w.done = make(chan struct{})
	}
	ch := w.done
	if w.n == 0 {
		close(ch)
		w.done = nil
	}
	return ch
}
