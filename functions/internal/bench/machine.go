package main

import (
	"context"
	"debug/buildinfo"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"
)

// machine says where and when figures were measured, and of which commit.
func machine(ctx context.Context, root string) string {
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	git := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty")
	git.Dir = root
	commit, _ := git.Output() // Without git the page doesn't tell.
	return fmt.Sprintf("Measured on %s, commit %s, with %s %s/%s, Linux %s, %d cores (%s).\n\n",
		time.Now().UTC().Format(time.DateOnly), or(commit, "unknown"), runtime.Version(), runtime.GOOS, runtime.GOARCH,
		or(kernel, "unknown"), runtime.NumCPU(), processor())
}

func or(text []byte, otherwise string) string {
	if s := strings.TrimSpace(string(text)); s != "" {
		return s
	}
	return otherwise
}

// processor is the model's name.
func processor() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(info)) {
		if key, value, _ := strings.Cut(line, ":"); strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown model"
}

// versions lists the modules that the measured binaries are built of.
func (b *bench) versions() (string, error) {
	modules := map[string]bool{}
	for _, binary := range b.built {
		info, err := buildinfo.ReadFile(binary)
		if err != nil {
			return "", err
		}
		for _, m := range info.Deps {
			modules["- "+m.Path+" "+m.Version] = true
		}
	}
	if b.peers {
		packages, err := b.peerVersions()
		if err != nil {
			return "", err
		}
		for _, line := range packages {
			modules[line] = true
		}
	}
	return "## Versions\n\n" + strings.Join(slices.Sorted(maps.Keys(modules)), "\n") + "\n", nil
}
