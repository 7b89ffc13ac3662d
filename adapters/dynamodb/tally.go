package dynamodb

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"wsecho/domain"
)

var _ domain.Tally = Tally{}

// Tally counts what users send, in one row for each user and minute. It is safe for concurrent use; its Table is
// required.
type Tally struct{ Table Table }

// tallyLife is how long a count is kept after its minute began.
const tallyLife = 2 * time.Minute

// Count implements domain.Tally with one write unit. An attempt whose reply was lost counts twice, so that the limit
// holds whatever happens.
func (t Tally) Count(ctx context.Context, user string, minute time.Time, max int) (bool, error) {
	_, _, err := attempt(ctx, t.Table, t.Table.Client.UpdateItem, &sdk.UpdateItemInput{
		TableName: &t.Table.Name,
		Key: item{
			partitionKey: text("rate#" + user),
			sortKey:      text(minute.UTC().Format("2006-01-02T15:04")),
		},
		UpdateExpression:         aws.String("ADD #n :1 SET #exp = :exp"),
		ConditionExpression:      aws.String("attribute_not_exists(#n) OR #n < :max"),
		ExpressionAttributeNames: map[string]string{"#n": "n", "#exp": expires},
		ExpressionAttributeValues: item{
			":1": number(1), ":max": number(int64(max)), ":exp": number(minute.Add(tallyLife).Unix()),
		},
	})
	if conditionFailed(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("counting a message: %w", err)
	}
	return true, nil
}
