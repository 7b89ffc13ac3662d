//go:build !linux

package main

import (
	"errors"
	"syscall"
	"time"
)

func dyingWithParent() *syscall.SysProcAttr { return nil }

func processorTime(int) (time.Duration, error) {
	return 0, errors.New("the processor time of another process can be read on Linux only")
}
