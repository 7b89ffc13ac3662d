package dynamodb_test

import (
	"context"
	"errors"
	"fmt"

	"wsecho/adapters/dynamodb"
)

var errNoOption = errors.New("there is no such option")

// votes is the store of an extension that counts votes. Its keys begin in a way that is not reserved.
type votes struct{ Table dynamodb.Table }

// optionRow is an option that may be voted for, written with votes.Table.Put.
type optionRow struct {
	dynamodb.Key
	Title string `dynamodbav:"title"`
	Votes int64  `dynamodbav:"votes,omitempty"`
}

// Add counts a vote, once more if the reply to an attempt is lost, and returns how many there are now.
func (v votes) Add(ctx context.Context, poll, option string) (int64, error) {
	row, _, err := v.Table.Update(ctx, dynamodb.Update{
		Key:    dynamodb.Key{PK: "poll#" + poll, SK: option},
		Do:     "ADD #votes :1",
		If:     "attribute_exists(#pk)",
		Values: dynamodb.Values{":1": 1},
	})
	if errors.Is(err, dynamodb.ErrCondition) {
		return 0, errNoOption
	}
	if err != nil {
		return 0, fmt.Errorf("counting a vote: %w", err)
	}
	return dynamodb.Read[optionRow](ctx, v.Table, row).Votes, nil
}

// The store of an extension keeps its rows in the table of the core: a struct for each kind of row, and a method for each
// of its port's.
func ExampleTable() {
	store := votes{Table: dynamodb.Table{Name: "table"}}
	_ = store.Add
}
