package functions_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/uuid"

	"wsecho/adapters/apigateway"
	chatadapter "wsecho/adapters/chat"
	"wsecho/adapters/dynamodb"
	"wsecho/domain"
	"wsecho/domain/chat"
)

// scenarios ask each function for everything that it makes different calls for.
var scenarios = map[string]func(*testing.T, *recorder){
	"WsAuthorize":  authorizes,
	"WsConnect":    connects,
	"WsDisconnect": disconnects,
	"WsDefault":    func(t *testing.T, _ *recorder) { asked(t, "WsDefault", "$default").ask("x", `{}`, "error") },
	"WsEcho":       func(t *testing.T, _ *recorder) { asked(t, "WsEcho", "echo").ask("x", `{"action":"echo"}`, "echo") },
	"WsBroadcast":  broadcasts,
	"WsChat":       chats,
	"WsDeliver":    delivers,
	"WsRelay":      relays,
}

// crowd is more than one page of a fan-out.
const crowd = 130

func authorizes(t *testing.T, _ *recorder) {
	request := apigateway.AuthorizerEvent{}
	request.QueryStringParameters = map[string]string{"user": "ada"}
	invoke(t, started(t, "WsAuthorize"), request)
}

func connects(t *testing.T, r *recorder) {
	r.brokenOff(t, "ada-0", "ada")
	f := asked(t, "WsConnect", "$connect")
	f.user = "ada"
	f.handshake("ada-1", 200)
	f.handshake("ada-2", 429)
	f.user = ""
	f.handshake("anonymous", 200)
}

func disconnects(t *testing.T, r *recorder) {
	f := asked(t, "WsDisconnect", "$disconnect")
	r.connected(t, "ada-1", "ada", "tea")
	f.handshake("ada-1", 200)
	f.handshake("ada-1", 200)
}

func broadcasts(t *testing.T, r *recorder) {
	f := asked(t, "WsBroadcast", "broadcast")
	r.connected(t, "here-1", "", "tea")
	r.connected(t, "gone-1", "ada", "tea")
	f.ask("here-2", `{"action":"broadcast","data":1}`, "ack")
	r.connected(t, "busy-1", "")
	f.ask("here-2", `{"action":"broadcast","data":1,"key":"0123456789abcdef"}`, "ack")
	r.crowded(t)
	f.ask("here-2", `{"action":"broadcast","data":1}`, "ack")
}

func chats(t *testing.T, r *recorder) {
	for _, route := range byID()["WsChat"].Routes {
		scenario, ok := chatRoutes[route]
		if !ok {
			t.Errorf("functions/roles_scenarios_test.go: chatRoutes has no scenario for the route %s", route)
			continue
		}
		scenario(t, r, asked(t, "WsChat", route))
	}
}

// chatRoutes are asked in the order of their names, so each brings the members that it needs.
var chatRoutes = map[string]func(*testing.T, *recorder, *function){
	"hello": func(_ *testing.T, _ *recorder, f *function) { f.ask("x", `{"action":"hello"}`, "welcome") },
	"history": func(t *testing.T, r *recorder, f *function) {
		r.connected(t, "here-1", "ada", "log")
		r.hole(t, "log", time.Minute)
		f.ask("here-1", `{"action":"history","room":"log"}`, "history")
		f.ask("here-1", `{"action":"history","room":"log","after":0}`, "history")
		f.ask("here-1", `{"action":"history","room":"nowhere"}`, "error")
		r.connected(t, "here-2", "ada", "old")
		r.hole(t, "old", 30*24*time.Hour)
		f.ask("here-2", `{"action":"history","room":"old","after":0}`, "error")
	},
	"join": func(t *testing.T, r *recorder, f *function) {
		r.connected(t, "gone-1", "bob", "tea")
		r.connected(t, "busy-1", "eve", "tea")
		r.connected(t, "here-3", "ada")
		f.ask("here-3", `{"action":"join","room":"tea"}`, "ack")
		f.ask("here-3", `{"action":"join","room":"tea","epoch":"","after":0}`, "ack")
	},
	"leave": func(t *testing.T, r *recorder, f *function) {
		r.connected(t, "here-4", "ada", "tea", "work")
		f.ask("here-4", `{"action":"leave","room":"tea"}`, "ack")
		r.evicted(t, "here-4", "work")
		f.ask("here-4", `{"action":"leave","room":"work"}`, "ack")
	},
	"ping": func(t *testing.T, r *recorder, f *function) {
		r.connected(t, "here-5", "ada", "tea")
		f.ask("here-5", `{"action":"ping","rooms":["tea"]}`, "pong")
		r.connected(t, "here-9", "ada", "left")
		r.hole(t, "left", time.Minute)
		f.ask("here-9", `{"action":"ping","rooms":["left"]}`, "pong")
	},
	"say": func(t *testing.T, r *recorder, f *function) {
		r.connected(t, "here-6", "ada", "tea")
		f.ask("here-6", `{"action":"say","room":"tea","data":1}`, "ack")
		for _, data := range []string{"1", "1", "2"} {
			want := map[string]string{"1": "ack", "2": "error"}[data]
			f.ask("here-6", `{"action":"say","room":"tea","data":`+data+`,"key":"0123456789abcdef"}`, want)
		}
	},
	"tell": func(t *testing.T, r *recorder, f *function) {
		r.connected(t, "here-7", "cleo")
		r.connected(t, "busy-2", "cleo")
		f.ask("here-1", `{"action":"tell","to":{"user":"cleo"},"data":1}`, "ack")
		f.ask("here-1", `{"action":"tell","to":{"connection":"here-7"},"data":1,"key":"fedcba9876543210"}`, "ack")
	},
	"who": func(t *testing.T, r *recorder, f *function) {
		r.connected(t, "here-8", "ada", "tea")
		f.ask("here-8", `{"action":"who","room":"tea"}`, "presence")
	},
}

func delivers(t *testing.T, r *recorder) {
	r.connected(t, "here-1", "ada", "tea")
	r.connected(t, "gone-1", "ada", "tea")
	r.connected(t, "busy-1", "")
	push := `{"v":1,"audience":"everyone","message":1}`
	take(t, "WsDeliver", push)
	take(t, "WsDeliver", `{"v":1,"audience":"room:tea","message":1}`)
	take(t, "WsDeliver", `{"v":2}`)
	take(t, "WsDeliver", fmt.Sprintf(`{"v":1,"audience":"everyone","wire":{},"messageId":"m","span":"0000000000000000-0000000000000000","members":[{"id":"busy-1","at":%[1]q}],"attempt":7,"acceptedAt":%[1]q,"expiresAt":%[2]q}`,
		time.Now().Format(time.RFC3339), time.Now().Add(time.Hour).Format(time.RFC3339)))
	r.crowded(t)
	take(t, "WsDeliver", push)
}

func relays(t *testing.T, r *recorder) {
	for _, id := range []string{"here-1", "gone-1", "busy-1"} {
		r.connected(t, id, "", "tea")
	}
	r.hole(t, "tea", time.Minute)
	take(t, "WsRelay", r.handedOn(t, "tea", time.Now()))
	r.crowded(t, "hall")
	take(t, "WsRelay", r.handedOn(t, "hall", time.Now().Add(-time.Minute)))
	for _, m := range r.waiting(t) {
		take(t, "WsRelay", m)
	}
	take(t, "WsRelay", `{"v":2}`)
}

// handedOn writes a line into a room, takes another number at a time, and hands the room on.
func (r *recorder) handedOn(t *testing.T, room string, last time.Time) (message string) {
	t.Helper()
	store := chatadapter.Store{Table: r.table}
	said := time.Now().Add(-time.Minute)
	head, err := store.Advance(t.Context(), room, epochOf(said), said)
	if err == nil {
		_, err = store.Write(t.Context(), room, chat.Entry{
			Epoch: head.Epoch, Seq: head.Seq, MessageID: "m", Data: []byte("1"), At: said, ExpiresAt: said.Add(time.Hour),
		}, nil)
	}
	if err == nil {
		head, err = store.Advance(t.Context(), room, head.Epoch, last)
	}
	owner := uuid.NewString()
	if err == nil {
		_, err = store.Acquire(t.Context(), room, owner, head.Seq, time.Now(), time.Now().Add(time.Minute))
	}
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`{"v":1,"audience":"relays","wire":{"room":%q,"owner":%q},"messageId":"m","span":"0000000000000000-0000000000000000","acceptedAt":%[3]q,"expiresAt":%[3]q}`,
		room, owner, time.Now().Add(time.Hour).Format(time.RFC3339))
}

// waiting returns messages of the queue of rooms.
func (r *recorder) waiting(t *testing.T) (bodies []string) {
	t.Helper()
	out, err := r.queue.Client.ReceiveMessage(t.Context(), &sdk.ReceiveMessageInput{QueueUrl: &r.relay, MaxNumberOfMessages: 10})
	if err != nil || len(out.Messages) < 2 {
		t.Fatalf("%d messages wait for the relay, want a room and the frame of another one at least: %v", len(out.Messages), err)
	}
	for _, m := range out.Messages {
		bodies = append(bodies, *m.Body)
	}
	return bodies
}

// take gives a message of a queue to its worker.
func take(t *testing.T, id, body string) {
	t.Helper()
	var response events.SQSEventResponse
	answer := invoke(t, started(t, id), events.SQSEvent{Records: []events.SQSMessage{{MessageId: "1", Body: body}}})
	if err := json.Unmarshal(answer, &response); err != nil || len(response.BatchItemFailures) > 0 {
		t.Errorf("%s: %+v, %v", body, response, err)
	}
}

// started is a function as it starts in the environment that the recorder has set.
func started(t *testing.T, id string) lambda.Handler {
	t.Helper()
	handler, err := byID()[id].New(os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	return handler
}

// invoke hands an event to a function and returns its answer, both as JSON.
func invoke(t *testing.T, handler lambda.Handler, event any) []byte {
	t.Helper()
	payload, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := handler.Invoke(t.Context(), payload)
	if err != nil {
		t.Errorf("%s: %v", payload, err)
	}
	return answer
}

// function is one that API Gateway calls for a route.
type function struct {
	t       *testing.T
	handler lambda.Handler
	route   string
	user    string
}

func asked(t *testing.T, id, route string) *function {
	t.Helper()
	return &function{t: t, handler: started(t, id), route: route, user: "ada"}
}

// ask sends a message and expects an answer of a type.
func (f *function) ask(connection, message, want string) {
	f.t.Helper()
	response := f.invoke(connection, message)
	var answer struct{ Type string }
	if json.Unmarshal([]byte(response.Body), &answer) != nil || answer.Type != want {
		f.t.Errorf("%s is answered by %s, want a %s", message, response.Body, want)
	}
}

// handshake opens or closes a connection and expects a status.
func (f *function) handshake(connection string, want int) {
	f.t.Helper()
	if response := f.invoke(connection, ""); response.StatusCode != want {
		f.t.Errorf("%s of %s is answered by %d, want %d", f.route, connection, response.StatusCode, want)
	}
}

func (f *function) invoke(connection, message string) events.APIGatewayProxyResponse {
	f.t.Helper()
	answer := invoke(f.t, f.handler, events.APIGatewayWebsocketProxyRequest{
		Body: message,
		RequestContext: events.APIGatewayWebsocketProxyRequestContext{
			RouteKey: f.route, ConnectionID: connection, ConnectedAt: time.Now().UnixMilli(), Stage: "dev",
			Authorizer: map[string]any{"user": f.user, "grants": string(domain.AllGrants)},
		},
	})
	var response events.APIGatewayProxyResponse
	if err := json.Unmarshal(answer, &response); err != nil {
		f.t.Errorf("%s %s: %v", f.route, message, err)
	}
	return response
}

// connected registers a connection that is a minute old and in rooms.
func (r *recorder) connected(t *testing.T, id, user string, rooms ...string) {
	t.Helper()
	began := time.Now().Add(-time.Minute)
	c := domain.Connection{ID: id, ConnectedAt: began, ExpiresAt: domain.Expiry(began, time.Time{}), User: user}
	err := dynamodb.Registry{Table: r.table}.Connect(t.Context(), c)
	for _, room := range rooms {
		if err == nil {
			_, err = dynamodb.Memberships{Table: r.table}.Enter(t.Context(), c, chat.Audience(room), chat.MaxRooms)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// brokenOff leaves of a connection what one whose connecting broke off does.
func (r *recorder) brokenOff(t *testing.T, id, user string) {
	t.Helper()
	r.connected(t, id, user)
	if err := (dynamodb.Registry{Table: r.table}).Remove(t.Context(), domain.Connection{ID: id}); err != nil {
		t.Fatal(err)
	}
}

// crowded registers so many connections that no page holds them.
func (r *recorder) crowded(t *testing.T, rooms ...string) {
	var connecting sync.WaitGroup
	for i := range crowd {
		connecting.Go(func() { r.connected(t, fmt.Sprint("here-crowd-", i), "", rooms...) })
	}
	connecting.Wait()
}

// evicted takes a connection out of a room as one does who is closing it, and dies.
func (r *recorder) evicted(t *testing.T, id, room string) {
	t.Helper()
	if err := (dynamodb.Memberships{Table: r.table}).Evict(t.Context(), id, chat.Audience(room)); err != nil {
		t.Fatal(err)
	}
}

// hole takes the first number of a room and writes nothing there.
func (r *recorder) hole(t *testing.T, room string, age time.Duration) {
	t.Helper()
	began := time.Now().Add(-age)
	epoch := epochOf(began)
	for range 2 {
		if _, err := (chatadapter.Store{Table: r.table}).Advance(context.Background(), room, epoch, began); err != nil {
			t.Fatal(err)
		}
	}
}

// epochOf is a UUID of version 7 of a time.
func epochOf(at time.Time) string {
	id := uuid.Must(uuid.NewV7())
	for i := range 6 {
		id[i] = byte(at.UnixMilli() >> (8 * (5 - i)))
	}
	return strings.ToLower(id.String())
}
