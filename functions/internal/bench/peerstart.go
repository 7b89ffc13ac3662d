package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"wsecho/functions/internal/coldstart"
)

// nodeBundle is the handler that broadcasts with its packages in one file, as those do it who mind their starts.
const nodeBundle = "bundle"

// nodeLambdas are what is started, by handler.
var nodeLambdas = map[string]string{
	"the same in Node, bundled": nodeBundle + ".handler", "the same in Node, unbundled": "broadcast.handler", "the smallest handler in Node": "smallest.handler",
}

// peerStart compares starts.
func (b *bench) peerStart(ctx context.Context) (section, error) {
	if err := b.bundle(ctx); err != nil {
		return section{}, err
	}
	t := table{head: []string{"what starts", "until", "ms", "wsEcho ÷ this"}}
	servers := []contestant{local(), offline(), sandbox()}
	listening, err := b.compareStarts(&t, "it listens", servers, func(c contestant) (time.Duration, error) { return b.listens(ctx, c) })
	if err != nil {
		return section{}, err
	}
	lambdas := []contestant{
		{name: "wsEcho's connect, a Lambda", folder: "functions/connect"}, {name: "the same in Node, bundled"},
		{name: "the same in Node, unbundled"}, {name: "the smallest handler in Node"},
	}
	answering, err := b.compareStarts(&t, "its first answer", lambdas, func(c contestant) (time.Duration, error) {
		if handler, ok := nodeLambdas[c.name]; ok {
			return b.nodeAnswers(ctx, handler)
		}
		return b.answers(ctx, c)
	})
	return section{
		title: "Start beside Node",
		about: strings.Join([]string{
			"From the start of the process, the median of a round's starts, files being in the system's cache. Functions get one event",
			"by the Lambda runtime's protocol, from a server on this machine; what Lambda itself needs before that is not in it. Each connect stores",
			"the connection in a table that answers at once. Lambda's own Node has a runtime",
			"that does more than ours here (adapters/lambdaruntime/shims/node.mjs).",
		}, " "),
		plots:    []plot{{"start listens", "Start: until it listens, ms", listening}, {"start answers", "Start of a function: until its first answer, ms", answering}},
		commands: append(commands(servers), b.made("-starts %d -rounds %d start", b.starts, b.rounds)),
		table:    t,
	}, err
}

// bundle makes one file of the handler that broadcasts.
func (b *bench) bundle(ctx context.Context) error {
	folder, err := b.peersFolder()
	if err != nil {
		return err
	}
	command := exec.CommandContext(ctx, filepath.Join(b.root, peersInstalled, ".bin", "esbuild"), "broadcast.mjs", "--bundle", "--minify", "--platform=node",
		"--outfile="+nodeBundle+".js", "--log-level=warning")
	command.Dir, command.Env = filepath.Join(folder, "node"), append(os.Environ(), b.peerEnvironment()...)
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("esbuild: %w\n%s", err, out)
	}
	return nil
}

// nodeAnswers tells how long a handler in Node takes until its first answer.
func (b *bench) nodeAnswers(ctx context.Context, handler string) (time.Duration, error) {
	folder, err := b.peersFolder()
	if err != nil {
		return 0, err
	}
	script := filepath.Join(b.work, "node.sh")
	text := fmt.Sprintf("#!/bin/sh\nexec '%s' '%s'\n", b.node(), filepath.Join(b.root, "adapters/lambdaruntime/shims/node.mjs"))
	if err := os.WriteFile(script, []byte(text), 0o700); err != nil {
		return 0, err
	}
	table := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") })
	got, err := coldstart.Run(ctx, script, coldstart.Connect, table, "_HANDLER="+handler, "LAMBDA_TASK_ROOT="+filepath.Join(folder, "node"), "TABLE="+nodeTable, "CALLBACK=http://127.0.0.1:1")
	if err == nil && !strings.HasPrefix(got.Answer, `{"statusCode":200`) {
		err = fmt.Errorf("%s answered %s, %q", handler, got.Answer, got.Lines)
	}
	return got.Took, err
}
