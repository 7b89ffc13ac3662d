package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"wsecho/adapters/cloudformation"
	"wsecho/adapters/dynamodb"
	"wsecho/functions/internal/console"
	"wsecho/functions/internal/serve"
)

// stack is the API while it runs, with all that it needs.
type stack struct {
	options     options
	application *cloudformation.Application
	log         io.Writer
	logger      *slog.Logger

	servers []*javaServer
	queues  map[string]string // URLs by names.
	server  *serve.Server
	stop    context.CancelFunc // Ends polling.
	polling sync.WaitGroup
}

// What of the template is served here, besides the API and its functions.
const (
	tableType  = "AWS::DynamoDB::Table"
	queueType  = "AWS::SQS::Queue"
	sourceType = "AWS::Lambda::EventSourceMapping"
)

// start builds and starts everything. When it returns an error nothing runs; otherwise the caller must close the stack.
func start(ctx context.Context, o options, stdout, log io.Writer) (*stack, error) {
	s := &stack{options: o, log: log, logger: slog.New(console.New(log, slog.LevelInfo, console.Terminal(log))), stop: func() {}}
	for _, part := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"read " + o.template, s.load},
		{"build the functions", s.build},
		{"start DynamoDB Local and ElasticMQ", s.startServers},
		{"make the table and the queues", s.makeResources},
		{"start the functions", s.serve},
	} {
		if err := step(stdout, part.what, func() error { return part.do(ctx) }); err != nil {
			now, cancel := context.WithCancel(ctx)
			cancel()
			return nil, errors.Join(err, s.close(now))
		}
	}
	for _, warning := range s.server.Warnings {
		s.logger.Warn(warning.Error())
	}
	return s, nil
}

// step says what is done, and then how long it took.
func step(out io.Writer, what string, do func() error) error {
	fmt.Fprintf(out, "%-36s", what)
	began := time.Now()
	err := do()
	if err == nil {
		fmt.Fprintf(out, " %5.1f s", time.Since(began).Seconds())
	}
	fmt.Fprintln(out)
	return err
}

func (s *stack) reading() cloudformation.Options {
	return cloudformation.Options{Parameters: s.options.parameters, Resources: []string{tableType, queueType, sourceType}}
}

func (s *stack) load(context.Context) (err error) {
	s.application, err = cloudformation.Load(s.options.template, s.reading())
	return err
}

// startServers starts both at the same time, unless they run already.
func (s *stack) startServers(ctx context.Context) error {
	var starting sync.WaitGroup
	var errs [2]error
	for i, j := range []javaServer{dynamodbLocal(&s.options), elasticMQ(&s.options)} {
		if *j.url == "" {
			s.servers = append(s.servers, &j)
			starting.Go(func() { errs[i] = j.start(ctx, s.options) })
		}
	}
	starting.Wait()
	return errors.Join(errs[:]...)
}

// makeResources makes what the functions find on AWS: what the template describes.
func (s *stack) makeResources(ctx context.Context) (err error) {
	if err = makeTables(ctx, dynamodb.NewClient(dynamodb.LocalConfig(s.options.dynamodb)), s.application); err != nil {
		return err
	}
	s.queues, err = makeQueues(ctx, sqsClient(s.options.sqs), s.application)
	return err
}

// serve serves the API, and brings functions the messages of their queues.
func (s *stack) serve(ctx context.Context) (err error) {
	sources, err := sourcesOf(s.application, s.queues)
	if err != nil {
		return err
	}
	options := serve.Options{
		Template: s.options.template, Reading: s.reading(), Addr: s.options.addr, Code: s.code(), Strict: true,
		Env:    []string{"AWS_ENDPOINT_URL_DYNAMODB=" + s.options.dynamodb, "AWS_ENDPOINT_URL_SQS=" + s.options.sqs},
		Logger: s.logger, LogBodies: s.options.verbose, Output: console.Lines(s.log),
	}
	for _, source := range sources {
		options.Invokes = append(options.Invokes, source.function)
	}
	if s.server, err = serve.Start(ctx, options); err != nil {
		return err
	}
	var polling context.Context
	polling, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	for _, source := range sources {
		p := poller{source: source, client: sqsClient(s.options.sqs), invoke: s.server.Invoke, logger: s.logger, region: s.application.Region}
		for range source.concurrency {
			s.polling.Go(func() { p.run(polling) })
		}
	}
	return nil
}

func (s *stack) url() string {
	api := s.server.APIs[0]
	return api.URL(api.Stages[0].Name)
}

// hints say what to do with the API.
func (s *stack) hints() string {
	return fmt.Sprintf(`
listening on %[1]s
  in a terminal  npx wscat -c '%[1]s?user=ada'
  DynamoDB       %[2]s
  SQS            %[3]s
  to end it      Ctrl-C

`, s.url(), s.options.dynamodb, s.options.sqs)
}

// close lets clients and functions go before what they use, and waits for all of them.
func (s *stack) close(ctx context.Context) (err error) {
	s.stop()
	if s.server != nil {
		err = s.server.Close(ctx)
	}
	s.polling.Wait()
	for _, j := range s.servers {
		j.stop()
	}
	return err
}
