package lambdaruntime

import (
	"os/exec"
	"runtime"
)

// starter starts processes from one thread. On Linux the parent whose death a process is told of is the thread that
// started it (prctl(2), PR_SET_PDEATHSIG), and Go's threads may end while the program runs.
type starter struct {
	commands chan *exec.Cmd
	results  chan error
}

func newStarter() *starter {
	s := &starter{commands: make(chan *exec.Cmd), results: make(chan error)}
	go s.run()
	return s
}

func (s *starter) run() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for command := range s.commands {
		s.results <- command.Start()
	}
}

// start is safe for concurrent use: a result is that of a command that was taken before, and one is taken at a time.
func (s *starter) start(command *exec.Cmd) error {
	s.commands <- command
	return <-s.results
}

// stop ends the thread. All that was started must have ended.
func (s *starter) stop() { close(s.commands) }
