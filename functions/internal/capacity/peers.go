package main

import "math"

// peer is another way to do the same, with what an hour of a workload costs there in dollars by its list prices.
// docs/why.md has the formulas, with the dates and sources of the prices.
type peer struct {
	name string
	cost func(load) float64
}

// load is what a workload is to anybody: messages from clients, messages to others, connections and rooms.
type load struct{ published, delivered, connections, rooms float64 }

// load is of an hour. Elsewhere each line goes to each other member, and keeping a connection alive costs nothing.
func (f forecast) load() load {
	return load{
		published:   f.lines() + f.broadcasts,
		delivered:   f.lines()*float64(f.room.members-1) + f.broadcasts*float64(f.connections),
		connections: float64(f.connections), rooms: f.rooms,
	}
}

// month is the hours of one.
const month = 730

func peers() []peer {
	return []peer{
		{"AppSync Events", func(l load) float64 { return byUse(l, 1.00, 1.00, 0.08) }},
		{"IoT Core", func(l load) float64 { return byUse(l, 1.00, 1.00, 0.08) }},
		{"Ably, by use", func(l load) float64 { return byUse(l, 2.50, 2.50, 1.00) + l.rooms*60*1.00/1e6 + 399./month }},
		{"Pusher Channels", pusher},
		{"Durable Objects", durableObjects},
		{"own servers, Centrifugo", servers},
	}
}

// byUse is with prices a million of messages published, of messages delivered, and of connection minutes.
func byUse(l load, published, delivered, minutes float64) float64 {
	return (l.published*published + l.delivered*delivered + l.connections*60*minutes) / 1e6
}

// pusher is the smallest plan that fits; NaN is none.
func pusher(l load) float64 {
	daily := 24 * (l.published + l.delivered)
	for _, plan := range []struct{ connections, messages, monthly float64 }{
		{500, 1e6, 49}, {2_000, 4e6, 99}, {5_000, 10e6, 299}, {10_000, 20e6, 499}, {15_000, 40e6, 699}, {20_000, 60e6, 899},
		{30_000, 90e6, 1199},
	} {
		if l.connections <= plan.connections && daily <= plan.messages {
			return plan.monthly / month
		}
	}
	return math.NaN()
}

// durableObjects has one for each room, which hibernates between lines. A line takes 1 ms, 20 µs for each member, and a row
// that is written.
func durableObjects(l load) float64 {
	active := l.published*0.001 + l.delivered*0.000_02
	return (l.published/20*0.15+active*0.128*12.50+l.published*1.00)/1e6 + 5./month
}

// servers are m7g.large, two at least, of which one serves 50,000 connections or 50,000 messages a second.
func servers(l load) float64 {
	need := math.Max(l.connections/50_000, l.delivered/3600/50_000)
	return math.Max(2, math.Ceil(need)) * 0.0816
}

// peersTable is of all workloads that wsEcho carries or not.
func peersTable(all []forecast) table {
	t := table{head: []string{"dollars an hour"}}
	published, delivered := []string{"messages that clients send an hour"}, []string{"messages to others an hour"}
	ours := []string{"wsEcho"}
	calm := []string{"wsEcho without pings"}
	for _, f := range all {
		l := f.load()
		t.head = append(t.head, f.name)
		published, delivered = append(published, grouped(l.published)), append(delivered, grouped(l.delivered))
		ours = append(ours, dollars(cost(f.hour)))
		calm = append(calm, dollars(cost(f.hour)-cost(f.talk.ping.times(f.pings))))
	}
	t.rows = [][]string{published, delivered, ours, calm}
	for _, p := range peers() {
		cells := []string{p.name}
		for _, f := range all {
			cells = append(cells, planned(p.cost(f.load())))
		}
		t.row(cells...)
	}
	return t
}

// planned is a price, unless there is none on the list.
func planned(n float64) string {
	if math.IsNaN(n) {
		return "on request"
	}
	return dollars(n)
}
