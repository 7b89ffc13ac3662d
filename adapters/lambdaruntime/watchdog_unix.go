//go:build unix

package lambdaruntime

import (
	"fmt"
	"io"
	"os/exec"
	"sync"
	"syscall"
)

// watchdogScript kills the process groups that it was told of when its standard input ends, which the system brings
// about whatever way this program ends. Then it removes the folder of the shims.
const watchdogScript = `trap '' INT TERM HUP
groups=' '
while read -r what group; do
	case $what in
	add) groups="$groups$group " ;;
	remove) case $groups in *" $group "*) groups="${groups%% $group *} ${groups#* $group }" ;; esac ;;
	esac
done
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
[ -z "$1" ] || rm -rf -- "$1"`

// watchdog is a shell that outlives this program by a moment, so that nothing that it started does. What it watches may
// be frozen, and have children that no signal at a parent's death would reach.
type watchdog struct {
	shims string

	mu      sync.Mutex // Protects following.
	command *exec.Cmd  // Nil until there is something to watch.
	input   io.WriteCloser
}

func newWatchdog(shims string) *watchdog { return &watchdog{shims: shims} }

// add watches a process group.
func (w *watchdog) add(group int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.command == nil && !w.start() {
		return
	}
	fmt.Fprintln(w.input, "add", group)
}

// start reports whether there is a shell. Without one, the signal at the parent's death is all there is.
func (w *watchdog) start() bool {
	command := exec.Command("/bin/sh", "-c", watchdogScript, "lambdaruntime-watchdog", w.shims)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	input, err := command.StdinPipe()
	if err != nil || command.Start() != nil {
		return false
	}
	w.command, w.input = command, input
	return true
}

// remove watches a process group no longer.
func (w *watchdog) remove(group int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.command != nil {
		fmt.Fprintln(w.input, "remove", group)
	}
}

// stop ends the shell. Nothing must be watched any more.
func (w *watchdog) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.command != nil {
		_ = w.input.Close()
		_ = w.command.Wait()
	}
}
