// Command gobwas is a WebSocket server with as little as possible around github.com/gobwas/ws: it sends every message
// back, or with -all to every client. It ends with a signal.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"sync"

	"github.com/gobwas/ws"
)

func main() {
	all := flag.Bool("all", false, "send every message to every client")
	flag.Parse()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening on ws://%s/\n", listener.Addr())
	h := hub{clients: map[net.Conn]bool{}}
	for {
		conn, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go h.serve(conn, *all)
	}
}

// hub is all clients. With -all, one message at a time is sent, so that messages don't mix.
type hub struct {
	mu      sync.Mutex
	clients map[net.Conn]bool
}

func (h *hub) serve(conn net.Conn, all bool) {
	defer conn.Close()
	reader := bufio.NewReader(conn)
	if err := h.enter(reader, conn); err != nil {
		return
	}
	defer h.leave(conn)
	for {
		frame, err := ws.ReadFrame(reader)
		if err != nil || frame.Header.OpCode == ws.OpClose {
			return
		}
		frame = ws.UnmaskFrameInPlace(frame)
		answer := ws.MustCompileFrame(ws.NewFrame(frame.Header.OpCode, true, frame.Payload))
		if !all {
			_, err = conn.Write(answer)
		} else {
			h.toAll(answer)
		}
		if err != nil {
			return
		}
	}
}

// enter upgrades a connection: who is told so gets every message from then on.
func (h *hub) enter(reader io.Reader, conn net.Conn) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, err := ws.Upgrade(struct {
		io.Reader
		io.Writer
	}{reader, conn}); err != nil {
		return err
	}
	h.clients[conn] = true
	return nil
}

func (h *hub) leave(conn net.Conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.clients, conn)
}

func (h *hub) toAll(frame []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for conn := range h.clients {
		_, _ = conn.Write(frame) // Who is gone leaves by itself.
	}
}
