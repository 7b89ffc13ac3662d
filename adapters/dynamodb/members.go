package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"wsecho/domain"
)

// Members implements domain.Registry. Everyone is read eventually consistently, at half the price; a read unit is
// 130 members of Everyone then, and half a unit at least for each of the up to sixteen keys that are read.
//
// It reads the span's first key alone, which is all that a large audience takes. If that did not fill the page, it
// reads as many of the following keys at the same time as it expects to take, so that a small audience takes two
// rounds.
func (r Registry) Members(ctx context.Context, a domain.Audience, s domain.Span, limit int) (domain.Page, error) {
	read := reading{table: r.Table, current: a != domain.Everyone, now: time.Now()}
	var page domain.Page
	for todo, n := sections(a, s), 1; len(todo) > 0; {
		parts, err := read.together(ctx, todo[:n], limit-len(page.Members))
		if err != nil {
			return domain.Page{}, fmt.Errorf("reading members: %w", err)
		}
		for i, part := range parts {
			if left, ok := take(&page, todo[i], part, limit); ok {
				page.Rest, page.More = domain.Span{First: left, Last: s.Last}, true
				return page, nil
			}
		}
		if todo = todo[n:]; len(todo) > 0 && len(page.Members) >= limit {
			page.Rest, page.More = domain.Span{First: todo[0].span.First, Last: s.Last}, true
			return page, nil
		}
		if len(todo) > 0 {
			read := section{span: domain.Span{First: s.First, Last: todo[0].span.First - 1}}
			n = ahead(len(page.Members), read.keys(), limit-len(page.Members), len(todo))
		}
	}
	return page, nil
}

// take adds the members found in a section to the page, as far as the limit allows. ok tells that some of the section
// is left, from a position on.
func take(page *domain.Page, from section, part domain.Page, limit int) (left uint64, ok bool) {
	n := min(len(part.Members), limit-len(page.Members))
	page.Members = append(page.Members, part.Members[:n]...)
	switch {
	case n == len(part.Members):
		return part.Rest.First, part.More
	case n == 0:
		return from.span.First, true
	}
	return domain.Position(part.Members[n-1].ID) + 1, true
}

// ahead is how many keys hold what a page still misses, judging from the members seen in a number of keys; there are
// left keys. The one member more than seen keeps a narrow part that happens to be empty from looking like an empty
// table, which would have all keys read.
func ahead(seen int, keys float64, missing, left int) int {
	density := float64(seen+1) / keys
	return min(left, int(math.Ceil(float64(missing)/density)))
}

// reading is one call of Members.
type reading struct {
	table   Table
	current bool
	now     time.Time
}

// together reads sections at the same time.
func (r reading) together(ctx context.Context, todo []section, limit int) ([]domain.Page, error) {
	parts, errs := make([]domain.Page, len(todo)), make([]error, len(todo))
	var running sync.WaitGroup
	for i, s := range todo {
		running.Go(func() { parts[i], errs[i] = r.section(ctx, s, limit) })
	}
	running.Wait()
	return parts, errors.Join(errs...)
}

// section reads a section until it has at least as many members as the limit, or to the end. Rest is what it has
// not read.
func (r reading) section(ctx context.Context, s section, limit int) (page domain.Page, err error) {
	query := r.query(s)
	expired := 0
	for {
		// Where many have expired, more and more is asked for, lest they are skipped one by one.
		query.Limit = aws.Int32(int32(min(max(limit-len(page.Members)+expired, 1), math.MaxInt32)))
		out, _, err := attempt(ctx, r.table, r.table.Client.Query, query)
		if err != nil {
			return domain.Page{}, err
		}
		for _, row := range out.Items {
			if r.now.Unix() < numberIn(row, expires) {
				page.Members = append(page.Members, memberOf(row))
			} else {
				expired++
			}
		}
		if len(out.LastEvaluatedKey) == 0 {
			return page, nil
		}
		if len(page.Members) >= limit {
			last, _ := parseSortKey(out.LastEvaluatedKey)
			page.Rest, page.More = s.span.After(last)
			return page, nil
		}
		query.ExclusiveStartKey = out.LastEvaluatedKey
	}
}

func (r reading) query(s section) *sdk.QueryInput {
	from, to := s.bounds()
	return &sdk.QueryInput{
		TableName:              &r.table.Name,
		ConsistentRead:         &r.current,
		KeyConditionExpression: aws.String("#pk = :pk AND #sk BETWEEN :from AND :to"),
		ProjectionExpression:   aws.String("#sk, #at, #exp, #user"),
		ExpressionAttributeNames: map[string]string{
			"#pk": partitionKey, "#sk": sortKey, "#at": connected, "#exp": expires, "#user": user,
		},
		ExpressionAttributeValues: item{":pk": text(s.key), ":from": text(from), ":to": text(to)},
	}
}
