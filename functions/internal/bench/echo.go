package main

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"
)

// echoMessage is what is sent; every answer contains echoText.
const (
	echoText    = "How vexingly quick daft zebras jump!"
	echoMessage = `{"action":"echo","id":"1","data":{"text":"` + echoText + `"}}`
)

// echoSettings are those of the role echo: connections that each send a message when the one before is answered.
type echoSettings struct {
	URL         string
	Connections int
	Warmup      time.Duration
	Interval    time.Duration
}

// echoFigures are what one measurement finds.
type echoFigures struct {
	RoundTrips int
	Took       time.Duration
	P50, P99   time.Duration
	Processor  time.Duration // The server's, for all round trips.
}

func (f echoFigures) perSecond() float64 { return float64(f.RoundTrips) / f.Took.Seconds() }
func (f echoFigures) processor() float64 { return microseconds(f.Processor) / float64(f.RoundTrips) }
func (f echoFigures) p50() float64       { return milliseconds(f.P50) }
func (f echoFigures) p99() float64       { return milliseconds(f.P99) }

// echo compares round trips.
func (b *bench) echo(ctx context.Context) (section, error) {
	s, err := b.echoBeside(ctx, []contestant{local(), gobwas(), gws(), logging()})
	s.title = "Echo"
	s.about = "Connections that each send a message of " + fmt.Sprint(len(echoMessage)) + " bytes when the one before is answered. " +
		"wsEcho answers by way of API Gateway's event and the deployed handler, with the connection's data in the answer; " +
		"the bare servers send back what they read."
	return s, err
}

// echoBeside measures round trips of several servers. The first is ours.
func (b *bench) echoBeside(ctx context.Context, all []contestant) (section, error) {
	var plots []plot
	t := table{head: []string{"connections", "server", "round trips/s", "p50 ms", "p99 ms", "server's processor µs a round trip",
		"wsEcho ÷ this: processor time", "wsEcho ÷ this: round trips/s"}}
	for _, n := range b.connections {
		figures, err := alternate(b.rounds, all, func(c contestant) (echoFigures, error) {
			return b.echoOnce(ctx, c, n)
		})
		if err != nil {
			return section{}, err
		}
		plots = append(plots,
			plot{fmt.Sprintf("echo latency %d", n), fmt.Sprintf("Echo, %d at a time: p50 of a round trip, ms", n), bars(all, figures, echoFigures.p50)},
			plot{fmt.Sprintf("echo processor %d", n), fmt.Sprintf("Echo, %d at a time: processor time a round trip, µs", n), bars(all, figures, echoFigures.processor)})
		for i, c := range all {
			t.row(fmt.Sprint(n), c.name,
				middle(figures[i], echoFigures.perSecond).format("%.0f"),
				middle(figures[i], echoFigures.p50).format("%.3f"), middle(figures[i], echoFigures.p99).format("%.3f"),
				middle(figures[i], echoFigures.processor).format("%.1f"),
				ratio(figures[0], figures[i], echoFigures.processor).unless(i == 0),
				ratio(figures[0], figures[i], echoFigures.perSecond).unless(i == 0))
		}
	}
	return section{
		plots:    plots,
		commands: append(commands(all), b.made("-connections %s -interval %v -rounds %d echo", list(b.connections), b.interval, b.rounds)),
		table:    t,
	}, nil
}

// echoOnce measures a server that is started for it.
func (b *bench) echoOnce(ctx context.Context, c contestant, connections int) (echoFigures, error) {
	var f echoFigures
	s, err := b.serve(ctx, c)
	if err != nil {
		return f, err
	}
	defer s.stop()
	f.Processor, err = observe(ctx, s, "echo", echoSettings{s.url, connections, b.interval / 4, b.interval}, &f)
	if err == nil {
		b.say("echo, %d connections, %s: %.0f round trips/s, %.1f µs", connections, c.name, f.perSecond(), f.processor())
	}
	return f, err
}

// playEcho plays the role echo.
func playEcho(ctx context.Context, s echoSettings, begin func()) (f echoFigures, err error) {
	clients, err := dialAll(ctx, s.URL, s.Connections)
	if err != nil {
		return f, err
	}
	if _, err = roundTrips(clients, s.Warmup); err != nil {
		return f, err
	}
	begin()
	began := time.Now()
	took, err := roundTrips(clients, s.Interval)
	f.Took, f.RoundTrips = time.Since(began), len(took)
	slices.Sort(took)
	f.P50, f.P99 = quantile(took, 0.5), quantile(took, 0.99)
	return f, err
}

// roundTrips has each client make one round trip after the other, at least one, and returns how long each took.
func roundTrips(clients []*client, interval time.Duration) ([]time.Duration, error) {
	took := make([][]time.Duration, len(clients))
	until := time.Now().Add(interval)
	frame := message(echoMessage)
	err := together(len(clients), len(clients), func(i int) error {
		for {
			began := time.Now()
			if err := clients[i].roundTrip(frame); err != nil {
				return err
			}
			now := time.Now()
			took[i] = append(took[i], now.Sub(began))
			if now.After(until) {
				return nil
			}
		}
	})
	return slices.Concat(took...), err
}

func (c *client) roundTrip(frame []byte) error {
	if err := c.send(frame); err != nil {
		return err
	}
	answer, err := c.receive()
	if err == nil && !bytes.Contains(answer, []byte(echoText)) {
		err = fmt.Errorf("received %q, want an echo", answer)
	}
	return err
}
