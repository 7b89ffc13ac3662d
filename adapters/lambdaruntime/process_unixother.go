//go:build unix && !linux

package lambdaruntime

import "syscall"

const canFreeze = false

func dieWithParent(*syscall.SysProcAttr) {}
