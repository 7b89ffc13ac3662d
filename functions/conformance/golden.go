package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// golden keeps one event of each kind. It is safe for concurrent use.
type golden struct {
	mu     sync.Mutex // Guards events.
	events map[string]event
}

func newGolden() *golden { return &golden{events: map[string]event{}} }

// keep keeps the first event of its kind; DISCONNECT events are told apart by their codes.
func (g *golden) keep(e event) {
	name := strings.ToLower(e.kind())
	if code, ok := e.context("disconnectStatusCode").(float64); ok {
		name = fmt.Sprintf("%s-%.0f", name, code)
	}
	if e.context("authorizer") != nil {
		name += "-authorized"
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, known := g.events[name]; !known {
		g.events[name] = e
	}
}

// write makes a file of each event, without what belongs to whoever ran the suite: addresses, account, instructions.
func (g *golden) write(folder string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(g.events)) {
		var b bytes.Buffer
		if err := json.Indent(&b, anonymous(g.events[name]), "", "  "); err != nil {
			return err
		}
		b.WriteByte('\n')
		if err := os.WriteFile(filepath.Join(folder, name+".json"), b.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// account is in the ARN of a route.
var account = regexp.MustCompile(`(arn:aws[a-z-]*:execute-api:[a-z0-9-]+:)\d{12}:`)

func anonymous(e event) []byte {
	text := string(e.raw)
	if ip := e.text("requestContext", "identity", "sourceIp"); ip != "" {
		text = strings.ReplaceAll(text, ip, "203.0.113.7")
	}
	return []byte(account.ReplaceAllString(text, "${1}123456789012:"))
}
