package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// CreateTable creates the table as template.yaml describes it, as far as reading and writing go, and waits until it
// can be used. A table that exists already is left as it is. It is meant for local servers; in AWS the table belongs
// to the stack.
func (t Table) CreateTable(ctx context.Context) error {
	_, err := t.Client.CreateTable(ctx, &sdk.CreateTableInput{
		TableName:   &t.Name,
		BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String(partitionKey), AttributeType: types.ScalarAttributeTypeS},
			{AttributeName: aws.String(sortKey), AttributeType: types.ScalarAttributeTypeS},
		},
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String(partitionKey), KeyType: types.KeyTypeHash},
			{AttributeName: aws.String(sortKey), KeyType: types.KeyTypeRange},
		},
	})
	if _, exists := errors.AsType[*types.ResourceInUseException](err); exists {
		return nil
	}
	if err == nil {
		err = t.enableExpiry(ctx)
	}
	if err != nil {
		return fmt.Errorf("creating table %s: %w", t.Name, err)
	}
	return nil
}

func (t Table) enableExpiry(ctx context.Context) error {
	there := &sdk.DescribeTableInput{TableName: &t.Name}
	if err := sdk.NewTableExistsWaiter(t.Client).Wait(ctx, there, time.Minute); err != nil {
		return err
	}
	_, err := t.Client.UpdateTimeToLive(ctx, &sdk.UpdateTimeToLiveInput{
		TableName: &t.Name,
		TimeToLiveSpecification: &types.TimeToLiveSpecification{
			AttributeName: aws.String(expires), Enabled: aws.Bool(true),
		},
	})
	return err
}
