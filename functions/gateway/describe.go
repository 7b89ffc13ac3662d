package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"wsecho/adapters/cloudformation"
	"wsecho/functions/internal/serve"
)

// describe says what is served and how to use it; what is not goes to stderr.
func describe(stdout, stderr io.Writer, server *serve.Server) {
	for _, warning := range server.Warnings {
		fmt.Fprintln(stderr, "warning:", warning)
	}
	if name := serve.Credentials(); name != "" {
		fmt.Fprintf(stderr, "warning: functions get your credentials (%s): what has no AWS_ENDPOINT_URL of its own is the real AWS\n", name)
	}
	for _, api := range server.APIs {
		for _, stage := range api.Stages {
			fmt.Fprintf(stdout, "listening on %s  (%s, https://%s/%s for functions)\n", api.URL(stage.Name), api.LogicalID, api.DomainName, stage.Name)
		}
		routes(stdout, server.Application, api)
	}
	first := server.APIs[0]
	fmt.Fprintf(stdout, "\n  in a terminal  npx wscat -c %s\n  to end it      Ctrl-C\n\n", wscat(first))
}

// wscat are the arguments by which wscat connects to an API, with something where its authorizer looks.
func wscat(api *serve.API) string {
	url, headers := api.URL(api.Stages[0].Name), ""
	mark := "?"
	for _, route := range api.Routes {
		if route.Authorizer == nil {
			continue
		}
		for _, source := range route.Authorizer.IdentitySources {
			if name, is := strings.CutPrefix(source, "route.request.querystring."); is {
				url += mark + name + "=…"
				mark = "&"
			} else if name, is := strings.CutPrefix(source, "route.request.header."); is {
				headers += " -H '" + name + ": …'"
			}
		}
	}
	return "'" + url + "'" + headers
}

// routes says what each route leads to.
func routes(out io.Writer, application *cloudformation.Application, api *serve.API) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, route := range api.Routes {
		target := "MOCK"
		switch {
		case route.Integration.Unsupported != "":
			target = "refused: " + route.Integration.Unsupported
		case route.Integration.Function != "":
			target = function(application, route.Integration.Function)
		}
		if a := route.Authorizer; a != nil && a.Function != "" {
			target += ", authorizer " + function(application, a.Function)
		}
		fmt.Fprintf(table, "  %s\t%s\n", route.Key, target)
	}
	_ = table.Flush() // To out, where a failure shows with the next line.
}

func function(application *cloudformation.Application, id string) string {
	return id + " (" + application.Function(id).Runtime + ")"
}
