package sqs_test

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"

	"wsecho/adapters/sqs"
)

// stub answers SendMessageBatch as SQS does, and fails as a test decides.
type stub struct {
	// refuse tells how an entry fails: an error code, or nothing. senderFault is what SQS says of it.
	refuse      func(id string, times int) string
	senderFault bool
	// status and code, if set, fail whole requests.
	status int
	code   string

	mu       sync.Mutex // Guards what follows.
	requests [][]entry
	times    map[string]int
}

type entry struct {
	ID           string `json:"Id"`
	MessageBody  string
	DelaySeconds int
}

// queue returns a queue whose requests never leave the process.
func (s *stub) queue() *sqs.Queue {
	return &sqs.Queue{URL: "http://127.0.0.1/1/q", Client: sdk.New(sdk.Options{
		Region: "eu-central-1", HTTPClient: s, BaseEndpoint: aws.String("http://127.0.0.1"),
		Credentials: aws.AnonymousCredentials{},
	})}
}

// Do is one HTTP round trip.
func (s *stub) Do(request *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	var batch struct{ Entries []entry }
	if err := json.Unmarshal(body, &batch); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, batch.Entries)
	if s.status != 0 {
		return answer(s.status, map[string]any{"__type": "com.amazonaws.sqs#" + s.code}), nil
	}
	return answer(http.StatusOK, s.outcome(batch.Entries)), nil
}

// outcome is SQS's answer to a batch. s.mu is held.
func (s *stub) outcome(entries []entry) map[string]any {
	successful, failed := []any{}, []any{}
	for _, e := range entries {
		if s.times == nil {
			s.times = map[string]int{}
		}
		s.times[e.ID]++
		if s.refuse != nil {
			if code := s.refuse(e.ID, s.times[e.ID]); code != "" {
				failed = append(failed, map[string]any{"Id": e.ID, "Code": code, "SenderFault": s.senderFault})
				continue
			}
		}
		sum := md5.Sum([]byte(e.MessageBody))
		successful = append(successful, map[string]any{
			"Id": e.ID, "MessageId": "m" + e.ID, "MD5OfMessageBody": hex.EncodeToString(sum[:]),
		})
	}
	return map[string]any{"Successful": successful, "Failed": failed}
}

func answer(status int, body map[string]any) *http.Response {
	text, _ := json.Marshal(body)
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}},
		Body: io.NopCloser(bytes.NewReader(text)),
	}
}
