package main

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	wsecho "wsecho/adapters/client"
	"wsecho/adapters/dynamodb"
	"wsecho/adapters/dynamodb/dynamodblocal"
)

// TestOrderAndNoLoss has many clients speak in one room while connections break, $disconnect comes late, twice or
// never, and sends are repeated. Whoever comes back must end with the same dense sequence as everybody else, and
// every acknowledged message must stand in it once. With ORDER=long in the environment there are 200 clients, which
// takes minutes.
func TestOrderAndNoLoss(t *testing.T) {
	seed := rand.Uint64()
	t.Log("seed", seed)
	s := startServer(t, "-q", "-lose-disconnect", "0.1", "-double-disconnect", "0.1", "-late-disconnect", "20ms", "-ghost-posts",
		"-seed", fmt.Sprint(seed))
	clients := 20
	if os.Getenv("ORDER") == "long" {
		clients = 200
	}
	speakTogether(t, s.url, seed, clients, 50)
}

// TestOrderAndNoLossOverDynamoDB is the same over a table that is throttled, whose transactions collide, and whose
// replies get lost.
func TestOrderAndNoLossOverDynamoDB(t *testing.T) {
	seed := rand.Uint64()
	t.Log("seed", seed)
	url, wire := dynamodblocal.Proxy(t)
	deleteTableAfter(t)
	s := startServer(t, "-q", "-dynamodb", url)
	wire.Inject(dynamodblocal.Sometimes(seed,
		dynamodblocal.Share{Of: 0.20, Fault: dynamodblocal.Refusal(http.StatusBadRequest, "ProvisionedThroughputExceededException")},
		dynamodblocal.Share{Of: 0.05, Fault: dynamodblocal.Collision},
		dynamodblocal.Share{Of: 0.02, Fault: dynamodblocal.Lost},
	))
	speakTogether(t, s.url, seed, 10, 30)
	t.Logf("%d requests to the table", wire.Count())
	wire.Inject(nil)
}

// deleteTableAfter takes away what a test's connections may leave in the table that all tests of this package share.
func deleteTableAfter(t *testing.T) {
	client := dynamodb.NewClient(dynamodb.LocalConfig(dynamodblocal.Start(t)))
	t.Cleanup(func() {
		if _, err := client.DeleteTable(context.Background(), &sdk.DeleteTableInput{TableName: aws.String(tableName)}); err != nil {
			t.Error(err)
		}
	})
}

func speakTogether(t *testing.T, url string, seed uint64, clients, messages int) {
	room, all := newRoom(), clients*messages
	speakers := make([]*speaker, clients)
	var running sync.WaitGroup
	for i := range speakers {
		speakers[i] = newSpeaker(t, url, room, fmt.Sprint("user", i), rand.New(rand.NewPCG(seed, uint64(i))))
	}
	for _, s := range speakers { // All have joined: a room begins with its newest page.
		running.Go(func() { s.listen(all) })
		running.Go(func() { s.speak(messages) })
	}
	running.Wait()
	want := speakers[0].log
	if len(want) != all {
		t.Errorf("a client was told %d messages, %d were acknowledged", len(want), all)
	}
	breaks := 0
	for _, s := range speakers {
		s.wantSame(want)
		breaks += s.breaks
	}
	t.Logf("%d messages, %d broken connections", all, breaks)
}

// speaker is a client whose connections chance breaks.
type speaker struct {
	t      *testing.T
	chance *rand.Rand
	client *wsecho.Client
	room   *wsecho.Room
	breaks int

	mu   sync.Mutex // Guards what follows.
	conn *fragile   // The last one.

	log   map[int64]string // Message ids by number; the listener's.
	acked map[string]int64
}

// fragile is a connection that can be made to break behind what is sent next.
type fragile struct {
	net.Conn
	breaks atomic.Bool
}

// Write implements net.Conn.
func (f *fragile) Write(b []byte) (int, error) {
	n, err := f.Conn.Write(b)
	if f.breaks.Load() {
		f.Close()
	}
	return n, err
}

func newSpeaker(t *testing.T, url, room, user string, chance *rand.Rand) *speaker {
	s := &speaker{t: t, chance: chance, log: map[int64]string{}, acked: map[string]int64{}}
	var err error
	for range 5 { // A fault may hit the same connect again and again, but not for long.
		s.client, err = wsecho.Dial(t.Context(), url, wsecho.Options{
			User: user, Ping: time.Second, MaxWait: 100 * time.Millisecond, NetDial: s.dial,
		})
		if err == nil {
			break
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.client.Close)
	if s.room, err = s.client.Join(t.Context(), room); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *speaker) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conn = &fragile{Conn: conn}
	return s.conn, nil
}

// speak says messages, over connections that break: at once, or when the next request was sent.
func (s *speaker) speak(messages int) {
	for i := range messages {
		switch chance := s.chance.Float64(); {
		case chance < 0.1:
			s.broken(func(f *fragile) { f.Close() })
		case chance < 0.2:
			s.broken(func(f *fragile) { f.breaks.Store(true) })
		}
		place, err := s.room.Say(s.t.Context(), i)
		if err != nil {
			s.t.Errorf("message %d: %v", i, err)
			return
		}
		s.acked[place.MessageID] = place.Seq
	}
}

func (s *speaker) broken(how func(*fragile)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.breaks++
	how(s.conn)
}

// listen takes the room's messages, which must ascend, until there are as many as everybody says.
func (s *speaker) listen(all int) {
	ctx, cancel := context.WithTimeout(s.t.Context(), patience(all))
	defer cancel()
	last := int64(0)
	for len(s.log) < all {
		m, err := s.room.Next(ctx)
		if err != nil || m.Seq <= last || m.Cut {
			s.t.Errorf("behind number %d, %d of %d messages, came %+v, %v", last, len(s.log), all, m, err)
			return
		}
		s.log[m.Seq], last = m.ID, m.Seq
	}
}

// patience is how long so many messages may take.
func patience(messages int) time.Duration {
	return time.Minute + time.Duration(messages)*100*time.Millisecond
}

func (s *speaker) wantSame(want map[int64]string) {
	if !maps.Equal(s.log, want) {
		s.t.Errorf("one client was told %v and another %v", s.log, want)
	}
	for id, seq := range s.acked {
		if want[seq] != id {
			s.t.Errorf("%s was acknowledged at %d, where %q stands", id, seq, want[seq])
		}
	}
}
