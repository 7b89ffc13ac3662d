package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"wsecho/adapters/dynamodb"
	"wsecho/adapters/dynamodb/dynamodblocal"
	"wsecho/adapters/gateway/gatewaytest"
)

// makeTable makes a table as a template describes it.
func makeTable(t *testing.T, url, name, key string) {
	t.Helper()
	_, err := dynamodb.NewClient(dynamodb.LocalConfig(url)).CreateTable(t.Context(), &sdk.CreateTableInput{
		TableName: &name, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: &key, AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String(key), KeyType: types.KeyTypeHash}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestSimpleChat: a template with routes and integrations by hand, Node functions with SDK v3 that scan a table and post
// to https://{domainName}/{stage}.
func TestSimpleChat(t *testing.T) {
	folder := copied(t, "testdata/simplechat")
	withSDK(t, folder)
	url := dynamodblocal.Start(t)
	makeTable(t, url, "simple-chat", "connectionId")
	p := start(t, folder, []string{"AWS_ENDPOINT_URL_DYNAMODB=" + url}, "-p", "TableName=simple-chat")
	ada, bob := gatewaytest.Connect(t, p.urls[0]), gatewaytest.Connect(t, p.urls[0])
	ada.Send(`{"action":"sendmessage","data":"hello"}`)
	for _, c := range []*gatewaytest.Client{ada, bob} {
		if got := c.Message(); got != "hello" {
			t.Errorf("got %s", got)
		}
	}
	ada.Send(`{"action":"sing"}`)
	if got := ada.Message(); !strings.Contains(got, `"message": "Forbidden"`) {
		t.Errorf("without $default got %s", got)
	}
}

// TestGuarded: a REQUEST authorizer, routes of its own names, MOCK, functions in Node and Python that post to
// https://{apiId}.execute-api.{region}.amazonaws.com/{stage}; what can't be served is named, and refuses its route alone.
func TestGuarded(t *testing.T) {
	folder := copied(t, "testdata/guarded")
	withSDK(t, filepath.Join(folder, "node"))
	p := start(t, folder, []string{withBoto3(t)}, "-p", "Secret=abc", "-v")
	gatewaytest.Refused(t, 401, p.urls[0])
	gatewaytest.Refused(t, 401, p.urls[0]+"?token=nobody")
	gatewaytest.Refused(t, 403, p.urls[0]+"?token=guess")
	c := gatewaytest.Connect(t, p.urls[0]+"?token=abc", "X-Agent: test")
	for _, exchange := range [][2]string{
		{`{"service":"orders","action":"create","order":5}`, `{"order":5,"connected":true}`},
		{`{"service":"orders","action":"report"}`, `{"report":"user-1","agent":"test"}`},
		{`{"service":"system","action":"ping","status":503}`, `{"failed":503}`},
	} {
		c.Send(exchange[0])
		same(t, c.Message(), exchange[1])
	}
	c.Send(`{"service":"system","action":"ping","status":204}`)
	if got := c.Message(); !strings.Contains(got, `","colour":"green"}`) {
		t.Errorf("MOCK answered %s", got)
	}
	c.Send(`{"service":"orders","action":"queue"}`)
	if got := c.Message(); !strings.Contains(got, "Internal server error") {
		t.Errorf("the refused route answered %s", got)
	}
	for _, want := range []string{
		"template.yaml:" + line(t, folder, "QueueRoute:") + ": QueueRoute: the route orders/queue is refused",
		"template.yaml:" + line(t, folder, "Nightly:") + ": Node: its events of Nightly (Schedule) are not served",
	} {
		if !strings.Contains(p.log.String(), want) {
			t.Errorf("there is no warning %q", want)
		}
	}
	for _, want := range []string{"orders/queue   refused", "system/ping    MOCK", "$connect       MOCK, authorizer Authorize (python3.12)", "npx wscat -c '" + p.urls[0] + "?token=…'"} {
		if !strings.Contains(p.out.String(), want) {
			t.Errorf("the routes lack %q", want)
		}
	}
}

// line is where a text is in a template.
func line(t *testing.T, folder, text string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(folder, "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	before, _, found := strings.Cut(string(data), text)
	if !found {
		t.Fatalf("there is no %s", text)
	}
	return fmt.Sprint(strings.Count(before, "\n") + 1)
}

// TestCDK: what cdk synth wrote, with an authorizer and a MOCK.
func TestCDK(t *testing.T) {
	need(t, "node")
	p := start(t, "examples/cdk", nil, "-template", "cdk.out/Notes.template.json")
	gatewaytest.Refused(t, 403, p.urls[0]+"?token=guess")
	c := gatewaytest.Connect(t, p.urls[0]+"?token=secret")
	c.Send(`{"action":"note","text":"milk"}`)
	same(t, c.Message(), `{"route":"note","plan":"free","body":"{\"action\":\"note\",\"text\":\"milk\"}"}`)
}
