package dynamodblocal

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"wsecho/adapters/dynamodb"
)

// Rows returns all rows of a table.
func Rows(t testing.TB, table dynamodb.Table) (rows []dynamodb.Row) {
	t.Helper()
	pages := sdk.NewScanPaginator(table.Client, &sdk.ScanInput{TableName: &table.Name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, page.Items...)
	}
	return rows
}

// RowSize measures a row in bytes, by the rule that AWS bills by: names and values as they are, numbers at half a byte a
// digit and one more.
// Source: AWS, "DynamoDB item sizes and formats".
func RowSize(row dynamodb.Row) (size int) {
	for name, value := range row {
		size += len(name)
		switch value := value.(type) {
		case *types.AttributeValueMemberS:
			size += len(value.Value)
		case *types.AttributeValueMemberN:
			size += (len(strings.TrimRight(value.Value, "0"))+1)/2 + 1
		case *types.AttributeValueMemberSS:
			size += 3 + len(strings.Join(value.Value, "")) + len(value.Value)
		}
	}
	return size
}

// Spoil gives an attribute of a stored row a value that the code under test does not write.
func Spoil(t testing.TB, table dynamodb.Table, row dynamodb.Row, name string, value types.AttributeValue) {
	t.Helper()
	_, err := table.Client.UpdateItem(t.Context(), &sdk.UpdateItemInput{
		TableName: &table.Name, Key: dynamodb.Row{"pk": row["pk"], "sk": row["sk"]},
		UpdateExpression: aws.String("SET #name = :value"), ExpressionAttributeNames: map[string]string{"#name": name},
		ExpressionAttributeValues: dynamodb.Row{":value": value},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// WriteAll puts many rows into a table, a hundred requests of 25 rows at a time in each of several goroutines.
func WriteAll(t testing.TB, table dynamodb.Table, rows []map[string]types.AttributeValue) {
	t.Helper()
	var running sync.WaitGroup
	for part := range slices.Chunk(rows, 25*100) {
		running.Go(func() {
			for batch := range slices.Chunk(part, 25) {
				if err := writeBatch(t, table, batch); err != nil {
					t.Errorf("writing rows: %v", err)
				}
			}
		})
	}
	running.Wait()
}

func writeBatch(t testing.TB, table dynamodb.Table, rows []map[string]types.AttributeValue) error {
	var puts []types.WriteRequest
	for _, row := range rows {
		puts = append(puts, types.WriteRequest{PutRequest: &types.PutRequest{Item: row}})
	}
	out, err := table.Client.BatchWriteItem(t.Context(), &sdk.BatchWriteItemInput{
		RequestItems: map[string][]types.WriteRequest{table.Name: puts},
	})
	if err == nil && len(out.UnprocessedItems) > 0 {
		return errors.New("some are left")
	}
	return err
}
