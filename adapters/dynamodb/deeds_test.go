package dynamodb_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"wsecho/adapters/dynamodb/dynamodblocal"
	"wsecho/domain"
)

// deed is something that is done to a store in which connection c has a user and is in the audiences a and b.
type deed func(ctx context.Context, s store, c domain.Connection) string

func outcome(results ...any) string { return fmt.Sprint(results...) }

var deeds = map[string]deed{
	"Connect": func(ctx context.Context, s store, c domain.Connection) string {
		c.ID = "another"
		return outcome(s.Connect(ctx, c))
	},
	"Connect again": func(ctx context.Context, s store, c domain.Connection) string {
		return outcome(s.Connect(ctx, c))
	},
	"Get": func(ctx context.Context, s store, c domain.Connection) string {
		return outcome(s.Get(ctx, c.ID))
	},
	"Members": func(ctx context.Context, s store, c domain.Connection) string {
		at := domain.Position(c.ID)
		return outcome(s.Members(ctx, domain.Everyone, domain.Span{First: at, Last: at}, 100))
	},
	"Enter": func(ctx context.Context, s store, c domain.Connection) string {
		return outcome(s.Enter(ctx, c, "new", 3))
	},
	"Enter again": func(ctx context.Context, s store, c domain.Connection) string {
		return outcome(s.Enter(ctx, c, "a", 2))
	},
	"Enter beyond the limit": func(ctx context.Context, s store, c domain.Connection) string {
		return outcome(s.Enter(ctx, c, "new", 2))
	},
	"Enter where nobody may": func(ctx context.Context, s store, c domain.Connection) string {
		return outcome(s.Enter(ctx, c, "new", 0))
	},
	"Enter unconnected": func(ctx context.Context, s store, c domain.Connection) string {
		c.ID = "another"
		return outcome(s.Enter(ctx, c, "new", 3))
	},
	"Leave": func(ctx context.Context, s store, c domain.Connection) string {
		return outcome(s.Leave(ctx, c.ID, "a"))
	},
	"Leave again": func(ctx context.Context, s store, c domain.Connection) string {
		return outcome(s.Leave(ctx, c.ID, "new"))
	},
	"Leave unconnected": func(ctx context.Context, s store, c domain.Connection) string {
		return outcome(s.Leave(ctx, "another", "a"))
	},
	"Leave after Evict": func(ctx context.Context, s store, c domain.Connection) string {
		if err := s.Evict(ctx, c.ID, "a"); err != nil {
			return outcome(err)
		}
		return outcome(s.Leave(ctx, c.ID, "a"))
	},
	"Evict": func(ctx context.Context, s store, c domain.Connection) string {
		return outcome(s.Evict(ctx, c.ID, "a"))
	},
	"Remove": func(ctx context.Context, s store, c domain.Connection) string {
		for _, a := range []domain.Audience{"a", "b", domain.UserAudience(c.User)} {
			if err := s.Evict(ctx, c.ID, a); err != nil {
				return outcome(err)
			}
		}
		return outcome(s.Remove(ctx, c))
	},
	"Remove an older version": func(ctx context.Context, s store, c domain.Connection) string {
		c.Version = 0
		return outcome(s.Remove(ctx, c))
	},
	"Remove what is gone": func(ctx context.Context, s store, c domain.Connection) string {
		c.ID = "another"
		return outcome(s.Remove(ctx, c))
	},
	"Close": func(ctx context.Context, s store, c domain.Connection) string {
		told, closer := telling(s)
		err := closer.Close(ctx, c.ID)
		return outcome(told(), err)
	},
}

// telling returns a closer and a way to ask whom it told.
func telling(s store) (told func() []domain.Audience, closer domain.Closer) {
	var all []domain.Audience
	closer = s.closer()
	closer.OnLeave = func(_ context.Context, _ domain.Connection, a domain.Audience) error {
		all = append(all, a)
		return nil
	}
	return func() []domain.Audience { slices.Sort(all); return all }, closer
}

// prepare stores the connection that deeds are done to, in an empty table.
func prepare(t *testing.T, s store, c domain.Connection) domain.Connection {
	t.Helper()
	empty(t, s)
	wantNil(t, s.Connect(t.Context(), c))
	for _, a := range []domain.Audience{"a", "b"} {
		_, err := s.Enter(t.Context(), c, a, 20)
		wantNil(t, err)
	}
	stored, err := s.Get(t.Context(), c.ID)
	wantNil(t, err)
	return stored
}

// empty deletes all rows of a table.
func empty(t *testing.T, s store) {
	t.Helper()
	table := s.Registry.Table
	for _, row := range dynamodblocal.Rows(t, table) {
		_, err := table.Client.DeleteItem(t.Context(), &sdk.DeleteItemInput{
			TableName: &table.Name, Key: map[string]types.AttributeValue{"pk": row["pk"], "sk": row["sk"]},
		})
		wantNil(t, err)
	}
}

// rows are all rows of a table, in writing.
func rows(t *testing.T, s store) string {
	t.Helper()
	var all []string
	for _, row := range dynamodblocal.Rows(t, s.Registry.Table) {
		var fields []string
		for name, value := range row {
			set, isSet := value.(*types.AttributeValueMemberSS)
			if isSet {
				slices.Sort(set.Value)
			}
			fields = append(fields, fmt.Sprint(name, "=", value))
		}
		slices.Sort(fields)
		all = append(all, strings.Join(fields, " "))
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}
