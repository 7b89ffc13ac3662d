package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"
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
	address, err := freeAddress(ctx)
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

// freeAddress is one where nobody listens: the server takes no port 0.
func freeAddress(ctx context.Context) (string, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// waitFor returns when somebody listens at an address.
func waitFor(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, startingUp)
	defer cancel()
	for {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err == nil {
			return conn.Close()
		}
		if pause(ctx, 5*time.Millisecond) != nil {
			return errors.Join(err, ctx.Err())
		}
	}
}
