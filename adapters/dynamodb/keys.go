package dynamodb

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"wsecho/domain"
)

// The attributes of the key.
//
//	what                        pk                                sk
//	connection, of Everyone     all#<first hex digit of hash>     <hash, 16 hex digits>#<connection id>
//	member of an audience       in#<audience>                     the same
//
// The hash is the member's position on the ring. Every connect, disconnect, enter and leave writes the connection's
// row, which is why these rows lie in sixteen partitions: one takes 1,000 writes a second.
// Source: AWS, "Best practices for designing and using partition keys effectively in DynamoDB".
const (
	partitionKey = "pk"
	sortKey      = "sk"
)

// digitBits is how many bits of a position the first hexadecimal digit stands for; keyWidth is the number of
// positions that share one.
const (
	digitBits = 4
	keyWidth  = 1 << (64 - digitBits)
)

// item is a row, or a part of one.
type item = map[string]types.AttributeValue

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

// connectionKey is the key of a connection's row.
func connectionKey(id string) item {
	return item{partitionKey: text(everyoneKey(domain.Position(id))), sortKey: text(sortKeyOf(id))}
}

// memberKey is the key of a member's row of an audience other than Everyone.
func memberKey(a domain.Audience, id string) item {
	return item{partitionKey: text(audienceKey(a)), sortKey: text(sortKeyOf(id))}
}

func everyoneKey(position uint64) string   { return fmt.Sprintf("all#%x", position/keyWidth) }
func audienceKey(a domain.Audience) string { return "in#" + string(a) }
func sortKeyOf(id string) string           { return fmt.Sprintf("%016x#%s", domain.Position(id), id) }

// parseSortKey is the opposite of sortKeyOf.
func parseSortKey(row item) (position uint64, id string) {
	key, _ := row[sortKey].(*types.AttributeValueMemberS)
	if key == nil {
		return 0, ""
	}
	hash, id, _ := strings.Cut(key.Value, "#")
	position, _ = strconv.ParseUint(hash, 16, 64)
	return position, id
}

// section is the part of a span that lies within one partition key.
type section struct {
	key  string
	span domain.Span
}

// sections cuts a span of an audience at the borders of partition keys.
func sections(a domain.Audience, s domain.Span) []section {
	if a != domain.Everyone {
		return []section{{audienceKey(a), s}}
	}
	var all []section
	for first := s.First; ; {
		last := min(first|(keyWidth-1), s.Last)
		all = append(all, section{everyoneKey(first), domain.Span{First: first, Last: last}})
		if last == s.Last {
			return all
		}
		first = last + 1
	}
}

// bounds are the sort keys between which a section's rows lie, both included. What follows the hash in a sort key
// is "#", and "$" is the next character.
func (s section) bounds() (from, to string) {
	return fmt.Sprintf("%016x", s.span.First), fmt.Sprintf("%016x$", s.span.Last)
}
