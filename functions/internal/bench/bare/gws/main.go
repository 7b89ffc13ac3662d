// Command gws is a WebSocket server that sends every message back, with as little as possible around
// github.com/lxzan/gws. It ends with a signal.
package main

import (
	"fmt"
	"log"
	"net"
	"net/http"

	"github.com/lxzan/gws"
)

type echo struct{ gws.BuiltinEventHandler }

// OnMessage implements gws.Event.
func (echo) OnMessage(socket *gws.Conn, message *gws.Message) {
	defer message.Close()
	_ = socket.WriteMessage(message.Opcode, message.Bytes())
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening on ws://%s/\n", listener.Addr())
	upgrader := gws.NewUpgrader(echo{}, nil)
	log.Fatal(http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if socket, err := upgrader.Upgrade(w, r); err == nil {
			go socket.ReadLoop()
		}
	})))
}
