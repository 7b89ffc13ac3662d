package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"wsecho/functions/internal/listening"
)

const peersIntroduction = `# Benchmarks beside Node

This page is the output of ` + "`make bench-peers`" + `, which writes it and its plots anew: do not edit it. ` + "`make bench-peers ARGS=\"echo\"`" + `
prints a part of it. [benchmarks.md](benchmarks.md) has what wsEcho is compared with in Go, and how everything is measured: by turns, in the same
run, each server started for the measurement; a figure is the median of the rounds, a ratio the median of the ratios of neighbours,
with the least and the greatest in parentheses. Processor time is that of the named program and of all processes that it started.

The programs in Node are in ` + "`functions/internal/bench/peers`" + `. They are not the same programs: each section says what one does and the other doesn't.

`

// peersSource has the programs in Node, peersInstalled what they need.
const (
	peersSource    = "functions/internal/bench/peers"
	peersInstalled = ".tools/peers/node_modules"
)

// peerPackages are those that are compared, or whose versions bear on what is measured.
var peerPackages = []string{"serverless-offline", "osls", "@architect/sandbox", "@aws-sdk/client-dynamodb", "@aws-sdk/client-apigatewaymanagementapi", "esbuild", "node"}

// needsPeers refuses to begin what would end because something is not installed.
func (b *bench) needsPeers() error {
	_, err := b.peerVersions()
	if err != nil {
		err = fmt.Errorf("the programs in Node are not installed: run make tools-peers: %w", err)
	}
	return errors.Join(err, b.needsTable())
}

// peerVersions lists the packages as versions does modules.
func (b *bench) peerVersions() (lines []string, err error) {
	for _, name := range peerPackages {
		var p struct{ Version string }
		text, err := os.ReadFile(filepath.Join(b.root, peersInstalled, name, "package.json"))
		if err == nil {
			err = json.Unmarshal(text, &p)
		}
		if err != nil {
			return nil, err
		}
		lines = append(lines, "- "+name+" "+p.Version+" (npm)")
	}
	return lines, nil
}

// node is the pinned one.
func (b *bench) node() string { return filepath.Join(b.root, peersInstalled, "node", "bin", "node") }

// peersFolder is a copy of the programs in Node that goes away, with what they need.
func (b *bench) peersFolder() (string, error) {
	folder := filepath.Join(b.work, "peers")
	if _, err := os.Stat(folder); err == nil {
		return folder, nil
	}
	err := os.CopyFS(folder, os.DirFS(filepath.Join(b.root, peersSource)))
	if err == nil {
		err = os.Symlink(filepath.Join(b.root, peersInstalled), filepath.Join(folder, "node", "node_modules"))
	}
	return folder, err
}

// peerEnvironment keeps a program from looking for an account and for its own updates.
func (b *bench) peerEnvironment() []string {
	return []string{
		"PATH=" + filepath.Dir(b.node()) + string(os.PathListSeparator) + os.Getenv("PATH"), "NO_UPDATE_NOTIFIER=1", "SLS_TELEMETRY_DISABLED=1",
		"AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_EC2_METADATA_DISABLED=true",
	}
}

// servePeer starts a program that listens at an address, in one of the folders of the programs in Node.
func (b *bench) servePeer(ctx context.Context, folder, address, path string, args ...string) (*server, error) {
	root, err := b.peersFolder()
	if err != nil {
		return nil, err
	}
	p, err := spawnIn(ctx, filepath.Join(root, folder), true, "env", append(b.peerEnvironment(), args...)...)
	if err != nil {
		return nil, err
	}
	go io.Copy(io.Discard, p.output) // Nobody else reads it, and it has much to say.
	if err := waitFor(ctx, address); err != nil {
		p.stop()
		return nil, fmt.Errorf("%s does not listen: %w", args[len(args)-1], err)
	}
	return &server{p, "ws://" + address + path}, nil
}

// offline is serverless-offline.
func offline() contestant {
	return contestant{
		name: "serverless-offline", typed: "node node_modules/osls/bin/serverless.js offline # in " + peersSource + "/node",
		start: func(b *bench, ctx context.Context) (*server, error) {
			ports, err := freePorts(ctx, 3)
			if err != nil {
				return nil, err
			}
			return b.servePeer(ctx, "node", "127.0.0.1:"+ports[0], "/", "node", "node_modules/osls/bin/serverless.js", "offline", "--host", "127.0.0.1",
				"--websocketPort", ports[0], "--httpPort", ports[1], "--lambdaPort", ports[2])
		},
	}
}

// sandbox is Architect's.
func sandbox() contestant {
	return contestant{
		name: "Architect's sandbox", typed: "node @architect/sandbox/src/cli/cli.js --quiet # in " + peersSource + "/architect",
		start: func(b *bench, ctx context.Context) (*server, error) {
			ports, err := freePorts(ctx, 2)
			if err != nil {
				return nil, err
			}
			return b.servePeer(ctx, "architect", "127.0.0.1:"+ports[0], "/", "ARC_INTERNAL_PORT="+ports[1], "node",
				filepath.Join(b.root, peersInstalled, "@architect/sandbox/src/cli/cli.js"), "--quiet", "--host", "127.0.0.1", "--port", ports[0])
		},
	}
}

// nodeProcesses is how many processes a function in Node has: one for each core of a small machine.
const nodeProcesses = "2"

// nodeHandler is a handler in Node behind this repository's gateway.
func nodeHandler(name, handler string, environment ...string) contestant {
	return contestant{
		name: name, typed: "go run ./functions/gateway -template " + peersSource + "/node/template.yaml -p Handler=" + handler + " -processes " + nodeProcesses + " -q",
		start: func(b *bench, ctx context.Context) (*server, error) {
			gateway, err := b.build(ctx, "functions/gateway")
			if err != nil {
				return nil, err
			}
			address, err := listening.FreeAddress(ctx)
			if err != nil {
				return nil, err
			}
			args := slices.Concat(environment, []string{
				gateway, "-p", "Handler=" + handler, "-addr", address, "-q", "-processes", nodeProcesses, "-region", "eu-central-1",
				"-env", "TABLE=" + nodeTable, "-env", "CALLBACK=http://" + address + "/dev",
			})
			return b.servePeer(ctx, "node", address, "/dev", args...)
		},
	}
}

// freePorts are some where nobody listens.
func freePorts(ctx context.Context, n int) (ports []string, err error) {
	for len(ports) < n {
		address, err := listening.FreeAddress(ctx)
		if err != nil {
			return nil, err
		}
		if _, port, _ := net.SplitHostPort(address); !slices.Contains(ports, port) {
			ports = append(ports, port)
		}
	}
	return ports, nil
}

// peerEcho compares local gateways with a handler behind each.
func (b *bench) peerEcho(ctx context.Context) (section, error) {
	all := []contestant{local(), nodeHandler("our gateway, handler in Node", "echo.handler"), offline(), sandbox()}
	s, err := b.echoBeside(ctx, all)
	s.title = "Echo through local gateways"
	s.about = strings.Join([]string{
		"The same message of " + fmt.Sprint(len(echoMessage)) + " bytes and the same answer through local servers that stand in for API Gateway.",
		"wsEcho's program has its handlers in its own process, whose answer goes by API Gateway's event. Our gateway with a handler in Node",
		"runs it in up to " + nodeProcesses + " processes by Lambda's Runtime API, frozen between events; serverless-offline runs the same handler in a thread of its own process;",
		"Architect's sandbox starts a process for each event and sends nobody what a handler returns, so that the handler posts its answer, without the SDK.",
	}, " ")
	return s, err
}
