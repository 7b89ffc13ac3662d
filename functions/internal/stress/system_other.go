//go:build !linux

package main

import "syscall"

func dyingWithParent() *syscall.SysProcAttr { return nil }
