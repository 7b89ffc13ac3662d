package interleavings

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// planted are bugs, each a change of one line or a few, and which scenarios have to find it, as what.
var planted = []struct {
	name, file, old, new string
	also                 [2]string // A second change of the same kind.
	scenario, finds      string
}{
	{
		name: "a connection's row is deleted whatever its version is", file: "chat/interleavings/registry_test.go",
		old: "if there && stored.version != c.Version {", new: "if stored.version < 0 {",
		scenario: "coming", finds: "no connection lists that",
	},
	{
		name: "the members' rows are deleted after the connection's", file: "close.go",
		old: `		if err := uc.endMemberships(ctx, c); err != nil {
			return err
		}
		if err := uc.Registry.Remove(ctx, c); !errors.Is(err, ErrChanged) {
			return err
		}
`,
		new: `		if err := uc.Registry.Remove(ctx, c); !errors.Is(err, ErrChanged) {
			return errors.Join(err, uc.endMemberships(ctx, c))
		}
`,
		scenario: "coming", finds: "no connection lists that",
	},
	{
		name: "who is gone is reaped although it may be connecting", file: "reap.go",
		old: "reapAge = 30 * time.Second", new: "reapAge = 0 * time.Second",
		scenario: "connecting", finds: "is lost, whose socket is open",
	},
	{
		name: "a line is acknowledged before it is stored", file: "chat/say.go",
		old: "		stored, err := c.write(ctx, room, head, message, key)\n",
		new: `		message.Epoch, message.Seq, message.At = head.Epoch, head.Seq, head.At
		go c.write(ctx, room, head, message, key)
		stored := message
`,
		scenario: "speaking", finds: "was acknowledged at",
	},
	{
		name: "whose connection ended is told after its row is deleted", file: "close.go",
		old: `		if err := uc.Registry.Remove(ctx, c); !errors.Is(err, ErrChanged) {
			return err
		}
`,
		new: `		if err := uc.Registry.Remove(ctx, c); !errors.Is(err, ErrChanged) {
			for _, a := range c.Audiences {
				err = errors.Join(err, uc.onLeave(ctx, c, a))
			}
			return err
		}
`,
		also: [2]string{`	if uc.OnLeave != nil {
		if err := uc.OnLeave(ctx, c, a); err != nil {
			return err
		}
	}
	return uc.Memberships.Evict(ctx, c.ID, a)
}
`, `	return uc.Memberships.Evict(ctx, c.ID, a)
}

func (uc Closer) onLeave(ctx context.Context, c Connection, a Audience) error {
	if uc.OnLeave == nil {
		return nil
	}
	return uc.OnLeave(ctx, c, a)
}
`},
		scenario: "coming", finds: "the room believes that",
	},
	{
		name: "who left is told after the member's row is deleted", file: "chat/join.go",
		old: `	if err := c.FanOut.Queue.Enqueue(ctx, c.announcement(left, from.Connection, room)); err != nil {
		return Left{}, err
	}
	if _, err := c.Memberships.Leave(ctx, from.ID, Audience(room)); err != nil {
		return Left{}, err
	}
`,
		new: `	if _, err := c.Memberships.Leave(ctx, from.ID, Audience(room)); err != nil {
		return Left{}, err
	}
	if err := c.FanOut.Queue.Enqueue(ctx, c.announcement(left, from.Connection, room)); err != nil {
		return Left{}, err
	}
`,
		scenario: "coming.*leaves_true", finds: "the room believes that",
	},
	{
		name: "a lease is released whatever has been said since", file: "chat/interleavings/relays_test.go",
		old: "if h.owner != owner || h.seq != relayed {", new: "if h.owner != owner {",
		scenario: "relaying.*takeovers_false", finds: "the room is left with the head",
	},
	{
		name: "a lease that was acquired without a reply is not recognised", file: "chat/interleavings/relays_test.go",
		old: " || h.owner == owner\n", new: "\n",
		scenario: "relaying:_2.*takeovers_false", finds: "the room is left with the head",
	},
	{
		name: "a line's relay is the one that the first number showed", file: "chat/say.go",
		old: "		last = head\n", new: "		if last.Seq == 0 {\n			last = head\n		}\n",
		scenario: "relaying.*takeovers_false,_lasting", finds: "the room is left with the head",
	},
	{
		name: "a hole is skipped", file: "chat/turn.go",
		old: "page.end(t.relayed, last)), nil)", new: "last), nil)",
		scenario: "relaying.*takeovers_false", finds: "is stored and nobody was sent it",
	},
	{
		name: "a room is not handed on", file: "chat/turn.go",
		old: "	return t.HandOns.HandOn(ctx, HandOn{t.room, t.owner}) ", new: "	return nil ",
		scenario: "relaying.*takeovers_false", finds: "the room is left with the head",
	},
}

// TestPlantedBugs plants each bug into a copy of the domain, and wants the search there to find it.
func TestPlantedBugs(t *testing.T) {
	for _, bug := range planted {
		t.Run(bug.name, func(t *testing.T) {
			tree := copied(t)
			file := filepath.Join(tree, "domain", filepath.FromSlash(bug.file))
			plant(t, file, bug.old, bug.new)
			if bug.also[0] != "" {
				plant(t, file, bug.also[0], bug.also[1])
			}
			search := exec.Command("go", "test", "-count=1", "-failfast", "-run", "^TestInterleavings$/^"+bug.scenario, "./domain/chat/interleavings")
			search.Dir = tree
			out, err := search.CombinedOutput()
			if err == nil || !strings.Contains(string(out), bug.finds) || !strings.Contains(string(out), wayThere) {
				t.Fatalf("not found: %v\n%s", err, out)
			}
			_, way, _ := strings.Cut(string(out), wayThere)
			way, _, _ = strings.Cut(way, "--- FAIL")
			t.Logf("%s\n%s", bug.finds, way)
		})
	}
}

// copied returns a copy of this module that has the domain alone.
func copied(t *testing.T) string {
	t.Helper()
	tree := t.TempDir()
	if err := os.CopyFS(filepath.Join(tree, "domain"), os.DirFS("../..")); err != nil {
		t.Fatal(err)
	}
	module, err := os.ReadFile("../../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(tree, "go.mod"), module, 0o600); err != nil {
		t.Fatal(err)
	}
	return tree
}

// plant replaces some text of a file, which has to be there once.
func plant(t *testing.T, file, old, new string) {
	t.Helper()
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(source), old); n != 1 {
		t.Fatalf("%s has changed: what the bug replaces is there %d times:\n%s", file, n, old)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(source), old, new, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
}
