package dynamodb

import (
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"wsecho/domain"
)

// The attributes of a row beside its key. Names are short because they are paid for in every row: a connection
// without a user takes 61 bytes, of which 16 rows fit a kilobyte.
const (
	// connected is when the connection began, in milliseconds since 1970.
	connected = "at"
	// expires is when the row ends, in seconds since 1970; DynamoDB deletes it some time afterwards.
	expires = "exp"
	// user is absent if there is none.
	user = "user"
	// audiences is the set of audiences entered, in the connection's row only; absent if empty.
	audiences = "aud"
	// version counts the changes of audiences, in the connection's row only; absent if 0.
	version = "v"
)

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

// numberIn returns a number of a row; one that is absent is 0.
func numberIn(row item, name string) int64 {
	attribute, _ := row[name].(*types.AttributeValueMemberN)
	if attribute == nil {
		return 0
	}
	n, _ := strconv.ParseInt(attribute.Value, 10, 64)
	return n
}

func textIn(row item, name string) string {
	attribute, _ := row[name].(*types.AttributeValueMemberS)
	if attribute == nil {
		return ""
	}
	return attribute.Value
}

func audiencesIn(row item) []domain.Audience {
	attribute, _ := row[audiences].(*types.AttributeValueMemberSS)
	if attribute == nil {
		return nil
	}
	var all []domain.Audience
	for _, a := range attribute.Value {
		all = append(all, domain.Audience(a))
	}
	return all
}

// newRow is what the rows of a connection have in common, under the key of one of them.
func newRow(key item, c domain.Connection) item {
	row := item{
		partitionKey: key[partitionKey],
		sortKey:      key[sortKey],
		connected:    number(c.ConnectedAt.UnixMilli()),
		expires:      number(c.ExpiresAt.Unix()),
	}
	if c.User != "" {
		row[user] = text(c.User)
	}
	return row
}

// connectionOf reads a connection's row.
func connectionOf(row item) domain.Connection {
	_, id := parseSortKey(row)
	return domain.Connection{
		ID:          id,
		ConnectedAt: time.UnixMilli(numberIn(row, connected)),
		ExpiresAt:   time.Unix(numberIn(row, expires), 0),
		User:        textIn(row, user),
		Audiences:   audiencesIn(row),
		Version:     numberIn(row, version),
	}
}

// memberOf reads any row of a connection.
func memberOf(row item) domain.Member {
	c := connectionOf(row)
	return domain.Member{ID: c.ID, ConnectedAt: c.ConnectedAt, User: c.User, ExpiresAt: c.ExpiresAt}
}
