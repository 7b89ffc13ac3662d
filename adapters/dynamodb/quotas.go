package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"wsecho/domain"
)

var _ domain.Quotas = Quotas{}

// Quotas count what users send, in one row for each user and minute. They are safe for concurrent use; their Table is
// required.
type Quotas struct{ Table Table }

// quotaLife is how long a count is kept after its minute began.
const quotaLife = 2 * time.Minute

// Count implements domain.Quotas with one write unit. An attempt whose reply was lost counts twice, so that the limit
// holds whatever happens.
func (t Quotas) Count(ctx context.Context, user string, minute time.Time, max int) (bool, error) {
	_, _, err := t.Table.Update(ctx, Update{
		Key:    quotaKey(user, minute),
		Do:     "ADD #n :1 SET #exp = :exp",
		If:     "attribute_not_exists(#n) OR #n < :max",
		Values: Values{":1": 1, ":max": max, ":exp": minute.Add(quotaLife).Unix()},
	})
	if errors.Is(err, ErrCondition) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("counting a message: %w", err)
	}
	return true, nil
}
