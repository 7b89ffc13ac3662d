package serve

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"wsecho/adapters/cloudformation"
	"wsecho/adapters/executeapi"
	"wsecho/adapters/gateway"
)

// API is one that is served.
type API struct {
	cloudformation.API
	// Addr is where it listens.
	Addr string
	// DomainName is the name that it has on AWS, which events report and functions post to.
	DomainName string

	listener net.Listener
	server   *http.Server
	stages   map[string]*gateway.Gateway
}

// URL is where clients of a stage connect, from this machine if it listens for others too.
func (a *API) URL(stage string) string {
	address := a.Addr
	if at, err := netip.ParseAddrPort(a.Addr); err == nil && at.Addr().IsUnspecified() {
		address = net.JoinHostPort("localhost", strconv.Itoa(int(at.Port())))
	}
	return "ws://" + address + "/" + stage
}

// ServeHTTP leads to the stage that the path names. The first stage answers for those that are not there.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	stage := a.stages[name]
	if stage == nil {
		stage = a.stages[a.Stages[0].Name]
	}
	stage.ServeHTTP(w, r)
}

func (a *API) serve() { _ = a.server.Serve(gateway.Listener(a.listener)) } // It returns when close ends it.

func (a *API) close(ctx context.Context) {
	for _, stage := range a.stages {
		_ = stage.Shutdown(ctx) // What has no time left is cut short.
	}
	if a.server != nil {
		_ = a.server.Close()
	}
	_ = a.listener.Close()
}

// listen takes a port for each API.
func (s *Server) listen(ctx context.Context) error {
	for i, described := range s.Application.APIs {
		listener, err := s.listenAt(ctx, i)
		if err != nil {
			return fmt.Errorf("%w; choose another address with -addr", err)
		}
		s.APIs = append(s.APIs, &API{API: described, listener: listener, Addr: listener.Addr().String(), stages: map[string]*gateway.Gateway{},
			DomainName: described.ID + ".execute-api." + s.Application.Region + ".amazonaws.com"})
	}
	return nil
}

// attempts is how many ports are tried for an API that is not the first one.
const attempts = 20

// listenAt takes the port of an API, or the next one that is free if it isn't the first API: nobody asked for that port.
func (s *Server) listenAt(ctx context.Context, i int) (net.Listener, error) {
	address := s.options.Addr
	for tried := 1; ; tried++ {
		if i > 0 {
			var err error
			if address, err = following(s.APIs[i-1].Addr, address, tried); err != nil {
				return nil, err
			}
		}
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
		if i == 0 || tried == attempts || !errors.Is(err, syscall.EADDRINUSE) {
			return listener, err
		}
	}
}

// following is the address n ports after another one, or a free one if that is what was asked for.
func following(before, asked string, n int) (string, error) {
	if host, port, err := net.SplitHostPort(asked); err != nil || port == "0" {
		return net.JoinHostPort(host, port), err
	}
	host, text, err := net.SplitHostPort(before)
	if err != nil {
		return "", err
	}
	port, err := strconv.Atoi(text)
	return net.JoinHostPort(host, strconv.Itoa(port+n)), err
}

// answerNames answers functions for the names of the APIs.
func (s *Server) answerNames(context.Context) (err error) {
	names := map[string]http.Handler{}
	for _, api := range s.APIs {
		names[api.DomainName] = api
	}
	s.proxy, err = executeapi.New(executeapi.Config{Names: names, Logger: s.options.Logger})
	return err
}

// makeGateways makes one for each stage.
func (s *Server) makeGateways(context.Context) error {
	for _, api := range s.APIs {
		for _, stage := range api.Stages {
			made, err := gateway.New(s.config(api, stage))
			if err != nil {
				return cloudformation.Problem{Position: api.Position, Resource: api.LogicalID, Text: err.Error()}
			}
			api.stages[stage.Name] = made
		}
		api.server = api.stages[api.Stages[0].Name].Server()
		api.server.Handler = api
	}
	return nil
}

func (s *Server) config(api *API, stage cloudformation.Stage) gateway.Config {
	c := gateway.Config{
		Stage: stage.Name, StageVariables: stage.Variables, RouteSelectionExpression: api.RouteSelectionExpression,
		Routes: map[string]gateway.Route{},
		APIID:  api.ID, Region: s.Application.Region, AccountID: s.Application.AccountID, DomainName: api.DomainName,
		Logger: s.options.Logger, LogBodies: s.options.LogBodies,
		Limits: gateway.Limits{
			MessagesPerSecond: stage.Throttle.Rate, MessageBurst: stage.Throttle.Burst,
			ConnectsPerSecond: stage.RouteThrottles["$connect"].Rate,
		},
	}
	if len(s.APIs) > 1 {
		c.Logger = c.Logger.With("api", api.LogicalID)
	}
	for _, route := range api.Routes {
		c.Routes[route.Key] = gateway.Route{Handler: s.handler(route.Integration), Reply: route.Replies(), Timeout: route.Integration.Timeout}
		if route.Authorizer != nil {
			c.Authorizer = &gateway.Authorizer{IdentitySources: route.Authorizer.IdentitySources,
				Handler: s.function(route.Authorizer.Function, route.Authorizer.Unsupported)}
		}
	}
	return c
}

// handler is what a route invokes. An integration that isn't supported fails at each event, so that the client gets what
// AWS answers when an integration fails.
func (s *Server) handler(i cloudformation.Integration) gateway.Handler {
	if i.Mock != nil {
		return mock{*i.Mock}
	}
	return s.function(i.Function, i.Unsupported)
}

func (s *Server) function(id, unsupported string) gateway.Handler {
	if pool := s.pools[id]; pool != nil {
		return pool
	}
	return gateway.HandlerFunc(func(context.Context, []byte) ([]byte, error) { return nil, errors.New(unsupported) })
}

// throttleWarnings say which limits of an API are not applied: here all messages of a stage share one.
func throttleWarnings(api cloudformation.API) (all []cloudformation.Problem) {
	for _, stage := range api.Stages {
		for _, key := range slices.Sorted(maps.Keys(stage.RouteThrottles)) {
			if key != "$connect" {
				all = append(all, cloudformation.Problem{Position: stage.Position, Resource: api.LogicalID,
					Text: "the limit of the route " + key + " is not applied: only those of $connect and of the whole stage are", Remedy: "test it on AWS"})
			}
		}
	}
	return all
}
