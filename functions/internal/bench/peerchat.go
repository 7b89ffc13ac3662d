package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// nodeTable is the table of the handler in Node that broadcasts.
const nodeTable = "peers-connections"

// peerBroadcast compares a message to everybody with the way that examples in Node have.
func (b *bench) peerBroadcast(ctx context.Context) (section, error) {
	all := []func(table string) contestant{
		func(table string) contestant { return local("-dynamodb", table) },
		func(table string) contestant {
			return nodeHandler("Node: one Scan, Promise.all", "broadcast.handler", "AWS_ENDPOINT_URL_DYNAMODB="+table)
		},
	}
	figures, err := alternate(b.rounds, all, func(c func(string) contestant) (broadcastFigures, error) { return b.broadcastOnTable(ctx, c) })
	if err != nil {
		return section{}, err
	}
	named := []contestant{all[0]("http://127.0.0.1:8000"), all[1]("http://127.0.0.1:8000")}
	t := table{head: []string{"server", "p50 ms", "p99 ms", "last client ms", "processor µs a client", "wsEcho ÷ this: last client", "wsEcho ÷ this: processor time"}}
	for i, c := range named {
		t.row(c.name, middle(figures[i], broadcastFigures.p50).format("%.1f"), middle(figures[i], broadcastFigures.p99).format("%.1f"),
			middle(figures[i], broadcastFigures.last).format("%.1f"), middle(figures[i], broadcastFigures.processor).format("%.1f"),
			ratio(figures[0], figures[i], broadcastFigures.last).unless(i == 0), ratio(figures[0], figures[i], broadcastFigures.processor).unless(i == 0))
	}
	return section{
		title: "Broadcast beside one Scan and Promise.all",
		about: strings.Join([]string{
			fmt.Sprintf("From the sending of a message until each of %d clients has it, with connections in DynamoDB Local, whose processor time is in no figure.", b.clients),
			"Both post by API Gateway's protocol, without TLS, to the same gateway, which is in both figures.",
			"The handler in Node is a process of its own, by Lambda's Runtime API; wsEcho's handlers and its queue are in the gateway's process, which spares it that.",
			"What the handler in Node doesn't do: tell who is gone after a message, split an audience that one function can't serve in time or one Scan doesn't return (1 MB),",
			"try again what was throttled, bound how much is posted at once or drop what comes twice. A failed post fails the event for everybody.",
		}, " "),
		plots: []plot{
			{"broadcast last", fmt.Sprintf("Broadcast to %d: until the last client has it, ms", b.clients), bars(named, figures, broadcastFigures.last)},
			{"broadcast processor", fmt.Sprintf("Broadcast to %d: processor time a client, µs", b.clients), bars(named, figures, broadcastFigures.processor)},
		},
		commands: append(commands(named), b.made("-clients %d -broadcasts %d -rounds %d broadcast", b.clients, b.broadcasts, b.rounds)),
		table:    t,
	}, nil
}

// broadcastOnTable measures a server that keeps its connections in a DynamoDB Local of its own.
func (b *bench) broadcastOnTable(ctx context.Context, c func(table string) contestant) (f broadcastFigures, err error) {
	p, url, err := b.dynamodb(ctx)
	if err != nil {
		return f, err
	}
	defer p.stop()
	if err := makeNodeTable(ctx, url); err != nil {
		return f, err
	}
	return b.broadcastOnce(ctx, c(url))
}

// makeNodeTable makes the table of the handler in Node.
func makeNodeTable(ctx context.Context, url string) error {
	db := dynamodb.NewFromConfig(account(awshttp.NewBuildableClient(), nil), func(o *dynamodb.Options) { o.BaseEndpoint = &url })
	_, err := db.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName: aws.String(nodeTable), BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
	})
	return err
}
