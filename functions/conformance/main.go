// Conformance tells whether a server of WebSocket APIs behaves as Amazon API Gateway does: it puts the numbered
// statements of adapters/gateway to it, over sockets and HTTP, and says of each whether it holds, with what it saw.
//
//	go run ./functions/conformance -url wss://{apiId}.execute-api.{region}.amazonaws.com/{stage} -callback https://…
//	go run ./functions/conformance -outputs outputs.json -record golden
//	go run ./functions/conformance -outputs outputs.json -name "AWS" -json >aws.json
//	go run ./functions/conformance -markdown gateway.json aws.json >table.md
//
// The server has to run the probe: the function and the APIs in the folder probe. docs/aws-check.md tells how to deploy
// it. Management calls are signed with the credentials of AWS_ACCESS_KEY_ID and its like, if they are set.
//
// The exit status is 0 if all that could be told holds, 1 if something differs, and 2 if the suite could not run.
package main

import "os"

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }
