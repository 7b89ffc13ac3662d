package lambdaruntime_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"wsecho/adapters/lambdaruntime"
)

// BenchmarkEcho measures events from 100 callers by two processes.
func BenchmarkEcho(b *testing.B) {
	for _, f := range []lambdaruntime.Function{goFunction(b), node(b, "index.handler"), python(b, "app.lambda_handler")} {
		b.Run(f.Name, func(b *testing.B) {
			f.MaxProcesses = 2
			p, _ := pool(b, f, lambdaruntime.Options{})
			if err := p.Init(b.Context()); err != nil {
				b.Fatal(err)
			}
			b.ResetTimer()
			var wg sync.WaitGroup
			for caller := range 100 {
				wg.Go(func() {
					event := fmt.Appendf(nil, `{"n":%d}`, caller)
					for range (b.N + 99 - caller) / 100 {
						if _, err := p.Invoke(context.Background(), event); err != nil {
							b.Error(err)
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// BenchmarkColdStart measures from New to the first answer.
func BenchmarkColdStart(b *testing.B) {
	for _, f := range []lambdaruntime.Function{goFunction(b), node(b, "index.handler"), python(b, "app.lambda_handler")} {
		b.Run(f.Name, func(b *testing.B) {
			for b.Loop() {
				p, err := lambdaruntime.New(f, lambdaruntime.Options{})
				if err != nil {
					b.Fatal(err)
				}
				if _, err := p.Invoke(context.Background(), []byte(`{}`)); err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				_ = p.Close(context.Background())
				b.StartTimer()
			}
		})
	}
}
