package chat_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	adapter "wsecho/adapters/chat"
	"wsecho/adapters/dynamodb/dynamodblocal"
	"wsecho/domain"
	"wsecho/domain/chat"
	"wsecho/domain/domaintest"
)

// TestSayWithEveryFault says something with each fault at each of the requests that this takes: the ack must tell
// where it stands, and it must stand there once. Numbers taken in vain may leave holes.
func TestSayWithEveryFault(t *testing.T) {
	t.Parallel()
	s, w := wired(t)
	uc, ada := chatOver(s), inLobby(t, s, "ada")
	n := 0
	for _, keyed := range []bool{false, true} {
		say := func() (chat.Said, string, error) {
			n++
			data, key := fmt.Sprintf(`"%d"`, n), ""
			if keyed {
				key = fmt.Sprint("0123456789abcdef", n)
			}
			said, err := uc.Say(t.Context(), ada, lobby, json.RawMessage(data), key)
			return said, data, err
		}
		w.Inject(nil)
		_, _, err := say()
		wantNil(t, err)
		requests := w.Count()
		for kind, f := range dynamodblocal.OnceFaults {
			for k := range requests {
				t.Run(fmt.Sprintf("key %v/%s/%d", keyed, kind, k), func(t *testing.T) {
					w.Inject(dynamodblocal.Only(k, f))
					said, data, err := say()
					w.Inject(nil)
					wantNil(t, err)
					wantAt(t, entries(t, s), said, data)
				})
			}
		}
	}
}

// wantAt wants a message to be stored once, where the ack says.
func wantAt(t *testing.T, all []chat.Entry, said chat.Said, data string) {
	t.Helper()
	for _, e := range all {
		if string(e.Data) == data && (e.Seq != said.Seq || e.MessageID != said.MessageID) {
			t.Errorf("%s stands at %d, the ack says %d", data, e.Seq, said.Seq)
		}
	}
	if n := count(all, data); n != 1 {
		t.Errorf("%s is stored %d times", data, n)
	}
}

// TestClaimWithEveryFault marks a key as used, for a direct message, as above.
func TestClaimWithEveryFault(t *testing.T) {
	t.Parallel()
	table, w := dynamodblocal.NewWiredTable(t)
	log := adapter.Store{Table: table}
	for kind, f := range dynamodblocal.OnceFaults {
		t.Run(kind, func(t *testing.T) {
			key := chat.IdempotencyKey{User: "ada", Key: kind, Sent: chat.Sent{Hash: "h", MessageID: "m"}, ExpiresAt: domaintest.NewConnection("").ExpiresAt}
			w.Inject(dynamodblocal.Only(0, f))
			wantNil(t, log.Use(t.Context(), key))
			w.Inject(dynamodblocal.Only(0, f))
			if sent, err := log.Find(t.Context(), "ada", kind); err != nil || sent != key.Sent {
				t.Errorf("Find = %+v, %v", sent, err)
			}
			key.Sent.MessageID = "n"
			w.Inject(dynamodblocal.Only(0, f))
			if again, ok := errors.AsType[*chat.AlreadySent](log.Use(t.Context(), key)); !ok || again.Sent.MessageID != "m" {
				t.Errorf("another message with the key: %v", again)
			}
		})
	}
}

// TestKilledSpeaker kills a speaker at each of its requests, in each way. The sender's repetition with the same key
// must find the message stored, or store it, once.
func TestKilledSpeaker(t *testing.T) {
	t.Parallel()
	s, w := wired(t)
	uc, ada := chatOver(s), inLobby(t, s, "ada")
	say := func(ctx context.Context, data string) (chat.Said, error) {
		return uc.Say(ctx, ada, lobby, json.RawMessage(data), "key of "+data)
	}
	w.Inject(nil)
	_, err := say(t.Context(), `"first"`)
	wantNil(t, err)
	for k := range w.Count() {
		for _, death := range dynamodblocal.Deaths {
			t.Run(fmt.Sprintf("%s %d", death.Name, k), func(t *testing.T) {
				data := fmt.Sprintf("%q", t.Name())
				ctx, kill := context.WithCancel(t.Context())
				w.Inject(dynamodblocal.Only(k, death.At(kill)))
				_, _ = say(ctx, data)
				kill()
				w.Inject(nil)
				said, err := say(t.Context(), data)
				wantNil(t, err)
				wantAt(t, entries(t, s), said, data)
			})
		}
	}
}

// TestSameKeyRaces sends one message a hundred times at once. Where transactions collide on the key, as DynamoDB has
// it, they are repeated.
func TestSameKeyRaces(t *testing.T) {
	t.Parallel()
	s, w := wired(t)
	const seed = 1
	w.Inject(dynamodblocal.Sometimes(seed, dynamodblocal.Share{Of: 0.2, Fault: dynamodblocal.Collision}))
	uc, ada := chatOver(s), inLobby(t, s, "ada")
	said := make([]chat.Said, 100)
	var racing sync.WaitGroup
	for i := range said {
		racing.Go(func() {
			var err error
			if said[i], err = uc.Say(t.Context(), ada, lobby, json.RawMessage(`"once"`), key); err != nil {
				t.Error(err)
			}
		})
	}
	racing.Wait()
	w.Inject(nil)
	for _, one := range said {
		if one != said[0] {
			t.Errorf("said %+v and %+v", one, said[0])
		}
	}
	wantAt(t, entries(t, s), said[0], `"once"`)
}

// TestChatReadsWhatIs: DynamoDB Local has no replicas that lag, so it is the requests that tell.
func TestChatReadsWhatIs(t *testing.T) {
	s, w := wired(t)
	uc, ada := chatOver(s), inLobby(t, s, "ada")
	var mu sync.Mutex
	var reads int
	w.Inject(func(_ int, request *http.Request, _ func() (*http.Response, error)) (*http.Response, error) {
		_, operation, _ := strings.Cut(request.Header.Get("X-Amz-Target"), ".")
		if operation != "GetItem" && operation != "Query" {
			return nil, nil
		}
		var sent struct{ ConsistentRead bool }
		body, err := io.ReadAll(request.Body)
		request.Body = io.NopCloser(bytes.NewReader(body))
		if err = errors.Join(err, json.Unmarshal(body, &sent)); err != nil || !sent.ConsistentRead {
			t.Errorf("%s %s: %v", operation, body, err)
		}
		mu.Lock()
		defer mu.Unlock()
		reads++
		return nil, nil
	})
	_, say := uc.Say(t.Context(), ada, lobby, json.RawMessage(`1`), key)
	_, join := uc.Join(t.Context(), ada, lobby, &chat.Resume{})
	_, history := uc.History(t.Context(), ada, lobby, chat.PageRequest{Limit: 1})
	_, who := uc.Who(t.Context(), ada, lobby, "")
	_, ping := uc.Ping(t.Context(), ada, []string{lobby})
	wantNil(t, say, join, history, who, ping)
	if reads < 10 {
		t.Errorf("%d reads", reads)
	}
}

// TestRowsOfChat looks at what is stored: what expires, what stays, and that voids are small.
func TestRowsOfChat(t *testing.T) {
	s := newStore(dynamodblocal.NewTable(t))
	uc, ada := chatOver(s), inLobby(t, s, "ada")
	said, err := uc.Say(t.Context(), ada, lobby, json.RawMessage(`"one"`), key)
	wantNil(t, err)
	void := chat.Entry{Epoch: said.Epoch, Seq: 2, Void: true, At: ada.ConnectedAt, ExpiresAt: ada.ExpiresAt}
	_, err = uc.Log.Write(t.Context(), lobby, void, nil)
	wantNil(t, err)
	want := map[string]bool{
		"head#lobby head": false, "once#ada " + key: true,
		"log#lobby#" + said.Epoch + " 0000000000000001": true, "log#lobby#" + said.Epoch + " 0000000000000002": true,
	}
	for _, row := range dynamodblocal.Rows(t, s.Registry.Table) {
		name := row["pk"].(*types.AttributeValueMemberS).Value + " " + row["sk"].(*types.AttributeValueMemberS).Value
		expires, known := want[name]
		if _, has := row["exp"]; known && has != expires {
			t.Errorf("%s expires: %v", name, has)
		}
		if size := dynamodblocal.RowSize(row); name[len(name)-1] == '2' && known && size > 100 {
			t.Errorf("a void takes %d bytes: %v", size, row)
		}
		delete(want, name)
	}
	if len(want) > 0 {
		t.Errorf("there are no %v", want)
	}
}

// TestDataComesBackAsItCame, whatever bytes it has.
func TestDataComesBackAsItCame(t *testing.T) {
	log := adapter.Store{Table: dynamodblocal.NewTable(t)}
	for i, data := range []string{`{ "a" : 1.0e0 , "a":"<&>\u2028\u0000"}`, "\"\xff\xfe \x7f\u2028 \U0001f600\"", `""`, "null", " 1 "} {
		e := chat.Entry{
			Epoch: "e", Seq: int64(i), MessageID: "m", Data: json.RawMessage(data), From: domain.Origin{User: "ada", Connection: "c"},
			ExpiresAt: domaintest.NewConnection("").ExpiresAt,
		}
		_, err := log.Write(t.Context(), lobby, e, nil)
		wantNil(t, err)
		got, _, err := log.Read(t.Context(), lobby, "e", chat.Range{From: e.Seq, To: e.Seq})
		if err != nil || len(got) != 1 || string(got[0].Data) != data {
			t.Errorf("wrote %q, read %+v, %v", data, got, err)
		}
	}
}

// TestTokenOfATransaction: all attempts of one write have the same, and no two writes do.
func TestTokenOfATransaction(t *testing.T) {
	s, w := wired(t)
	uc, ada := chatOver(s), inLobby(t, s, "ada")
	const attempts = 3
	tokens := map[string]int{}
	w.Inject(func(n int, request *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
		if !strings.HasSuffix(request.Header.Get("X-Amz-Target"), "TransactWriteItems") {
			return nil, nil
		}
		var sent struct{ ClientRequestToken string }
		body, err := io.ReadAll(request.Body)
		request.Body = io.NopCloser(bytes.NewReader(body))
		if err = errors.Join(err, json.Unmarshal(body, &sent)); err != nil {
			return nil, err
		}
		if tokens[sent.ClientRequestToken]++; tokens[sent.ClientRequestToken] < attempts {
			return dynamodblocal.Collision(n, request, send)
		}
		return nil, nil
	})
	for i := range 3 {
		_, err := uc.Say(t.Context(), ada, lobby, json.RawMessage(`1`), fmt.Sprint(key, i))
		wantNil(t, err)
	}
	if len(tokens) != 3 {
		t.Errorf("%d tokens", len(tokens))
	}
	for token, n := range tokens {
		if n != attempts || token == "" {
			t.Errorf("token %q was sent %d times", token, n)
		}
	}
}
