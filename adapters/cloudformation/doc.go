// Package cloudformation reads a template and says what has to be served: the WebSocket APIs in it, with their routes,
// authorizers and stages, and the functions behind them, with their code, handlers and environments, all intrinsic
// functions resolved.
//
// It reads SAM templates (as they are, or built by `sam build`), plain CloudFormation in YAML or JSON, and what CDK writes
// into cdk.out. Nothing is deployed, started or asked: names, ARNs and ids are made from logical ids, in the shapes that
// AWS gives them, and Options.Values has the ones that the caller knows better, such as a local queue's URL.
//
// Only what has to be served is resolved: an alarm or a policy may use what is unknown here. What is used and can't be
// resolved is a Problem with its file, line and resource, and with what to do: an error, or a warning where something is
// there to serve in spite of it. An integration that isn't supported refuses its own route, not the API.
//
// What CloudFormation and SAM do is from their references: the "Template reference" of the AWS CloudFormation User Guide
// and the AWS SAM Developer Guide; SAM's expansions are those of aws-sam-translator, which the tests compare with.
package cloudformation
