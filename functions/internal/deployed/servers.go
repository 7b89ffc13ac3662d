package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"wsecho/functions/internal/listening"
)

// javaServer is a server that make has installed, with its Java arguments in the file java.args.
type javaServer struct {
	name, target, folder string
	arguments            func(port string) []string
	// url gets the address once it listens.
	url *string

	leash io.Closer
	ended chan error
}

func dynamodbLocal(o *options) javaServer {
	return javaServer{name: "DynamoDB Local", target: "tools-dynamodb", folder: "dynamodb-local", url: &o.dynamodb,
		arguments: func(port string) []string { return []string{"-inMemory", "-disableTelemetry", "-port", port} }}
}

func elasticMQ(o *options) javaServer {
	return javaServer{name: "ElasticMQ", target: "tools-sqs", folder: "elasticmq", url: &o.sqs,
		arguments: func(port string) []string {
			return []string{"-Drest-sqs.bind-hostname=127.0.0.1", "-Drest-sqs.bind-port=" + port, "-Dnode-address.host=127.0.0.1",
				"-Dnode-address.port=" + port, "-Drest-stats.enabled=false", "org.elasticmq.server.Main"}
		}}
}

// startingUp is how long a server may take until it listens.
const startingUp = time.Minute

// leash runs a command until its standard input ends, which the system brings about however this program ends. The
// command can't have that input: it is the shell's. Nothing is lost that is in memory.
const leash = `exec 3<&0; "$@" 3<&- </dev/null & child=$!; { cat <&3 >/dev/null; kill -9 $child; } & wait $child`

// start returns when the server listens. What it writes goes to a file.
func (j *javaServer) start(ctx context.Context, o options) error {
	dir := filepath.Join(o.tools, j.folder)
	if _, err := os.Stat(filepath.Join(dir, "java.args")); err != nil {
		return fmt.Errorf("%s is not installed: run make %s: %w", j.name, j.target, err)
	}
	log, err := os.Create(filepath.Join(o.folder, j.folder+".log"))
	if err != nil {
		return err
	}
	defer log.Close() // The server has its own.
	address, err := listening.FreeAddress(ctx)
	if err != nil {
		return err
	}
	_, port, _ := net.SplitHostPort(address)
	c := exec.Command("sh", append([]string{"-c", leash, "sh", "java", "-XX:TieredStopAtLevel=1", "@java.args"}, j.arguments(port)...)...)
	c.Dir, c.Stdout, c.Stderr = dir, log, log
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C in a terminal is not for it: others still need it then.
	if j.leash, err = c.StdinPipe(); err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	j.ended = make(chan error, 1)
	go func() { j.ended <- c.Wait() }()
	if err := j.await(ctx, address); err != nil {
		return fmt.Errorf("%s does not start: %w; what it wrote is in %s", j.name, err, log.Name())
	}
	*j.url = "http://" + address
	return nil
}

// await returns when the server listens, or will not.
func (j *javaServer) await(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, startingUp)
	defer cancel()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		case err := <-j.ended:
			j.ended <- err
			return errors.Join(errors.New("it ended"), err)
		}
	}
}

// stop ends the server, if it was started, and waits for its end.
func (j *javaServer) stop() {
	if j.ended != nil {
		_ = j.leash.Close()
		<-j.ended
	}
}
