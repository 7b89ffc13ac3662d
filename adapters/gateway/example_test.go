package gateway_test

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"strings"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"wsecho/adapters/gateway"
)

// A handler is a Lambda function of a proxy integration. Its types are those of github.com/aws/aws-lambda-go/events, or
// any others that fit.
type proxyRequest struct {
	Body           string
	RequestContext struct{ ConnectionID string }
}

type proxyResponse struct {
	StatusCode int    `json:"statusCode"`
	Body       string `json:"body"`
}

// A route that replies, served on a free port of this machine.
func Example() {
	shout := func(_ context.Context, r proxyRequest) (proxyResponse, error) {
		return proxyResponse{StatusCode: 200, Body: strings.ToUpper(r.Body)}, nil
	}
	g, err := gateway.New(gateway.Config{Routes: map[string]gateway.Route{
		"shout": {Handler: gateway.Typed(shout), Reply: true},
	}})
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer listener.Close()
	go g.Serve(listener)
	defer g.Shutdown(context.Background())

	conn, _, _, err := ws.Dial(context.Background(), "ws://"+listener.Addr().String()+"/dev")
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	if err := wsutil.WriteClientText(conn, []byte(`{"action":"shout","text":"hello"}`)); err != nil {
		log.Fatal(err)
	}
	reply, err := wsutil.ReadServerText(conn)
	fmt.Println(string(reply), err)
	// Output: {"ACTION":"SHOUT","TEXT":"HELLO"} <nil>
}

// An authorizer guards $connect. It throws Unauthorized for 401; a policy that denies makes 403.
func ExampleAuthorizer() {
	type event struct{ QueryStringParameters map[string]string }
	authorize := func(_ context.Context, e event) (map[string]any, error) {
		effect := "Deny"
		if e.QueryStringParameters["token"] == "secret" {
			effect = "Allow"
		}
		return map[string]any{"principalId": "ada", "policyDocument": map[string]any{"Statement": map[string]string{
			"Effect": effect, "Action": "execute-api:Invoke", "Resource": "*",
		}}}, nil
	}
	g, err := gateway.New(gateway.Config{Authorizer: &gateway.Authorizer{
		Handler: gateway.Typed(authorize), IdentitySources: []string{"route.request.querystring.token"},
	}})
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer listener.Close()
	go g.Serve(listener)
	defer g.Shutdown(context.Background())

	for _, query := range []string{"", "?token=guess", "?token=secret"} {
		conn, _, _, err := ws.Dial(context.Background(), "ws://"+listener.Addr().String()+"/dev"+query)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println("connected")
		conn.Close()
	}
	// Output:
	// unexpected HTTP response status: 401
	// unexpected HTTP response status: 403
	// connected
}

// A handler posts to connections through the gateway, as it does on AWS, where an SDK signs the request.
func ExampleGateway_management() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	stage := listener.Addr().String() + "/dev"
	post := func(_ context.Context, r proxyRequest) (proxyResponse, error) {
		id := strings.ReplaceAll(r.RequestContext.ConnectionID, "=", "%3D")
		resp, err := http.Post("http://"+stage+"/@connections/"+id, "text/plain", strings.NewReader("posted"))
		if err != nil {
			return proxyResponse{}, err
		}
		return proxyResponse{StatusCode: resp.StatusCode}, resp.Body.Close()
	}
	g, err := gateway.New(gateway.Config{Routes: map[string]gateway.Route{"$default": {Handler: gateway.Typed(post)}}})
	if err != nil {
		log.Fatal(err)
	}
	server := g.Server()
	go server.Serve(gateway.Listener(listener))
	defer server.Close() // It knows of plain HTTP only, so the gateway is shut down first.
	defer g.Shutdown(context.Background())

	conn, _, _, err := ws.Dial(context.Background(), "ws://"+stage)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	if err := wsutil.WriteClientText(conn, []byte("anything")); err != nil {
		log.Fatal(err)
	}
	message, err := wsutil.ReadServerText(conn)
	fmt.Println(string(message), err)
	// Output: posted <nil>
}
