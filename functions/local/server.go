package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"wsecho/adapters/apigateway"
	"wsecho/adapters/dynamodb"
	"wsecho/adapters/gateway"
	"wsecho/adapters/memory"
	"wsecho/adapters/sqs"
	"wsecho/domain"
	"wsecho/functions/internal/wiring"
	"wsecho/functions/local/web"
)

const (
	// tableName is the table's name on a DynamoDB-compatible server.
	tableName = "wsecho"
	// workers is how many deliveries are worked on at the same time.
	workers = 4
	// inFlight is how many messages of one connection are handled at the same time. So many replies of 120 KB may wait for
	// a client that asks and does not read, beside what its buffer holds.
	inFlight = 16
	// shutdownTimeout is how long ending waits for what is under way.
	shutdownTimeout = 5 * time.Second
)

// server is the whole API in this process.
type server struct {
	url     string
	parts   wiring.Parts
	queue   *memory.Queue
	posts   *countedPosts
	http    *http.Server
	gateway *gateway.Gateway
	self    *loopback      // By which this process posts to its own gateway.
	ended   sync.WaitGroup // The HTTP server and the workers.
	cancel  context.CancelFunc
}

// start listens, then serves until stop. Handlers and gateway log to out.
func start(ctx context.Context, o options, out io.Writer) (*server, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", o.addr)
	if err != nil {
		return nil, fmt.Errorf("%w; choose another address with -addr", err)
	}
	s, err := startOn(ctx, listener, o, out)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return s, nil
}

// startOn serves on a listener.
func startOn(ctx context.Context, listener net.Listener, o options, out io.Writer) (*server, error) {
	base := fmt.Sprintf("http://%s/%s", listener.Addr(), o.stage)
	self := new(loopback)
	sender, err := apigateway.NewSender(local(self), base, wiring.PostConcurrency)
	if err != nil {
		return nil, err
	}
	posts := &countedPosts{Sender: sender}
	parts, queue, err := assemble(ctx, o, posts, out)
	if err != nil {
		return nil, err
	}
	served, err := routes(parts)
	if err != nil {
		return nil, err
	}
	authorizer, err := o.authorizer(parts, out)
	if err != nil {
		return nil, err
	}
	api, err := gateway.New(gateway.Config{
		Stage:      o.stage,
		Routes:     served,
		Authorizer: authorizer,
		Logger:     newLogger(o, out, o.level()),
		LogBodies:  o.verbose,
		ClockSpeed: o.clockSpeed,
		Faults:     o.faults,

		ReportLeaks: o.reportLeaks,
		Limits:      gateway.Limits{InFlight: inFlight, PostsPerSecond: o.postRate, PostBurst: int(o.postRate / 10)},
	})
	if err != nil {
		return nil, err
	}
	s := &server{url: "ws" + base[len("http"):], parts: parts, queue: queue, posts: posts, gateway: api, self: self, http: api.Server()}
	self.handler = web.Handler(o.stage, cmp.Or(o.auth.Mode, wiring.AuthOpen), pages(api, queue))
	s.http.DisableGeneralOptionsHandler = true // The guard sees every request.
	s.http.Handler = o.guarded(self.handler, listener.Addr(), newLogger(o, out, o.level()))
	queues, err := workedQueues(parts, queue)
	if err != nil {
		return nil, err
	}
	s.serve(gateway.Listener(listener), queues)
	return s, nil
}

// assemble chooses the adapters.
func assemble(ctx context.Context, o options, sender domain.Sender, out io.Writer) (wiring.Parts, *memory.Queue, error) {
	// The gateway logs every event, so the handlers have to tell only what went wrong.
	logger := newLogger(o, out, slog.LevelWarn)
	queue := &memory.Queue{Logger: logger}
	registry := new(memory.Registry)
	parts := wiring.Parts{
		Registry:    registry,
		Memberships: registry,
		Sender:      sender,
		Queue:       queue,
		Stores:      stores(),
		Queues:      map[string]domain.Queue{},
		Setting:     o.setting,
		Quotas:      new(memory.Quotas),
		Limiter:     domain.NewLimiter(o.callbackRate),
		Rests:       new(domain.Rests),
		Logger:      logger,
	}
	for _, e := range wiring.Extensions() {
		if e.Store != nil && parts.Stores[e.Name] == nil {
			return parts, queue, fmt.Errorf("the extension %s has nothing in stores of functions/local/extensions.go: without a table it keeps nothing", e.Name)
		}
		if e.Worker != nil {
			parts.Queues[e.Name] = &memory.Queue{Logger: logger}
		}
	}
	parts.MaxPerUser, parts.MessagesPerMinute = o.maxPerUser, o.messagesPerMinute
	if err := o.authorize(&parts); err != nil {
		return parts, queue, err
	}
	if o.dynamodb != "" {
		table := dynamodb.Table{Client: dynamodb.NewClient(dynamodb.LocalConfig(o.dynamodb)), Name: tableName}
		if err := table.CreateTable(ctx); err != nil {
			return parts, queue, fmt.Errorf("no table at %s: %w", o.dynamodb, err)
		}
		parts = parts.On(table)
	}
	return parts, queue, nil
}

// local is the configuration of AWS clients that talk to this program's own gateway.
func local(self *loopback) aws.Config {
	return aws.Config{Region: "us-east-1", Credentials: aws.AnonymousCredentials{}, HTTPClient: self}
}

// routes are those of the functions that are deployed.
func routes(p wiring.Parts) (map[string]gateway.Route, error) {
	all := map[string]gateway.Route{}
	for _, function := range wiring.Functions() {
		if len(function.Routes) == 0 {
			continue
		}
		handler, err := function.Make(p)
		if err != nil {
			return nil, err
		}
		for _, key := range function.Routes {
			all[key] = gateway.Route{Handler: handler, Reply: function.Answers}
		}
	}
	return all, nil
}

// workedQueues are the queues, and who works behind each.
func workedQueues(p wiring.Parts, queue *memory.Queue) (map[*memory.Queue]*sqs.Worker, error) {
	all := map[*memory.Queue]*sqs.Worker{queue: p.Worker()}
	for _, e := range wiring.Extensions() {
		own, ok := p.Queues[e.Name].(*memory.Queue)
		if !ok {
			continue
		}
		worker, err := p.WorkerOf(e)
		if err != nil {
			return nil, err
		}
		all[own] = worker
	}
	return all, nil
}

func (s *server) serve(listener net.Listener, queues map[*memory.Queue]*sqs.Worker) {
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	s.ended.Go(func() { _ = s.http.Serve(listener) }) // It returns when stop closes it.
	for queue, worker := range queues {
		s.ended.Go(func() { queue.Run(ctx, workers, worker.Deliver) })
	}
}

// stop closes every socket with a close frame, and returns when nothing runs any more.
func (s *server) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	err := s.gateway.Shutdown(ctx)
	s.cancel()
	// Not Shutdown: for five seconds it takes connections that a browser opened ahead and never used for busy ones.
	err = errors.Join(err, s.http.Close())
	s.ended.Wait()
	s.self.wait()
	return err
}
