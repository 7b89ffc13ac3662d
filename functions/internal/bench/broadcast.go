package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// broadcastSettings are those of the role broadcast: clients that listen and one that speaks.
type broadcastSettings struct {
	URL        string
	Clients    int
	Broadcasts int
}

// broadcastFigures are what one measurement finds: the times of the broadcast whose last client waited the median time.
type broadcastFigures struct {
	Received       int
	P50, P99, Last time.Duration
	Processor      time.Duration // The server's, for everything that was received.
}

func (f broadcastFigures) p50() float64       { return milliseconds(f.P50) }
func (f broadcastFigures) p99() float64       { return milliseconds(f.P99) }
func (f broadcastFigures) last() float64      { return milliseconds(f.Last) }
func (f broadcastFigures) processor() float64 { return microseconds(f.Processor) / float64(f.Received) }

// broadcast compares how long a message to everybody takes.
func (b *bench) broadcast(ctx context.Context) (section, error) {
	limited := local("-post-rate", "2000", "-callback-rate", "2000")
	limited.name = "wsEcho, limited to 2,000 posts/s"
	all := []contestant{local(), gobwas("-all"), limited}
	figures, err := alternate(b.rounds, all, func(c contestant) (broadcastFigures, error) { return b.broadcastOnce(ctx, c) })
	if err != nil {
		return section{}, err
	}
	t := table{head: []string{"server", "p50 ms", "p99 ms", "last client ms", "server's processor µs a client", "wsEcho ÷ this: last client",
		"wsEcho ÷ this: processor time"}}
	for i, c := range all {
		t.row(c.name, middle(figures[i], broadcastFigures.p50).format("%.1f"), middle(figures[i], broadcastFigures.p99).format("%.1f"),
			middle(figures[i], broadcastFigures.last).format("%.1f"), middle(figures[i], broadcastFigures.processor).format("%.1f"),
			ratio(figures[0], figures[i], broadcastFigures.last).unless(i != 1), ratio(figures[0], figures[i], broadcastFigures.processor).unless(i != 1))
	}
	return section{
		title: "Broadcast",
		about: fmt.Sprintf("From the sending of a message until each of %d clients has it; each gets each message once. "+
			"wsEcho posts to each connection by API Gateway's protocol and splits the audience by its queue; the bare server writes the same frame to everybody. "+
			"The limited one makes a tenth of a second's posts at once; for %d clients the others take %.2f s at least.",
			b.clients, b.clients, max(0, float64(b.clients-200)/2000)),
		commands: append(commands(all), b.made("-clients %d -broadcasts %d -rounds %d broadcast", b.clients, b.broadcasts, b.rounds)),
		table:    t,
	}, nil
}

func (b *bench) broadcastOnce(ctx context.Context, c contestant) (f broadcastFigures, err error) {
	s, err := b.serve(ctx, c)
	if err != nil {
		return f, err
	}
	defer s.stop()
	f.Processor, err = observe(ctx, s, "broadcast", broadcastSettings{s.url, b.clients, b.broadcasts}, &f)
	if err == nil {
		b.say("broadcast to %d, %s: last %.0f ms", b.clients, c.name, f.last())
	}
	return f, err
}

// playBroadcast plays the role broadcast. The first message warms up and the last one shows that none came twice.
func playBroadcast(ctx context.Context, s broadcastSettings, begin func()) (f broadcastFigures, err error) {
	clients, err := dialAll(ctx, s.URL, s.Clients+1)
	if err != nil {
		return f, err
	}
	speaker, arrivals := clients[s.Clients], make(chan arrival, s.Clients)
	for _, c := range clients[:s.Clients] {
		go c.listen(s.Broadcasts+2, arrivals)
	}
	if _, err := speaker.broadcast(0, s.Clients, arrivals); err != nil {
		return f, err
	}
	begin()
	var all []broadcastFigures
	for n := 1; n <= s.Broadcasts; n++ {
		took, err := speaker.broadcast(n, s.Clients, arrivals)
		if err != nil {
			return f, err
		}
		slices.Sort(took)
		all = append(all, broadcastFigures{P50: quantile(took, 0.5), P99: quantile(took, 0.99), Last: quantile(took, 1)})
	}
	slices.SortFunc(all, func(a, b broadcastFigures) int { return cmp.Compare(a.Last, b.Last) })
	f = all[len(all)/2]
	f.Received = (s.Broadcasts + 1) * s.Clients
	_, err = speaker.broadcast(s.Broadcasts+1, s.Clients, arrivals)
	return f, err
}

// arrival is a message that a client got, or why it didn't.
type arrival struct {
	at  time.Time
	err error
}

// listen receives messages, which must come in order, each once.
func (c *client) listen(messages int, arrivals chan<- arrival) {
	for n := range messages {
		text, err := c.receive()
		if err == nil && !bytes.Contains(text, broadcastData(n)) {
			err = fmt.Errorf("received %.200q, want number %d", text, n)
		}
		arrivals <- arrival{time.Now(), err}
		if err != nil {
			return
		}
	}
}

// broadcastLimit is how long a broadcast may take.
const broadcastLimit = 30 * time.Second

func broadcastData(n int) []byte { return fmt.Appendf(nil, `{"hello everybody":%d}`, n) }

// broadcast sends one message and returns how long each listener waited for it. What comes back to the speaker is an
// ack or, from a bare server, the message.
func (c *client) broadcast(n, listeners int, arrivals <-chan arrival) (took []time.Duration, err error) {
	began := time.Now()
	if err := c.send(message(fmt.Sprintf(`{"action":"broadcast","data":%s}`, broadcastData(n)))); err != nil {
		return nil, err
	}
	answer, err := c.receive()
	if err == nil && bytes.Contains(answer, []byte(`"type":"error"`)) {
		err = fmt.Errorf("a broadcast was answered %s", answer)
	}
	late := time.After(broadcastLimit)
	for err == nil && len(took) < listeners {
		select {
		case a := <-arrivals:
			took, err = append(took, a.at.Sub(began)), a.err
		case <-late:
			err = fmt.Errorf("%d of %d clients have message %d after %v", len(took), listeners, n, broadcastLimit)
		}
	}
	return took, err
}
