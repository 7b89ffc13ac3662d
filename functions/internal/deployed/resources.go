package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"wsecho/adapters/cloudformation"
)

func sqsClient(url string) *sqs.Client {
	return sqs.New(sqs.Options{BaseEndpoint: &url, Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("local", "local", "")})
}

// described is a problem of a resource.
func described(r cloudformation.Resource, err error) error {
	return cloudformation.Problem{Position: r.Position, Resource: r.LogicalID, Text: err.Error()}
}

// makeTables makes the tables of a template, with what matters for reading and writing.
func makeTables(ctx context.Context, client *dynamodb.Client, a *cloudformation.Application) error {
	for _, r := range a.Resources {
		if r.Type != tableType {
			continue
		}
		if err := makeTable(ctx, client, r); err != nil {
			return described(r, err)
		}
	}
	return nil
}

func makeTable(ctx context.Context, client *dynamodb.Client, r cloudformation.Resource) error {
	var table struct {
		AttributeDefinitions    []types.AttributeDefinition
		KeySchema               []types.KeySchemaElement
		TimeToLiveSpecification struct{ AttributeName *string }
	}
	if err := json.Unmarshal(r.Properties, &table); err != nil {
		return err
	}
	_, err := client.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName: &r.Name, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: table.AttributeDefinitions, KeySchema: table.KeySchema,
	})
	if _, exists := errors.AsType[*types.ResourceInUseException](err); exists {
		return nil // With -dynamodb it may.
	}
	if err != nil || table.TimeToLiveSpecification.AttributeName == nil {
		return err
	}
	enabled := true
	_, err = client.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{
		TableName:               &r.Name,
		TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: table.TimeToLiveSpecification.AttributeName, Enabled: &enabled},
	})
	return err
}

// queue is what a template says of one.
type queue struct {
	VisibilityTimeout      string
	MessageRetentionPeriod string
	RedrivePolicy          json.RawMessage
}

// attributes are those of the queue in SQS, whose names are the template's.
func (q queue) attributes() map[string]string {
	all := map[string]string{}
	for name, value := range map[string]string{
		"VisibilityTimeout": q.VisibilityTimeout, "MessageRetentionPeriod": q.MessageRetentionPeriod, "RedrivePolicy": string(q.RedrivePolicy),
	} {
		if value != "" {
			all[name] = value
		}
	}
	return all
}

// makeQueues makes the queues of a template, those for dead letters, which have none themselves, before the others. It
// returns their URLs by their names.
func makeQueues(ctx context.Context, client *sqs.Client, a *cloudformation.Application) (map[string]string, error) {
	urls := map[string]string{}
	for _, redrives := range []bool{false, true} {
		for _, r := range a.Resources {
			var q queue
			if err := json.Unmarshal(r.Properties, &q); err != nil && r.Type == queueType {
				return nil, described(r, err)
			}
			if r.Type != queueType || redrives != (q.RedrivePolicy != nil) {
				continue
			}
			made, err := client.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &r.Name, Attributes: q.attributes()})
			if err != nil {
				return nil, described(r, err)
			}
			urls[r.Name] = *made.QueueUrl
		}
	}
	return urls, nil
}

// source is a queue whose messages a function gets.
type source struct {
	function string // Its logical id.
	url, arn string
	// batch is how many messages an event has at most, concurrency how many events there are at a time.
	batch, concurrency int
	// partial is whether the function says which messages of a batch have failed.
	partial bool
}

// sourcesOf are the queues that functions get messages of, which have URLs by their names.
func sourcesOf(a *cloudformation.Application, urls map[string]string) (all []source, err error) {
	for _, r := range a.Resources {
		for _, f := range a.Functions {
			i := slices.IndexFunc(f.Sources, func(from cloudformation.EventSource) bool { return from.Name == r.LogicalID })
			if r.Type != sourceType || i < 0 {
				continue
			}
			s, err := sourceOf(r.Properties)
			s.function, s.arn = f.LogicalID, f.Sources[i].ARN
			s.url = urls[s.arn[strings.LastIndex(s.arn, ":")+1:]]
			if err == nil && s.url == "" {
				err = fmt.Errorf("the template has no queue %q", s.arn)
			}
			if err != nil {
				return nil, described(r, err)
			}
			all = append(all, s)
		}
	}
	return all, nil
}

// sourceOf reads an event source. The defaults are Lambda's: ten messages, and five events at a time at first.
// Source: AWS, Lambda developer guide, "Configuring scaling behavior for SQS event source mappings".
func sourceOf(properties []byte) (source, error) {
	var mapping struct {
		BatchSize             int `json:",string"`
		FunctionResponseTypes []string
		ScalingConfig         struct {
			MaximumConcurrency int `json:",string"`
		}
	}
	err := json.Unmarshal(properties, &mapping)
	return source{
		batch: cmp.Or(mapping.BatchSize, 10), concurrency: cmp.Or(mapping.ScalingConfig.MaximumConcurrency, 5),
		partial: slices.Contains(mapping.FunctionResponseTypes, "ReportBatchItemFailures"),
	}, err
}
