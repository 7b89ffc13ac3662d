// Package serve serves on this machine what a template describes: its WebSocket APIs by the local gateway, its functions
// as processes that get their events by Lambda's Runtime API, and the names that the APIs have on AWS for these processes.
package serve

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"wsecho/adapters/cloudformation"
	"wsecho/adapters/executeapi"
	"wsecho/adapters/lambdaruntime"
)

// Options say what to serve, and how.
type Options struct {
	// Template is the path of a template, Reading what it doesn't say.
	Template string
	Reading  cloudformation.Options
	// Addr is where the first API listens, the next ones at the following ports that are free. Port 0 picks free ones.
	Addr string
	// Exec has commands that run instead of functions, by logical id or name. A shell runs them in the function's folder.
	Exec map[string]string
	// Code has the folders of functions whose code is built elsewhere than the template says, by logical id.
	Code map[string]string
	// Invokes are the logical ids of functions that the caller invokes by Server.Invoke, beside those that an API invokes.
	Invokes []string
	// Env are variables of all functions, as NAME=value. A function's own win over them.
	Env []string
	// Processes is how many processes a function has at most. 0 means lambdaruntime's default.
	Processes int
	// NoFreeze lets idle processes run on, NoTimeouts lets functions take as long as they want, Watch restarts functions
	// whose files change.
	NoFreeze, NoTimeouts, Watch bool
	// Strict makes an error of every function that does not start, not only of those that can't.
	Strict bool
	// Logger gets a record for each event, post and process. Nil logs nothing. LogBodies adds messages and replies.
	Logger    *slog.Logger
	LogBodies bool
	// Output gets what functions print, by line. Nil discards it.
	Output io.Writer
}

// Server serves an application until Close.
type Server struct {
	// Application is what the template says.
	Application *cloudformation.Application
	// APIs in the order of the template.
	APIs []*API
	// Warnings say what is not served, or not as on AWS.
	Warnings []cloudformation.Problem

	options  Options
	proxy    *executeapi.Proxy
	pools    map[string]*lambdaruntime.Pool // By logical id.
	unpacked []string                       // Folders to remove.
	watching context.CancelFunc
	ended    sync.WaitGroup
}

// Start serves. When it returns an error, which has one line for each problem, nothing runs. The caller must Close the
// server.
func Start(ctx context.Context, o Options) (*Server, error) {
	o.Logger = cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	application, err := cloudformation.Load(o.Template, o.Reading)
	if err != nil {
		return nil, err
	}
	if len(application.APIs) == 0 {
		return nil, cloudformation.Problem{Position: cloudformation.Position{File: o.Template}, Text: "there is no WebSocket API", Remedy: "give the template that has one"}
	}
	s := &Server{Application: application, options: o, pools: map[string]*lambdaruntime.Pool{}, watching: func() {}}
	s.Warnings = append(application.Warnings, s.notServed()...)
	for _, api := range application.APIs {
		s.Warnings = append(s.Warnings, mockWarnings(api)...)
		s.Warnings = append(s.Warnings, throttleWarnings(api)...)
	}
	for _, step := range []func(context.Context) error{s.listen, s.answerNames, s.makeFunctions, s.makeGateways, s.initialise} {
		if err := step(ctx); err != nil {
			now, cancel := context.WithCancel(ctx)
			cancel()
			_ = s.Close(now) // Of a start that fails, its cause is what matters.
			return nil, err
		}
	}
	for _, api := range s.APIs {
		s.ended.Go(api.serve)
	}
	s.watch()
	return s, nil
}

// Close closes every connection with a close frame, lets $disconnect run for each, ends all processes and waits for them.
// What is not over when ctx is done is cut short.
func (s *Server) Close(ctx context.Context) error {
	s.watching()
	var errs []error
	var all sync.WaitGroup
	for _, api := range s.APIs {
		all.Go(func() { api.close(ctx) })
	}
	all.Wait()
	for _, pool := range s.pools {
		all.Go(func() { _ = pool.Close(ctx) })
	}
	all.Wait()
	if s.proxy != nil {
		errs = append(errs, s.proxy.Close())
	}
	for _, folder := range s.unpacked {
		errs = append(errs, os.RemoveAll(folder))
	}
	s.ended.Wait()
	return errors.Join(errs...)
}

// Invoke gives an event to a function that an API or Options.Invokes names, by its logical id.
func (s *Server) Invoke(ctx context.Context, function string, event []byte) ([]byte, error) {
	pool := s.pools[function]
	if pool == nil {
		return nil, fmt.Errorf("no function %s is served", function)
	}
	return pool.Invoke(ctx, event)
}

// invoked are the logical ids of the functions that something here invokes, in the order of the template.
func (s *Server) invoked() []string {
	ids := slices.Clone(s.options.Invokes)
	for _, api := range s.Application.APIs {
		for _, route := range api.Routes {
			ids = append(ids, route.Integration.Function)
			if route.Authorizer != nil {
				ids = append(ids, route.Authorizer.Function)
			}
		}
	}
	var all []string
	for _, f := range s.Application.Functions {
		if slices.Contains(ids, f.LogicalID) {
			all = append(all, f.LogicalID)
		}
	}
	return all
}

// notServed names what else invokes functions on AWS.
func (s *Server) notServed() (all []cloudformation.Problem) {
	for _, f := range s.Application.Functions {
		if slices.Contains(s.options.Invokes, f.LogicalID) {
			continue
		}
		for _, source := range f.Sources {
			all = append(all, cloudformation.Problem{Position: source.Position, Resource: f.LogicalID,
				Text: fmt.Sprintf("its events of %s (%s) are not served", source.Name, source.Type), Remedy: "invoke it by something else"})
		}
	}
	return all
}

// watch restarts functions whose files change, and says so when the template has.
func (s *Server) watch() {
	if !s.options.Watch {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.watching = cancel
	for _, pool := range s.pools {
		s.ended.Go(func() { pool.Watch(ctx) })
	}
	s.ended.Go(func() { s.watchTemplate(ctx) })
}

func (s *Server) watchTemplate(ctx context.Context) {
	before, _ := os.ReadFile(s.options.Template)
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if now, err := os.ReadFile(s.options.Template); err == nil && string(now) != string(before) {
			s.options.Logger.Warn("the template has changed: start the gateway again", "file", s.options.Template)
			before = now
		}
	}
}
