package chat_test

import (
	"testing"

	"wsecho/domain"
	"wsecho/domain/chat"
)

// TestForbidden: without the grant nothing is read, written or sent; the use cases have no ports here.
func TestForbidden(t *testing.T) {
	uc := &chat.Chat{Policy: domain.ByGrants{}}
	tests := []struct {
		name   string
		grants domain.Grants
		act    func(domain.Caller) error
	}{
		{"joining without grants", "", join(t, uc, "lobby")},
		{"joining another room", "wsecho:room:lobby", join(t, uc, "lobby2")},
		{"joining outside the prefix", "wsecho:room:team-*", join(t, uc, "lobby")},
		{"joining with other grants", "wsecho:tell wsecho:broadcast", join(t, uc, "lobby")},
		{"telling without grants", "", tell(t, uc)},
		{"telling with other grants", "wsecho:room:* wsecho:broadcast", tell(t, uc)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := test.act(domain.Caller{Grants: test.grants})
			if refusal := domain.Refusal(err); refusal.Code != domain.Forbidden {
				t.Errorf("with the grants %q: %v", test.grants, err)
			}
		})
	}
}

func join(t *testing.T, uc *chat.Chat, room string) func(domain.Caller) error {
	return func(from domain.Caller) error {
		_, err := uc.Join(t.Context(), from, room, nil)
		return err
	}
}

func tell(t *testing.T, uc *chat.Chat) func(domain.Caller) error {
	return func(from domain.Caller) error {
		_, err := uc.Tell(t.Context(), from, chat.Recipient{User: "ada"}, []byte(`1`), "")
		return err
	}
}
