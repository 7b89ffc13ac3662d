package dynamodb

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"wsecho/domain"
)

// Key is the key of a row: the partition, and the place in its order. Structs for Put and Read embed it. These are the
// rows of this package; those of an extension have partition keys that are not Reserved:
//
//	what                        pk                                sk
//	connection, of Everyone     all#<first hex digit of hash>     <hash, 16 hex digits>#<connection id>
//	member of an audience       in#<audience>                     the same
//	what a user sent            rate#<user>                       <minute>
//
// The hash is the member's position on the ring. Every connect, disconnect, enter and leave writes the connection's
// row, which is why these rows lie in sixteen partitions: one takes 1,000 writes a second.
// Source: AWS, "Best practices for designing and using partition keys effectively in DynamoDB".
type Key struct {
	PK string `dynamodbav:"pk"`
	SK string `dynamodbav:"sk"`
}

const (
	partitionKey = "pk"
	sortKey      = "sk"

	everyonePrefix = "all#"
	audiencePrefix = "in#"
	ratePrefix     = "rate#"
)

// Reserved tells whether a partition key is one of this package's rows.
func Reserved(pk string) bool {
	for _, prefix := range []string{everyonePrefix, audiencePrefix, ratePrefix} {
		if strings.HasPrefix(pk, prefix) {
			return true
		}
	}
	return false
}

func (k Key) row() Row {
	return Row{partitionKey: &types.AttributeValueMemberS{Value: k.PK}, sortKey: &types.AttributeValueMemberS{Value: k.SK}}
}

// digitBits is how many bits of a position the first hexadecimal digit stands for; keyWidth is the number of
// positions that share one.
const (
	digitBits = 4
	keyWidth  = 1 << (64 - digitBits)
)

// connectionKey is the key of a connection's row.
func connectionKey(id string) Key { return Key{everyoneKey(domain.Position(id)), sortKeyOf(id)} }

// memberKey is the key of a member's row of an audience other than Everyone.
func memberKey(a domain.Audience, id string) Key { return Key{audienceKey(a), sortKeyOf(id)} }

// quotaKey is the key of what a user sent within a minute.
func quotaKey(user string, minute time.Time) Key {
	return Key{ratePrefix + user, minute.UTC().Format("2006-01-02T15:04")}
}

func everyoneKey(position uint64) string   { return fmt.Sprintf(everyonePrefix+"%x", position/keyWidth) }
func audienceKey(a domain.Audience) string { return audiencePrefix + string(a) }
func sortKeyOf(id string) string           { return fmt.Sprintf("%016x#%s", domain.Position(id), id) }

// member is the opposite of sortKeyOf.
func (k Key) member() (position uint64, id string) {
	hash, id, _ := strings.Cut(k.SK, "#")
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
