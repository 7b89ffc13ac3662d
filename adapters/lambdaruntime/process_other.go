//go:build !unix

package lambdaruntime

import (
	"os"
	"os/exec"
)

const canFreeze = false

func ownGroup(*exec.Cmd) {}

func signalKill(p *os.Process)      { _ = p.Kill() }
func signalTerminate(p *os.Process) { _ = p.Kill() }
func signalStop(*os.Process)        {}
func signalContinue(*os.Process)    {}
