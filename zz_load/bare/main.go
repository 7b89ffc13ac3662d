package main

import (
	"bufio"
	"fmt"
	"net"

	"github.com/gobwas/ws"
)

func main() {
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	fmt.Println("listening on ws://" + l.Addr().String() + "/dev")
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			if _, err := ws.Upgrade(c); err != nil {
				return
			}
			br := bufio.NewReader(c)
			for {
				h, err := ws.ReadHeader(br)
				if err != nil {
					return
				}
				p := make([]byte, h.Length)
				for n := 0; n < len(p); {
					k, err := br.Read(p[n:])
					if err != nil {
						return
					}
					n += k
				}
				ws.Cipher(p, h.Mask, 0)
				ws.WriteFrame(c, ws.NewTextFrame(p))
			}
		}()
	}
}
