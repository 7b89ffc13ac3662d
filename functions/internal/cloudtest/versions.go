package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
)

// functionName is what CloudFormation calls prod's functions; the middle is the logical id.
var functionName = regexp.MustCompile(`^wsecho-prod-(Ws[A-Za-z]+)-\w+$`)

// versions returns which version of each of prod's functions the API calls, by logical id.
func (e *emulator) versions(ctx context.Context) (map[string]string, error) {
	var all struct {
		Functions []struct{ FunctionName string }
	}
	if err := e.lambda(ctx, "", &all); err != nil {
		return nil, err
	}
	called := map[string]string{}
	for _, function := range all.Functions {
		id := functionName.FindStringSubmatch(function.FunctionName)
		if id == nil {
			continue
		}
		var alias struct{ FunctionVersion string }
		if err := e.lambda(ctx, "/"+function.FunctionName+"/aliases/live", &alias); err != nil {
			return nil, err
		}
		called[id[1]] = alias.FunctionVersion
	}
	return called, nil
}

// lambda asks Lambda about functions.
func (e *emulator) lambda(ctx context.Context, path string, reply any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, e.url+"/2015-03-31/functions"+path, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", request.URL, response.Status)
	}
	return json.NewDecoder(response.Body).Decode(reply)
}

// changed returns the functions that have another version than before, in order.
func changed(before, after map[string]string) (functions []string) {
	for function, version := range after {
		if before[function] != version {
			functions = append(functions, function)
		}
	}
	slices.Sort(functions)
	return functions
}
