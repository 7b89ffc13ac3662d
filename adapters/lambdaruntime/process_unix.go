//go:build unix

package lambdaruntime

import (
	"os"
	"os/exec"
	"syscall"
)

// ownGroup gives a command a process group of its own, whose number is that of the process, so that its children can be
// frozen and killed with it, and Ctrl-C is not theirs.
func ownGroup(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithParent(command.SysProcAttr)
}

func signalGroup(p *os.Process, s syscall.Signal) { _ = syscall.Kill(-p.Pid, s) }

func signalKill(p *os.Process)      { signalGroup(p, syscall.SIGKILL) }
func signalTerminate(p *os.Process) { signalGroup(p, syscall.SIGTERM) }
func signalStop(p *os.Process)      { signalGroup(p, syscall.SIGSTOP) }
func signalContinue(p *os.Process)  { signalGroup(p, syscall.SIGCONT) }
