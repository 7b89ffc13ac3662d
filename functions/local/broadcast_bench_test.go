package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// BenchmarkBroadcast sends broadcasts to many clients, each of which must get each one exactly once. The program
// runs in a process of its own.
func BenchmarkBroadcast(b *testing.B) {
	clients := 2000
	if n, err := strconv.Atoi(os.Getenv("CLIENTS")); err == nil {
		clients = n
	}
	for _, test := range []struct {
		name  string
		flags []string
	}{
		{"default", nil},
		{"limit=2000", []string{"-post-rate", "2000", "-callback-rate", "2000"}},
	} {
		b.Run(fmt.Sprintf("clients=%d/%s", clients, test.name), func(b *testing.B) {
			program := startProgram(b, test.flags...)
			audience := newAudience(b, program.url, clients)
			before := program.rss(b)
			var reached []time.Duration
			for b.Loop() {
				reached = append(reached, audience.broadcast(b)...)
			}
			audience.wantNoMore(b)
			report(b, reached, clients)
			b.ReportMetric(before, "MB-before")
			b.ReportMetric(program.rss(b), "MB-after")
		})
	}
}

// report shows when the clients had a message, counted from its being sent.
func report(b *testing.B, reached []time.Duration, clients int) {
	slices.Sort(reached)
	at := func(share float64) float64 {
		return float64(reached[int(share*float64(len(reached)-1))].Microseconds()) / 1000
	}
	b.ReportMetric(at(0.5), "p50-ms")
	b.ReportMetric(at(0.99), "p99-ms")
	b.ReportMetric(float64(clients*b.N)/b.Elapsed().Seconds(), "received/s")
}

// program is the local program in a process of its own.
type program struct {
	url     string
	process *exec.Cmd
}

func startProgram(b *testing.B, flags ...string) program {
	b.Helper()
	binary := filepath.Join(b.TempDir(), "local")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		b.Fatalf("building: %v\n%s", err, out)
	}
	process := exec.Command(binary, append([]string{"-addr", "127.0.0.1:0", "-q", "-messages-per-minute", "0"}, flags...)...)
	process.Stderr = os.Stderr
	stdout, _ := process.StdoutPipe()
	if err := process.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		process.Process.Signal(os.Interrupt)
		process.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return program{strings.TrimSpace(strings.TrimPrefix(line, "listening on ")), process}
}

var rssLine = regexp.MustCompile(`VmRSS:\s+(\d+) kB`)

// rss is the memory that the program uses, in megabytes.
func (p program) rss(b *testing.B) float64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.process.Process.Pid))
	match := rssLine.FindSubmatch(status)
	if err != nil || match == nil {
		b.Skip("the memory of a process is read from /proc")
	}
	kilobytes, _ := strconv.ParseFloat(string(match[1]), 64)
	return kilobytes / 1024
}
