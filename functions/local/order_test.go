package main

import (
	"context"
	crand "crypto/rand"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"wsecho/adapters/dynamodb"
	"wsecho/adapters/dynamodb/dynamodblocal"
	"wsecho/adapters/gateway/gatewaytest"
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
	room := newRoom()
	speakers := make([]*speaker, clients)
	var running sync.WaitGroup
	for i := range speakers {
		speakers[i] = newSpeaker(t, url, room, fmt.Sprint("user", i), rand.New(rand.NewPCG(seed, uint64(i))))
		running.Go(func() { speakers[i].speak(messages) })
	}
	running.Wait()
	voids := 0
	for _, s := range speakers {
		s.catchUp()
	}
	want := speakers[0].log
	for seq := int64(1); seq <= int64(len(want)); seq++ {
		id, ok := want[seq]
		if !ok {
			t.Fatalf("position %d of %d is missing", seq, len(want))
		}
		if id == "" {
			voids++
		}
	}
	for _, s := range speakers {
		s.wantSame(want)
	}
	t.Logf("%d positions, %d of them void; %d messages acknowledged", len(want), voids, clients*messages)
	if len(want)-voids != clients*messages {
		t.Errorf("%d messages are stored", len(want)-voids)
	}
}

// speaker is a client that keeps a room's log across its connections.
type speaker struct {
	t         *testing.T
	url, room string
	chance    *rand.Rand

	conn    *gatewaytest.Client
	replies chan map[string]any // Of the current connection; closed with it.

	mu    sync.Mutex // Guards what follows.
	epoch string
	log   map[int64]string // Message ids by number; a void has none.
	acked map[string]int64
}

func newSpeaker(t *testing.T, url, room, user string, chance *rand.Rand) *speaker {
	return &speaker{
		t: t, url: url + "?user=" + user, room: room, chance: chance, log: map[int64]string{}, acked: map[string]int64{},
	}
}

// speak sends messages, each until it is acknowledged, over connections that break.
func (s *speaker) speak(messages int) {
	for i := 0; i < messages && !s.t.Failed(); i++ {
		say := fmt.Sprintf(`{"action":"say","id":"s%d","room":%q,"data":%d,"key":%q}`, i, s.room, i, crand.Text())
		for s.connected(); !s.acknowledged(say, fmt.Sprint("s", i)) && !s.t.Failed(); s.connected() {
		}
		if s.chance.Float64() < 0.1 {
			s.acknowledged(say, fmt.Sprint("s", i))
		}
	}
	s.drop()
}

// connected joins the room again if the connection is gone, which chance may see to.
func (s *speaker) connected() {
	if s.conn != nil && s.chance.Float64() < 0.1 {
		s.drop()
	}
	for refused := 0; s.conn == nil; {
		conn := gatewaytest.Handshake(s.t, s.url)
		if conn.Response.StatusCode != http.StatusSwitchingProtocols { // A fault may hit the same connect again and again, but not for long.
			if refused++; refused == 5 {
				s.t.Errorf("the handshake was answered %s", conn.Response.Status)
				return
			}
			continue
		}
		s.conn, s.replies = conn, make(chan map[string]any, 100)
		go s.read(conn, s.replies)
		s.mu.Lock()
		join := fmt.Sprintf(`{"action":"join","id":"join","room":%q,"epoch":%q,"after":%d}`, s.room, s.epoch, s.dense())
		s.mu.Unlock()
		if joined := s.ask(join, "join"); joined == nil || joined["recovered"] != true {
			s.t.Logf("joining: %v", joined)
			s.drop()
		}
	}
}

func (s *speaker) drop() {
	if s.conn != nil {
		s.conn.Conn.Close()
		s.conn = nil
	}
}

// acknowledged sends a message and tells whether its ack came; chance may break the connection before.
func (s *speaker) acknowledged(say, id string) bool {
	if s.conn == nil {
		return false
	}
	if s.chance.Float64() < 0.05 {
		s.conn.Send(say)
		s.drop()
		return false
	}
	ack := s.ask(say, id)
	if ack == nil || ack["type"] != "ack" {
		if ack != nil && ack["retryable"] != true {
			s.t.Errorf("%s was answered with %v", say, ack)
		}
		s.drop()
		return false
	}
	s.note(ack["epoch"].(string), ack)
	return true
}

// ask sends a message and returns the reply with its id, or nil if none comes.
func (s *speaker) ask(text, id string) map[string]any {
	s.conn.Send(text)
	deadline := time.After(gatewaytest.Timeout)
	for {
		select {
		case reply, open := <-s.replies:
			if !open || reply["id"] == id {
				return reply
			}
		case <-deadline:
			s.t.Errorf("no reply to %s", text)
			return nil
		}
	}
}

// read notes what a connection receives and hands replies on.
func (s *speaker) read(conn *gatewaytest.Client, replies chan<- map[string]any) {
	defer close(replies)
	for {
		text, err := conn.Read(time.Minute)
		if err != nil {
			return
		}
		var m map[string]any
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			s.t.Errorf("received %s", text)
		}
		if page, ok := m["messages"].([]any); ok {
			if len(page) > 0 && !ascends(page) {
				s.t.Errorf("it does not ascend: %s", text)
			}
			for _, entry := range page {
				s.note(m["epoch"].(string), entry.(map[string]any))
			}
		}
		if m["id"] != nil {
			replies <- m
		}
	}
}

// note keeps a message; a number must never stand for two different ones.
func (s *speaker) note(epoch string, m map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.epoch = epoch
	seq := int64(m["seq"].(float64))
	id, _ := m["messageId"].(string)
	if known, ok := s.log[seq]; ok && known != id {
		s.t.Errorf("position %d is %q and %q", seq, known, id)
	}
	s.log[seq] = id
	if m["type"] == "ack" {
		s.acked[id] = seq
	}
}

// dense is the last number up to which nothing is missing. s.mu is held.
func (s *speaker) dense() (last int64) {
	for {
		if _, ok := s.log[last+1]; !ok {
			return last
		}
		last++
	}
}

// catchUp comes back and reads on until nothing is missing up to the room's head.
func (s *speaker) catchUp() {
	wait(s.t, func() bool {
		s.connected()
		head, ok := s.head()
		s.mu.Lock()
		last := s.dense()
		s.mu.Unlock()
		if ok && last < head {
			s.ask(fmt.Sprintf(`{"action":"history","id":"h","room":%q,"epoch":%q,"after":%d}`, s.room, s.epoch, last), "h")
		}
		return ok && last >= head
	})
	s.drop()
}

// head asks for the number that was taken last; ok is false if a fault was in the way.
func (s *speaker) head() (seq int64, ok bool) {
	pong := s.ask(fmt.Sprintf(`{"action":"ping","id":"p","rooms":[%q]}`, s.room), "p")
	rooms, _ := pong["rooms"].(map[string]any)
	mark, ok := rooms[s.room].(map[string]any)
	if !ok {
		s.t.Logf("ping: %v", pong)
		return 0, false
	}
	return int64(mark["seq"].(float64)), true
}

func (s *speaker) wantSame(want map[int64]string) {
	if len(s.log) != len(want) {
		s.t.Errorf("one client has %d positions, another %d", len(s.log), len(want))
	}
	for seq, id := range want {
		if s.log[seq] != id {
			s.t.Errorf("position %d is %q for one client and %q for another", seq, s.log[seq], id)
		}
	}
	for id, seq := range s.acked {
		if want[seq] != id {
			s.t.Errorf("%s was acknowledged at %d, where %q stands", id, seq, want[seq])
		}
	}
}
