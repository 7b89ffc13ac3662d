package main

import "syscall"

// dyingWithParent makes a process end with this one, however this one ends.
func dyingWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
