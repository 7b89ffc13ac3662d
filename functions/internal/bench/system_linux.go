package main

import (
	"syscall"
	"time"
	"unsafe"
)

// dyingWithParent makes a process end with this one, however this one ends.
func dyingWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

// processorTime is what a process has used so far, in user mode and in the kernel. It is read from the process's
// clock, which counts nanoseconds (/proc/<pid>/stat counts hundredths of a second); clock_getcpuclockid(3) makes the
// clock's number in this way.
func processorTime(pid int) (time.Duration, error) {
	var t syscall.Timespec
	clock := ^pid<<3 | 2
	if _, _, err := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, uintptr(clock), uintptr(unsafe.Pointer(&t)), 0); err != 0 {
		return 0, err
	}
	return time.Duration(t.Nano()), nil
}
