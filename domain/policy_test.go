package domain_test

import (
	"errors"
	"strings"
	"testing"

	"wsecho/domain"
)

func TestGrantsCover(t *testing.T) {
	tests := []struct {
		grants  domain.Grants
		act     domain.Act
		covered bool
	}{
		{"", "broadcast", false},
		{"wsecho:broadcast", "broadcast", true},
		{"wsecho:broadcast", "tell", false},
		{"wsecho:broadcast", "broadcasts", false},
		{"wsecho:broadcasts", "broadcast", false},
		{"wsecho:Broadcast", "broadcast", false},
		{"broadcast", "broadcast", false},
		{"other:broadcast", "broadcast", false},
		{"wsecho:room:lobby wsecho:tell", "tell", true},
		{"wsecho:room:lobby", "room:lobby", true},
		{"wsecho:room:lobby", "room:lobby2", false},
		{"wsecho:room:lobby", "room:Lobby", false},
		{"wsecho:room:team-*", "room:team-a", true},
		{"wsecho:room:team-*", "room:team-", true},
		{"wsecho:room:team-*", "room:team", false},
		{"wsecho:room:*", "room:anything", true},
		{"wsecho:room:*", "broadcast", false},
		{"wsecho:room:*", "room", false},
		{domain.AllGrants, "broadcast", true},
		{domain.AllGrants, "room:x", true},
		{"*", "broadcast", false},
	}
	for _, test := range tests {
		if covered := test.grants.Cover(test.act); covered != test.covered {
			t.Errorf("Grants(%q).Cover(%q) = %v", test.grants, test.act, covered)
		}
	}
}

func TestParseGrants(t *testing.T) {
	tests := map[string]domain.Grants{
		"":                                     "",
		"openid profile":                       "",
		" wsecho:tell  openid\twsecho:tell ":   "wsecho:tell",
		"wsecho:room:a* wsecho:broadcast":      "wsecho:room:a* wsecho:broadcast",
		"wsecho:*":                             domain.AllGrants,
		"wsecho: wsecho:** wsecho:a*b":         "",
		"wsecho:room:é wsecho:<b> WSECHO:tell": "",
	}
	for scope, want := range tests {
		if got := domain.ParseGrants(scope); got != want {
			t.Errorf("ParseGrants(%q) = %q, want %q", scope, got, want)
		}
	}
}

func TestByGrants(t *testing.T) {
	var policy domain.Policy = domain.ByGrants{}
	if err := policy.Permit(t.Context(), domain.Caller{Grants: "wsecho:tell"}, "tell"); err != nil {
		t.Errorf("Permit = %v", err)
	}
	err := policy.Permit(t.Context(), domain.Caller{Grants: "wsecho:tell"}, domain.ActBroadcast)
	refusal, ok := errors.AsType[*domain.Error](err)
	if !ok || refusal.Code != domain.Forbidden || refusal.Details["grant"] != "wsecho:broadcast" || !strings.Contains(refusal.Message, "wsecho:broadcast") {
		t.Errorf("Permit = %#v", err)
	}
}

// TestOpenGrantsEverything: whoever is let in without proof in development may do everything there.
func TestOpenGrantsEverything(t *testing.T) {
	who, err := domain.Open{}.Authenticate(t.Context(), domain.Credentials{User: "ada", Token: "ignored"})
	if err != nil || who != (domain.Identity{User: "ada", Grants: domain.AllGrants}) {
		t.Errorf("Authenticate = %+v, %v", who, err)
	}
}

// TestOpenRefusesInvalidNames: a name that no token could have is none in development either; without one there is no user.
func TestOpenRefusesInvalidNames(t *testing.T) {
	for _, name := range []string{"-", "a b", domain.AnonymousPrefix + "1", strings.Repeat("x", 65)} {
		_, err := domain.Open{}.Authenticate(t.Context(), domain.Credentials{User: name})
		if refusal := domain.Refusal(err); refusal.Code != domain.Forbidden {
			t.Errorf("the name %q: %v", name, err)
		}
	}
	if who, err := (domain.Open{}).Authenticate(t.Context(), domain.Credentials{}); err != nil || who.User != "" {
		t.Errorf("no name: %+v, %v", who, err)
	}
}

// TestBroadcastForbidden: without the grant a broadcast reads and sends nothing.
func TestBroadcastForbidden(t *testing.T) {
	uc := domain.Broadcaster{Policy: domain.ByGrants{}, NewID: func() string { return "id" }} // Without a FanOut.
	for _, grants := range []domain.Grants{"", "wsecho:tell", "wsecho:room:*"} {
		_, err := uc.Broadcast(t.Context(), domain.Caller{Grants: grants}, []byte(`1`), "")
		if refusal := domain.Refusal(err); refusal.Code != domain.Forbidden {
			t.Errorf("a broadcast with the grants %q: %v", grants, err)
		}
	}
}
