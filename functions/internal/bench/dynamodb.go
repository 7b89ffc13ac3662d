package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"wsecho/functions/internal/listening"
)

// startingUp is how long DynamoDB Local may take until it listens.
const startingUp = 30 * time.Second

// tableFolder is where DynamoDB Local is, from the module's root.
var tableFolder = filepath.Join(".tools", "dynamodb-local")

// needs refuses to begin what would end because DynamoDB Local is not installed.
func (b *bench) needs() error {
	if b.peers {
		return b.needsPeers()
	}
	onTable := slices.ContainsFunc(b.rooms, func(c crowd) bool { return c.Table })
	if !onTable || !slices.Contains(names(b.parts), "room") {
		return nil
	}
	return b.needsTable()
}

// needsTable refuses to begin without DynamoDB Local.
func (b *bench) needsTable() error {
	_, err := os.Stat(filepath.Join(b.root, tableFolder, "java.args"))
	if err != nil {
		err = fmt.Errorf("DynamoDB Local is not installed: run make tools-dynamodb, or choose rooms without it with -rooms: %w", err)
	}
	return err
}

// dynamodb starts DynamoDB Local, in memory, and returns its URL when it listens.
func (b *bench) dynamodb(ctx context.Context) (p *process, url string, err error) {
	folder := filepath.Join(b.root, tableFolder)
	address, err := listening.FreeAddress(ctx)
	if err != nil {
		return nil, "", err
	}
	_, port, _ := net.SplitHostPort(address)
	p, err = spawnIn(ctx, folder, true, "java", "@java.args", "-inMemory", "-disableTelemetry", "-port", port)
	if err != nil {
		return nil, "", err
	}
	if err := waitFor(ctx, address); err != nil {
		p.stop()
		return nil, "", fmt.Errorf("DynamoDB Local does not listen: %w", err)
	}
	return p, "http://" + address, nil
}

// waitFor returns when somebody listens at an address.
func waitFor(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, startingUp)
	defer cancel()
	return listening.WaitFor(ctx, address)
}
