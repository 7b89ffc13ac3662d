package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"wsecho/adapters/dynamodb"
	"wsecho/adapters/dynamodb/dynamodblocal"
	"wsecho/functions/internal/listening"
)

// tableName is the program's table.
const tableName = "wsecho"

// table is DynamoDB Local, with a wire between it and the program on which misfortunes happen.
type table struct {
	server *process
	proxy  *httptest.Server
	wire   *dynamodblocal.Wire
	client *sdk.Client // It does not go over the wire.
}

// newTable starts a server.
func newTable(ctx context.Context, root string) (*table, error) {
	folder := filepath.Join(root, ".tools", "dynamodb-local")
	if _, err := os.Stat(filepath.Join(folder, "java.args")); err != nil {
		return nil, fmt.Errorf("DynamoDB Local is not installed: run make tools-dynamodb, or choose -store memory: %w", err)
	}
	address, err := listening.FreeAddress(ctx)
	if err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(address)
	server, err := spawn(folder, nil, io.Discard, io.Discard, "java", "@java.args", "-inMemory", "-disableTelemetry", "-port", port)
	if err != nil {
		return nil, err
	}
	if err := waitFor(ctx, address); err != nil {
		server.end(syscall.SIGKILL)
		return nil, fmt.Errorf("DynamoDB Local does not listen: %w", err)
	}
	target := &url.URL{Scheme: "http", Host: address}
	t := &table{server: server, client: dynamodb.NewClient(dynamodb.LocalConfig(target.String()))}
	t.proxy, t.wire = dynamodblocal.ProxyTo(target)
	return t, nil
}

func (t *table) close() {
	t.proxy.CloseClientConnections()
	t.proxy.Close()
	t.server.end(syscall.SIGKILL)
}

// misbehave lets a share of requests come late, and another one fail in one of the ways in which DynamoDB's do.
func (t *table) misbehave(seed uint64, late time.Duration, share float64) {
	of := share / 7
	sometimes := dynamodblocal.Sometimes(seed,
		dynamodblocal.Share{Of: 0.2, Fault: delayed(seed, late)},
		dynamodblocal.Share{Of: of, Fault: dynamodblocal.OnceFaults["throttled"]},
		dynamodblocal.Share{Of: of, Fault: dynamodblocal.OnceFaults["too many requests"]},
		dynamodblocal.Share{Of: of, Fault: dynamodblocal.OnceFaults["unavailable"]},
		dynamodblocal.Share{Of: of, Fault: dynamodblocal.Collision},
		dynamodblocal.Share{Of: of, Fault: dynamodblocal.Applied500},
		dynamodblocal.Share{Of: of, Fault: dynamodblocal.Lost},
		dynamodblocal.Share{Of: of, Fault: dynamodblocal.Torn},
	)
	t.wire.Inject(sometimes)
}

// delayed lets a request, or its reply, take some time.
func delayed(seed uint64, longest time.Duration) dynamodblocal.Fault {
	return func(n int, request *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
		chance := rand.New(rand.NewPCG(seed, uint64(n)|1<<63))
		_ = pause(request.Context(), time.Duration(chance.Float64()*float64(longest)))
		if chance.Float64() < 0.5 {
			return nil, nil
		}
		response, err := dynamodblocal.Whole(send())
		_ = pause(request.Context(), time.Duration(chance.Float64()*float64(longest)))
		return response, err
	}
}

// behave ends misfortunes.
func (t *table) behave() { t.wire.Inject(nil) }

// rows returns the keys of all rows whose partition begins with one of some texts, without those that have expired:
// nobody sees them, and DynamoDB deletes them when it likes, which DynamoDB Local does not.
func (t *table) rows(ctx context.Context, prefixes ...string) (keys []string, err error) {
	now := &types.AttributeValueMemberN{Value: strconv.FormatInt(time.Now().Unix(), 10)}
	pages := sdk.NewScanPaginator(t.client, &sdk.ScanInput{
		TableName: aws.String(tableName), ConsistentRead: aws.Bool(true), FilterExpression: aws.String("attribute_not_exists(#exp) OR #exp > :now"),
		ExpressionAttributeNames: map[string]string{"#exp": "exp"}, ExpressionAttributeValues: dynamodb.Row{":now": now},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("scanning the table: %w", err)
		}
		for _, row := range page.Items {
			pk, sk := text(row["pk"]), text(row["sk"])
			for _, prefix := range prefixes {
				if strings.HasPrefix(pk, prefix) {
					keys = append(keys, pk+" "+sk)
				}
			}
		}
	}
	return keys, nil
}

func text(v types.AttributeValue) string {
	if s, ok := v.(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}

// waitFor returns when somebody listens at an address.
func waitFor(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return listening.WaitFor(ctx, address)
}

// pause waits, unless ctx ends before.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
