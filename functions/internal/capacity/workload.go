package main

import (
	"math"
	"testing"
	"time"

	"wsecho/domain"
)

// workload is what an hour brings.
type workload struct {
	name        string
	connections int
	room        crowd // One of the rooms that everybody is in.
	rooms       float64
	broadcasts  float64
}

// workloads are those that the options ask for.
func (o *options) workloads() []workload {
	var all []workload
	for _, n := range o.connections {
		all = append(all, workload{
			name: grouped(float64(n)), connections: n, room: crowd{o.members, float64(o.members) * o.lines / 3600},
			rooms: float64(n) / float64(o.members), broadcasts: o.broadcasts,
		})
	}
	for _, c := range o.rooms {
		name := "a room of " + grouped(float64(c.members)) + ", " + number(c.lines) + " lines/s"
		all = append(all, workload{name: name, connections: c.members, room: c, rooms: 1})
	}
	return all
}

// The numbers of an hour.
func (w workload) lines() float64 { return w.rooms * w.room.lines * 3600 }
func (w workload) lives() float64 { return float64(w.connections) / domain.MaxConnection.Hours() }

// forecast is what a workload comes to.
type forecast struct {
	workload
	share float64 // Posts a second of one worker.
	talk  talk
	told  broadcast
	pings float64 // An hour.
	hour  usage   // All of it.
}

// simulate runs one room and one broadcast, and takes them as often as an hour has them.
func simulate(t *testing.T, o options, w workload) forecast {
	f := forecast{workload: w, share: o.share(), pings: float64(w.connections) * float64(time.Hour) / float64(o.ping)}
	f.talk = simulateRoom(t, o, w.room)
	if w.broadcasts > 0 {
		f.told = simulateBroadcast(t, o, w.connections, sampleSize)
	}
	f.hour = f.talk.life.times(w.lives()).plus(f.talk.ping.times(f.pings)).plus(f.talk.line.times(w.lines())).
		plus(f.told.times(w.broadcasts))
	f.hour[minutes] = 60 * float64(w.connections)
	return f
}

// perSecond is of something while a broadcast is under way, if there are any: it is spread over the time that it lasts.
func (f forecast) perSecond(k kind) float64 {
	if f.told.lasts == 0 {
		return f.hour[k] / 3600
	}
	busy := max(f.told.lasts.Seconds(), 1)
	return (f.hour[k]-f.workload.broadcasts*f.told.usage[k])/3600 + f.told.usage[k]/busy
}

// requests are what API Gateway counts against the account's rate: what clients send, connects and posts.
// Source: AWS, "Quotas for configuring and running a WebSocket API in API Gateway", and docs/operations.md.
func (f forecast) requests() float64 {
	return f.perSecond(connects) + f.perSecond(received) + f.perSecond(posts)
}

// busiest is the writes a second of the partition that has most: one of the sixteen of connections, or a room's head.
func (f forecast) busiest() float64 {
	return math.Max(f.perSecond(connectionWrites)/16, f.perSecond(headWrites)/f.rooms)
}
