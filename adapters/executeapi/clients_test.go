package executeapi_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	api "github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi"
	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi/types"

	"wsecho/adapters/executeapi"
	"wsecho/adapters/gateway"
	"wsecho/adapters/gateway/gatewaytest"
	"wsecho/adapters/gateway/gatewaytest/leaktest"
)

// asClient is the variable that makes the test's binary a client: variables of proxies and roots are read once.
const asClient = "EXECUTEAPI_TEST_CLIENT"

func TestMain(m *testing.M) {
	if os.Getenv(asClient) == "" {
		leaktest.Main(m)
	}
	if err := goClient(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// goClient does with the Go SDK what the scripts in testdata do.
func goClient(args []string) error {
	client := api.New(api.Options{
		BaseEndpoint: &args[0], Region: os.Getenv("AWS_REGION"), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), ""),
	})
	post := func(id, text string) error {
		_, err := client.PostToConnection(context.Background(), &api.PostToConnectionInput{ConnectionId: aws.String(id), Data: []byte(text)})
		return err
	}
	if err := post(args[1], "hello from go"); err != nil {
		return err
	}
	err := post(args[2], "x")
	if _, ok := errors.AsType[*types.GoneException](err); ok {
		fmt.Println("gone")
		return nil
	}
	return fmt.Errorf("a post to an unknown id: %w", err)
}

// name is the API of the tests. It is nobody's: an id has ten characters.
const name = "unmodified.execute-api.eu-central-1.amazonaws.com"

// tool finds a program that make tools-gateway installed. Without it the test is skipped, but in CI it fails.
func tool(t *testing.T, path string) string {
	t.Helper()
	file, err := filepath.Abs(filepath.Join("../../.tools", path))
	if err == nil {
		_, err = os.Stat(file)
	}
	if err != nil {
		message := fmt.Sprintf("NOT TESTED: %s is missing; make tools-gateway installs it", path)
		if os.Getenv("CI") == "true" {
			t.Fatal(message)
		}
		t.Skip(message)
	}
	return file
}

// SDKs reach the gateway by the name that the API has on AWS, with their own signatures, and see its errors.
func TestSDKs(t *testing.T) {
	ids := make(chan string, 1)
	connect := func(_ context.Context, e struct{ RequestContext struct{ ConnectionID string } }) (map[string]int, error) {
		ids <- e.RequestContext.ConnectionID
		return map[string]int{"statusCode": 200}, nil
	}
	g := gatewaytest.Serve(t, gateway.Config{
		Stage: "prod", Region: "eu-central-1", DomainName: name,
		Signatures: &gateway.Signatures{Keys: map[string]string{"AKIDEXAMPLE": "secret"}},
		Routes:     map[string]gateway.Route{"$connect": {Handler: gateway.Typed(connect)}},
	})
	p := start(t, executeapi.Config{Names: map[string]http.Handler{name: g}, Outer: never(t)})
	for client, command := range map[string]func(t *testing.T) []string{
		"go":     func(*testing.T) []string { return []string{os.Args[0]} },
		"python": func(t *testing.T) []string { return []string{tool(t, "gateway-python/bin/python"), "testdata/post.py"} },
		"node": func(*testing.T) []string {
			return []string{"node", "-r", "./testdata/preload.cjs", "testdata/post.mjs"}
		},
	} {
		t.Run(client, func(t *testing.T) {
			c := gatewaytest.Connect(t, g.URL)
			line := append(command(t), "https://"+name+"/prod", <-ids, "L0SM9cOFvHcCIhw=")
			if client == "node" {
				line = append(line, tool(t, "gateway-node/node_modules"))
			}
			if out := run(t, p, line...); out != "gone\n" {
				t.Errorf("of a post to an unknown id the client says %q, want gone", out)
			}
			if text := c.Message(); text != "hello from "+client {
				t.Errorf("the client got %q", text)
			}
		})
	}
}

// run runs a client with nothing in its environment but the proxy's variables, credentials and where to find programs.
func run(t *testing.T, p *executeapi.Proxy, command ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), asClient + "=1", "AWS_EC2_METADATA_DISABLED=true",
		"AWS_REGION=eu-central-1", "AWS_DEFAULT_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=secret",
	}, p.Environment()...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", filepath.Base(command[0]), err, stderr.String())
	}
	return string(out)
}
