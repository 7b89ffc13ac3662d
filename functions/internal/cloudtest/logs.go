package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
)

// saveFunctionLogs writes what the functions logged to a file, function by function.
func (e *emulator) saveFunctionLogs(ctx context.Context, path string) error {
	var found struct {
		LogGroups []struct{ LogGroupName string }
	}
	if err := e.callLogs(ctx, "DescribeLogGroups", "", &found); err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	for _, group := range found.LogGroups {
		var events struct {
			Events []struct{ Message string }
		}
		err = errors.Join(err, e.callLogs(ctx, "FilterLogEvents", group.LogGroupName, &events))
		fmt.Fprintf(file, "==== %s\n", group.LogGroupName)
		for _, event := range events.Events {
			fmt.Fprintln(file, strings.TrimSpace(event.Message))
		}
	}
	return err
}

// callLogs calls CloudWatch Logs. The emulator does not ask for a signature, only for the service that it would name.
func (e *emulator) callLogs(ctx context.Context, action, group string, result any) error {
	body := "{}"
	if group != "" {
		body = fmt.Sprintf(`{"logGroupName":%q}`, group)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-amz-json-1.1")
	request.Header.Set("X-Amz-Target", "Logs_20140328."+action)
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/logs/aws4_request")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s", action, group, response.Status)
	}
	return json.NewDecoder(response.Body).Decode(result)
}
