package lambdaruntime_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// until returns when a condition holds.
func until(t testing.TB, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !holds(); waited(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it never happened")
		}
	}
}

// waited lets other processes have the processor. It returns false so that it can stand at the end of a condition.
func waited(d time.Duration) bool {
	<-time.After(d)
	return false
}

// processState is the letter of /proc, such as T for a stopped process; empty if there is none.
func processState(pid int) string {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return ""
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	return fields[0]
}

// gone tells whether a process has ended, whether or not its parent has asked.
func gone(pid int) bool {
	state := processState(pid)
	return state == "" || state == "Z" || state == "X"
}

func untilGone(t testing.TB, pid int) {
	t.Helper()
	until(t, func() bool { return gone(pid) })
}

// descendants are the processes whose parent is the process.
func descendants(parent int) (pids []int) {
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range files {
		stat, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil && fields[1] == strconv.Itoa(parent) {
			pids = append(pids, pid)
		}
	}
	return pids
}
