// Command serve plays the scenarios to clients that are not written in Go: number n, from 0 on, at ws://…/n, and tells
// with GET http://…/n how it found the client. It prints its address, and ends with its input.
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"

	"wsecho/adapters/client/clienttest"
)

func main() {
	all, err := clienttest.Scenarios()
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	for n, scenario := range all {
		mux.Handle(fmt.Sprint("/", n), clienttest.New(scenario))
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go http.Serve(listener, mux)
	fmt.Println(listener.Addr())
	_, _ = io.Copy(io.Discard, os.Stdin)
}
