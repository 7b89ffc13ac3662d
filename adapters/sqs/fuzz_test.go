package sqs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"wsecho/adapters/memory"
	"wsecho/domain"
	"wsecho/domain/chat"
)

// kinds are the audiences of the API.
var kinds = []domain.AudienceKind{domain.Users, chat.Rooms}

var sentHere = time.Date(2026, 11, 22, 17, 3, 5, 120_000_000, time.UTC)

// FuzzPush sends anything as a message of the queue. What is accepted as a push keeps the limits of docs/push.md, and
// comes out of the queue as it went in if a worker hands it back.
func FuzzPush(f *testing.F) {
	for _, body := range []string{
		`{"v":1,"audience":"everyone","message":{"text":"<&> ü \ud83d\ude00"}}`, `{"v":1,"audience":"room:r","message":null,"except":["a=","b="]}`,
		`{"v":1,"audience":"user:ada@b","message":[1e400],"messageId":"mine","expiresAt":"2027-01-01T00:00:00+01:00"}`,
		`{"v":1,"audience":"everyone","message":"` + "\uFFFE\uFFFF\u2028" + `","expiresAt":"9999-12-31T23:59:59-23:59"}`,
		`{"v":1,"V":2,"audience":"everyone","message":1}`, `{"v":1,"audience":"everyone","audience":"room:","message":1}`,
		`{"v":1,"audience":"everyone","message":1,"wire":{}}`, `{"v":1,"audience":"user:anon-x","message":"` + "\xff" + `"}`,
		`{"v":1,"wire":{},"audience":"","messageId":"","span":"0000000000000000-ffffffffffffffff","acceptedAt":"2026-11-22T17:03:05Z","expiresAt":"2026-11-22T18:03:05Z"}`,
		`{"v":1,"audience":"everyone","message":1,"messageId":"` + strings.Repeat("x", 129) + `"}`,
		`{"v":1,"audience":"everyone","message":"` + "\xff" + `"}`, `{"v":1e0}`, `null`, `[`, ``,
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		_, _ = Decode([]byte(body), "sqs-id", sentHere, kinds)
		d, err := DecodePush([]byte(body), "sqs-id", sentHere, kinds)
		if err != nil {
			return
		}
		wantWithinLimits(t, d)
		wantSameAgain(t, d)
	})
}

// wantWithinLimits wants a delivery to keep what docs/push.md says of a push.
func wantWithinLimits(t *testing.T, d domain.Delivery) {
	t.Helper()
	id := regexp.MustCompile(`^[!-~]{1,128}$`)
	audience := regexp.MustCompile(`^(everyone|user:[A-Za-z0-9][A-Za-z0-9_.@:-]{0,63}|room:[A-Za-z0-9][A-Za-z0-9_.:-]{0,63})$`)
	if !id.MatchString(d.MessageID) || !audience.MatchString(string(d.Audience)) || strings.HasPrefix(string(d.Audience), "user:anon-") {
		t.Errorf("accepted with the id %q and the audience %q", d.MessageID, d.Audience)
	}
	for _, one := range d.Except {
		if !id.MatchString(one) || len(d.Except) > 1000 {
			t.Errorf("accepted with %q among %d exceptions", one, len(d.Except))
		}
	}
	var got struct {
		Type, MessageID, Audience, At string
		Data                          json.RawMessage
	}
	if err := json.Unmarshal(d.Message, &got); err != nil || len(d.Message) > 131_072 || !utf8.Valid(d.Message) ||
		got.Type != "push" || got.MessageID != d.MessageID || got.Audience != string(d.Audience) || got.Data == nil {
		t.Errorf("members get %.300q: %v", d.Message, err)
	}
	if d.Span != domain.Ring || d.Members != nil || d.Retry() || d.Condition != nil {
		t.Errorf("a push became %+v", d)
	}
}

// wantSameAgain wants a delivery that encode writes to be one that SQS takes, and to be read as it was.
func wantSameAgain(t *testing.T, d domain.Delivery) {
	t.Helper()
	body, err := encode(d)
	if err != nil {
		t.Fatalf("encode(%+v): %v", d, err)
	}
	if !utf8.Valid(body) || bytes.ContainsFunc(body, refusedBySQS) {
		t.Errorf("SQS does not take %q", body)
	}
	got, err := Decode(body, "another-id", sentHere.Add(time.Hour), kinds)
	if err != nil {
		t.Fatalf("Decode(%s): %v", body, err)
	}
	if !got.AcceptedAt.Equal(d.AcceptedAt) || !got.ExpiresAt.Equal(d.ExpiresAt) {
		t.Errorf("its times are %v and %v, were %v and %v", got.AcceptedAt, got.ExpiresAt, d.AcceptedAt, d.ExpiresAt)
	}
	d.Message, got.AcceptedAt, got.ExpiresAt = escaped(d.Message), d.AcceptedAt, d.ExpiresAt
	if d.Condition != nil && d.Condition.Otherwise != nil {
		condition := *d.Condition
		condition.Otherwise = escaped(condition.Otherwise)
		d.Condition = &condition
	}
	if !reflect.DeepEqual(got, d) {
		t.Errorf("Decode(%s) =\n%+v, was\n%+v", body, got, d)
	}
}

// refusedBySQS tells which characters a message may not have.
// Source: AWS, SQS API reference, SendMessage, allowed characters.
func refusedBySQS(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == '\uFFFE' || r == '\uFFFF'
}

// escaped is a message as the queue has to write it.
func escaped(message json.RawMessage) json.RawMessage {
	return json.RawMessage(strings.NewReplacer("\uFFFE", `\ufffe`, "\uFFFF", `\uffff`).Replace(string(message)))
}

// FuzzParcel writes any delivery of our own to the queue, and reads it.
func FuzzParcel(f *testing.F) {
	f.Add("m", "room:r", "text", "c=", "ada", uint64(0), uint64(1<<63), int64(1_795_000_000_000_000_000), uint16(0xffff))
	f.Add("key-1", "everyone", "\uFFFE<&>\u2028\x00", "", "", uint64(5), ^uint64(0), int64(1), uint16(0))
	f.Add("", "", "\"]}", "a=", "", uint64(7), uint64(7), int64(-1), uint16(0x11))
	f.Fuzz(func(t *testing.T, id, audience, text, connection, user string, first, last uint64, at int64, has uint16) {
		for _, given := range []string{id, audience, text, connection, user} {
			if !utf8.ValidString(given) {
				return
			}
		}
		message, err := domain.Encode(text)
		if err != nil {
			t.Fatal(err)
		}
		when := time.Unix(0, at).UTC()
		d := domain.Delivery{
			MessageID: id, Message: message, Audience: domain.Audience(audience),
			Span:       domain.Span{First: min(first, last), Last: max(first, last)},
			MaxMembers: int(has >> 12), Attempt: int(has >> 10 & 3), Postponed: int(has >> 8 & 3), Repairable: has&1 != 0,
			AcceptedAt: when, ExpiresAt: when.Add(time.Hour),
		}
		if has&2 != 0 {
			d.Except = []string{connection}
		}
		if has&4 != 0 {
			d.Members = []domain.Member{{ID: connection, ConnectedAt: when, User: user}, {ID: "b=", ConnectedAt: when, ExpiresAt: when}}
		}
		if has&8 != 0 {
			d.Condition = &domain.Condition{Connection: connection, Member: has&16 != 0, Pending: has&32 != 0}
			if has&64 != 0 {
				d.Condition.Otherwise = message
			}
		}
		wantSameAgain(t, d)
	})
}

// FuzzDeliver has a worker take anything that the queue may hold, with members who are not reached: it neither panics
// nor keeps what it cannot read.
func FuzzDeliver(f *testing.F) {
	outcomes := []error{nil, domain.ErrThrottled, domain.ErrGone, domain.ErrRefused, domain.ErrForbidden, errors.New("broken")}
	const own = `{"v":1,"audience":"everyone","wire":{},"messageId":"m","span":"0000000000000000-ffffffffffffffff",` +
		`"acceptedAt":"2026-11-22T17:03:05Z","expiresAt":"9999-11-22T18:03:05Z"`
	for _, more := range []string{
		``, `,"attempt":7,"postponed":1`, `,"members":[]`, `,"members":[{"id":"a=","at":"2026-11-22T17:03:05Z"}],"repairable":true`,
		`,"condition":{"connection":"a=","member":true,"otherwise":{}},"maxMembers":1`, `,"condition":{}`,
		`,"attempt":-9,"postponed":-9`, `,"attempt":9223372036854775807,"postponed":9223372036854775807`, `,"maxMembers":-1`,
	} {
		for outcome := range outcomes {
			f.Add(own+more+`}`, uint8(outcome))
		}
	}
	f.Add(`{"v":1,"audience":"everyone","message":1}`, uint8(1))
	f.Fuzz(func(t *testing.T, body string, outcome uint8) {
		d, err := Decode([]byte(body), "sqs-id", time.Now(), kinds)
		if err != nil {
			return
		}
		w := newStubborn(t, outcomes[int(outcome)%len(outcomes)])
		_ = w.Deliver(t.Context(), d)
	})
}

// newStubborn is a worker whose posts all have the same outcome. It waits for nothing.
func newStubborn(t *testing.T, outcome error) *Worker {
	t.Helper()
	registry := new(memory.Registry)
	began := time.Now()
	if err := registry.Connect(t.Context(), domain.Connection{ID: "a=", ConnectedAt: began, ExpiresAt: began.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.NewTextHandler(io.Discard, nil))
	return &Worker{Audiences: kinds, Logger: logger, FanOut: &domain.FanOut{
		Registry: registry, Queue: &memory.Queue{Logger: logger}, Closer: domain.Closer{Registry: registry, Memberships: registry},
		Sender: stubborn{outcome}, Limiter: domain.NewLimiter(1e9), Rests: new(domain.Rests), Concurrency: 2, Random: func() float64 { return 0 },
	}}
}

// stubborn is a sender whose posts all have the same outcome.
type stubborn struct{ outcome error }

// Send implements domain.Sender.
func (s stubborn) Send(context.Context, string, []byte) error { return s.outcome }
