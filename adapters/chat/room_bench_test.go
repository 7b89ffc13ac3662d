package chat_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	adapter "wsecho/adapters/chat"
	"wsecho/adapters/dynamodb"
	"wsecho/adapters/dynamodb/dynamodblocal"
	"wsecho/domain"
	"wsecho/domain/chat"
)

// BenchmarkRoom has a number of writers speak in one room as fast as they can: into the shared log without and with a
// key, and for comparison by a transaction over head and message that starts again when the head has moved.
func BenchmarkRoom(b *testing.B) {
	ways := []way{
		{"log", speakWithoutKey}, {"log with keys", speakWithKey}, {"optimistic transaction", speakOptimistically},
	}
	warm, _ := dynamodblocal.NewWiredTable(b)
	for _, way := range ways {
		way.together(b, warm, 10, 300) // The server compiles what it does often.
	}
	for _, way := range ways {
		for _, writers := range []int{1, 4, 10, 50} {
			b.Run(fmt.Sprintf("%s/writers=%d", way.name, writers), func(b *testing.B) {
				table, w := dynamodblocal.NewWiredTable(b)
				w.Inject(nil)
				b.ResetTimer()
				way.together(b, table, writers, b.N)
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
				b.ReportMetric(float64(w.Count())/float64(b.N), "round-trips/message")
			})
		}
	}
}

// way is a way to speak. Every message has another number.
type way struct {
	name  string
	speak func(ctx context.Context, table dynamodb.Table, number int) error
}

// together has writers speak at the same time until they have said a number of messages.
func (w way) together(b *testing.B, table dynamodb.Table, writers, messages int) {
	var next atomic.Int64
	var running sync.WaitGroup
	for range writers {
		running.Go(func() {
			for n := next.Add(1); n <= int64(messages); n = next.Add(1) {
				if err := w.speak(b.Context(), table, int(n)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	running.Wait()
}

func speakWithoutKey(ctx context.Context, table dynamodb.Table, _ int) error {
	return speak(ctx, adapter.Store{Table: table}, nil)
}

func speakWithKey(ctx context.Context, table dynamodb.Table, n int) error {
	log := adapter.Store{Table: table}
	key := &chat.IdempotencyKey{User: "ada", Key: fmt.Sprint(key, n), ExpiresAt: time.Now().Add(chat.IdempotencyKeyLife)}
	if _, err := log.Find(ctx, key.User, key.Key); !errors.Is(err, chat.ErrUnusedKey) {
		return fmt.Errorf("finding a new key: %w", err)
	}
	return speak(ctx, log, key)
}

func speak(ctx context.Context, log adapter.Store, key *chat.IdempotencyKey) error {
	head, err := log.Advance(ctx, lobby, "epoch", time.Now())
	if err != nil {
		return err
	}
	e := benchEntry(head.Seq)
	if key != nil {
		key.Sent = chat.Sent{Hash: "hash", MessageID: e.MessageID, Epoch: e.Epoch, Seq: e.Seq}
	}
	stored, err := log.Write(ctx, lobby, e, key)
	if err == nil && stored.MessageID != e.MessageID {
		err = fmt.Errorf("place %d was taken", e.Seq)
	}
	return err
}

func benchEntry(seq int64) chat.Entry {
	return chat.Entry{
		Epoch: "epoch", Seq: seq, MessageID: newID(), From: domain.Origin{User: "ada", Connection: "c"},
		Data: []byte(`"hello, everybody"`), At: time.Now(), ExpiresAt: time.Now().Add(time.Hour),
	}
}

// speakOptimistically reads the head, and writes it and the message on condition that it has not moved. After a
// failure it waits a random time that grows, as long as there are others.
func speakOptimistically(ctx context.Context, table dynamodb.Table, _ int) error {
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, 320*time.Millisecond) {
		err := tryOptimistically(ctx, table)
		if _, moved := errors.AsType[*types.TransactionCanceledException](err); !moved {
			return err
		}
		time.Sleep(rand.N(pause))
	}
}

func tryOptimistically(ctx context.Context, table dynamodb.Table) error {
	head := map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "head#"}, "sk": &types.AttributeValueMemberS{Value: "head"}}
	out, err := table.Client.GetItem(ctx, &sdk.GetItemInput{TableName: &table.Name, Key: head, ConsistentRead: aws.Bool(true)})
	if err != nil {
		return err
	}
	seq := 0
	if last, ok := out.Item["seq"].(*types.AttributeValueMemberN); ok {
		_, _ = fmt.Sscan(last.Value, &seq)
	}
	number := func(n int) types.AttributeValue { return &types.AttributeValueMemberN{Value: fmt.Sprint(n)} }
	e := benchEntry(int64(seq + 1))
	_, err = table.Client.TransactWriteItems(ctx, &sdk.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
		{Update: &types.Update{
			TableName: &table.Name, Key: head, UpdateExpression: aws.String("SET seq = :new"),
			ConditionExpression:       aws.String("attribute_not_exists(seq) OR seq = :old"),
			ExpressionAttributeValues: map[string]types.AttributeValue{":new": number(seq + 1), ":old": number(seq)},
		}},
		{Put: &types.Put{
			TableName: &table.Name, ConditionExpression: aws.String("attribute_not_exists(pk)"),
			Item: map[string]types.AttributeValue{
				"pk": &types.AttributeValueMemberS{Value: "log#"}, "sk": &types.AttributeValueMemberS{Value: fmt.Sprintf("%016d", e.Seq)},
				"id": &types.AttributeValueMemberS{Value: e.MessageID}, "data": &types.AttributeValueMemberB{Value: e.Data},
			},
		}},
	}})
	return err
}
