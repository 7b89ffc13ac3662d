package main_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
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
	for name, folder := range served(b) {
		b.Run(name, func(b *testing.B) { roundTrips(b, start(b, folder, nil, "-q", "-processes", "2").urls[0]) })
	}
	b.Run("serverless-offline", func(b *testing.B) { roundTrips(b, offline(b)) })
}

// roundTrips measures an echo.
func roundTrips(b *testing.B, url string) {
	const clients = 100
	conns := make([]*gatewaytest.Client, clients)
	for i := range conns {
		conns[i] = gatewaytest.Connect(b, url)
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
}

// offline serves the Node function by serverless-offline, in its own process as that does by default.
func offline(b *testing.B) (url string) {
	b.Helper()
	tools := tool(b, "conformance", "conformance", "node_modules")
	root := folder(b, map[string]string{
		"index.js": echo, "package.json": `{"private":true}`,
		"serverless.yml": `service: echo
provider: {name: aws, runtime: nodejs20.x, stage: dev, websocketsApiRouteSelectionExpression: $request.body.action}
plugins: [serverless-offline]
functions:
  echo:
    handler: index.handler
    timeout: 29
    events: [websocket: {route: $connect}, websocket: {route: $disconnect}, websocket: {route: $default, routeResponseSelectionExpression: $default}]
`})
	if err := os.Symlink(tools, filepath.Join(root, "node_modules")); err != nil {
		b.Fatal(err)
	}
	var ports [3]string
	var held [3]net.Listener // Until all are known.
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		held[i] = l
		_, ports[i], _ = net.SplitHostPort(l.Addr().String())
	}
	for _, l := range held {
		_ = l.Close()
	}
	command := exec.Command("node", "node_modules/osls/bin/serverless.js", "offline", "--host", "127.0.0.1",
		"--httpPort", ports[0], "--lambdaPort", ports[1], "--websocketPort", ports[2])
	command.Dir, command.Env = root, append(os.Environ(), "SLS_TELEMETRY_DISABLED=1", "AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local")
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	until(b, func() bool {
		conn, err := net.Dial("tcp", "127.0.0.1:"+ports[2])
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	return "ws://127.0.0.1:" + ports[2]
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
