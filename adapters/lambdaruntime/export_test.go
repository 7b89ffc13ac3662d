package lambdaruntime

// Busy is how many processes have an event that they know of.
func (p *Pool) Busy() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for pr := range p.processes {
		if pr.state == running && len(pr.events) == 0 {
			n++
		}
	}
	return n
}

// Idle is how many processes wait for an event.
func (p *Pool) Idle() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.idle)
}

// Waiting is how many events wait for a process.
func (p *Pool) Waiting() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.waiting)
}
