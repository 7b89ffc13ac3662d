package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// variant is the program with some of its text replaced, for comparisons that the product has no switch for.
type variant struct {
	name  string
	edits []edit
}

// edit replaces text that a file has once.
type edit struct{ file, old, new string }

// onePost is the program as it was before rooms had a relay: say pushes each line by itself, to every member.
func onePost() variant {
	return variant{"one post a line", []edit{{
		file: "domain/chat/say.go",
		old:  "	defer func() { c.Relay.ensure(ctx, room, last, stored) }()\n",
		new: `	defer func() {
		_ = last
		if err == nil {
			c.pushAlone(ctx, message.From.Connection, room, stored)
		}
	}()
`,
	}, {
		file: "domain/chat/say.go",
		old:  "// write puts a message at the place that was taken for it, and returns what stands there.\n",
		new: `// pushAlone sends a stored message to the room's members but the one connection that spoke.
func (c *Chat) pushAlone(ctx context.Context, except, room string, e Entry) {
	push, err := domain.EncodeMessage("message", "", struct {
		Room  string ` + "`json:\"room\"`" + `
		Epoch string ` + "`json:\"epoch\"`" + `
		Message
	}{room, e.Epoch, e.message()})
	if err == nil {
		_, err = c.FanOut.Deliver(ctx, domain.Delivery{
			MessageID: e.MessageID, Message: push, Audience: Audience(room), Except: []string{except}, Span: domain.Ring,
			Repairable: true, AcceptedAt: e.At, ExpiresAt: now().Add(domain.DeliveryLife),
		}, now().Add(domain.InlineShare))
	}
	if err != nil {
		c.Relay.Logger.ErrorContext(ctx, "a stored message was not delivered to all", "messageId", e.MessageID, "room", room, "cause", err)
	}
}

// write puts a message at the place that was taken for it, and returns what stands there.
`,
	}}}
}

// twoWorkers is the program with as many workers behind a queue as an event source mapping has at least.
func twoWorkers() variant {
	return variant{"two workers", []edit{{file: "functions/local/server.go", old: "	workers = 4\n", new: "	workers = 2\n"}}}
}

// overlay writes what go build needs to build a variant, and returns the flag for it.
func (b *bench) overlay(v variant) (flag string, err error) {
	replaced := map[string]string{}
	for _, e := range v.edits {
		if err := b.replace(v, e, replaced); err != nil {
			return "", err
		}
	}
	text, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		return "", err
	}
	list := filepath.Join(b.work, slug(v.name)+".json")
	return "-overlay=" + list, os.WriteFile(list, text, 0o600)
}

// replace edits the copy of a file, which replaced names, and makes it if there is none.
func (b *bench) replace(v variant, e edit, replaced map[string]string) error {
	original := filepath.Join(b.root, filepath.FromSlash(e.file))
	changed, again := replaced[original]
	if !again {
		changed = original
	}
	source, err := os.ReadFile(changed)
	if err != nil {
		return err
	}
	if n := strings.Count(string(source), e.old); n != 1 {
		return fmt.Errorf("%s has changed: what %q replaces is there %d times:\n%s", e.file, v.name, n, e.old)
	}
	replaced[original] = filepath.Join(b.work, slug(v.name+" "+e.file))
	return os.WriteFile(replaced[original], []byte(strings.Replace(string(source), e.old, e.new, 1)), 0o600)
}

// slug makes the name of a file of a text.
func slug(text string) string { return strings.NewReplacer("/", "-", " ", "-").Replace(text) }

// buildVariant compiles a contestant's package as it is, or with some text replaced.
func (b *bench) buildVariant(ctx context.Context, c contestant) (string, error) {
	if c.variant.name == "" {
		return b.build(ctx, c.folder)
	}
	flag, err := b.overlay(c.variant)
	if err != nil {
		return "", err
	}
	return b.build(ctx, c.folder, flag)
}
