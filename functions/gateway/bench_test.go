package main_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"wsecho/adapters/gateway/gatewaytest"
)

// served are the functions that are measured, each in a folder with its template.
func served(b *testing.B) map[string]string {
	return map[string]string{
		"go":   goFolder(b, goTemplate()),
		"node": folder(b, map[string]string{"template.yaml": nodeFunction("Handler: index.handler"), "code/index.js": echo}),
	}
}

// BenchmarkEcho is a message and its answer through API Gateway and a function of two processes, with 100 clients that
// each wait for the answer:
//
//	go test -run '^$' -bench Echo -benchtime 30000x ./functions/gateway
func BenchmarkEcho(b *testing.B) {
	const clients = 100
	for name, folder := range served(b) {
		b.Run(name, func(b *testing.B) {
			p := start(b, folder, nil, "-q", "-processes", "2")
			conns := make([]*gatewaytest.Client, clients)
			for i := range conns {
				conns[i] = gatewaytest.Connect(b, p.urls[0])
			}
			var left atomic.Int64
			left.Store(int64(b.N))
			var all sync.WaitGroup
			b.ResetTimer()
			for i, c := range conns {
				all.Go(func() {
					text := fmt.Sprintf(`{"action":"echo","client":%d}`, i)
					for left.Add(-1) >= 0 {
						c.Send(text)
						if got := c.Message(); got != text {
							b.Errorf("got %s", got)
						}
					}
				})
			}
			all.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "roundtrips/s")
		})
	}
}

// BenchmarkStart is from the start of the command to the first answer:
//
//	go test -run '^$' -bench Start -benchtime 10x ./functions/gateway
func BenchmarkStart(b *testing.B) {
	for name, folder := range served(b) {
		b.Run(name, func(b *testing.B) {
			var total time.Duration
			for range b.N {
				began := time.Now()
				p := start(b, folder, nil, "-q")
				c := gatewaytest.Connect(b, p.urls[0])
				c.Send("hello")
				if got := c.Message(); !strings.Contains(got, "hello") {
					b.Errorf("got %s", got)
				}
				total += time.Since(began)
			}
			b.ReportMetric(total.Seconds()/float64(b.N)*1000, "ms/start")
			b.ReportMetric(0, "ns/op")
		})
	}
}
