package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"
)

const msg = `{"action":"echo","id":"1","data":{"text":"How vexingly quick daft zebras jump!"}}`

func cpu(pid int) time.Duration {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	f := strings.Fields(string(b[strings.LastIndex(string(b), ")")+2:]))
	u, _ := strconv.Atoi(f[11])
	s, _ := strconv.Atoi(f[12])
	return time.Duration(u+s) * 10 * time.Millisecond
}

// usage: cli N SECONDS server args...
func main() {
	n, _ := strconv.Atoi(os.Args[1])
	secs, _ := strconv.ParseFloat(os.Args[2], 64)
	cmd := exec.Command(os.Args[3], os.Args[4:]...)
	out, _ := cmd.StdoutPipe()
	cmd.Start()
	defer cmd.Process.Kill()
	line, _ := bufio.NewReader(out).ReadString('\n')
	url := strings.TrimSpace(strings.TrimPrefix(line, "listening on "))
	addr := strings.Split(strings.TrimPrefix(url, "ws://"), "/")[0]
	var wg sync.WaitGroup
	var count atomic.Int64
	var stop atomic.Bool
	frame := ws.MustCompileFrame(ws.MaskFrameWith(ws.NewTextFrame([]byte(msg)), [4]byte{1, 2, 3, 4}))
	var conns []net.Conn
	var brs []*bufio.Reader
	for i := 0; i < n; i++ {
		nc, err := net.Dial("tcp", addr)
		if err != nil {
			panic(err)
		}
		fmt.Fprintf(nc, "GET /dev HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", addr)
		br := bufio.NewReader(nc)
		resp, err := http.ReadResponse(br, nil)
		if err != nil || resp.StatusCode != 101 {
			panic(fmt.Sprint(err, resp))
		}
		conns, brs = append(conns, nc), append(brs, br)
	}
	before, t0 := cpu(cmd.Process.Pid), time.Now()
	for i := range conns {
		wg.Go(func() {
			for !stop.Load() {
				conns[i].Write(frame)
				h, err := ws.ReadHeader(brs[i])
				if err != nil {
					panic(err)
				}
				io.CopyN(io.Discard, brs[i], h.Length)
				count.Add(1)
			}
		})
	}
	time.Sleep(time.Duration(secs * float64(time.Second)))
	stop.Store(true)
	wg.Wait()
	el := time.Since(t0)
	c := cpu(cmd.Process.Pid) - before
	fmt.Printf("%s n=%d: %.0f rt/s, server cpu %.1f µs/rt\n", os.Args[3], n, float64(count.Load())/el.Seconds(), float64(c.Microseconds())/float64(count.Load()))
}
