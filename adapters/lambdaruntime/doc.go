// Package lambdaruntime runs Lambda functions as processes of this machine, in whatever language, without Docker. Each
// process gets its events from a Runtime API of its own on loopback, as in Lambda
// (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html).
//
//	pool, err := lambdaruntime.New(lambdaruntime.Function{
//		Name: "Echo", Runtime: "nodejs20.x", Handler: "src/app.handler", Dir: "functions/echo",
//	}, lambdaruntime.Options{Output: os.Stderr})
//	…
//	answer, err := pool.Invoke(ctx, []byte(`{"hello":"world"}`))
//	…
//	err = pool.Close(ctx)
//
// It is for development and tests: a process has the rights of whoever started it.
//
// # What is as in Lambda
//
// A process serves one event at a time; a busy function gets more processes. Initialisation may take 10 s, an event the
// function's Timeout; whoever exceeds them is killed, and the next event starts anew. An idle process is frozen. The
// environment holds what Lambda defines and nothing of this machine but PATH, HOME and TMPDIR. Answers have 6 MB at most.
// Errors have Lambda's types and messages.
//
// # What is not
//
// A process is frozen after 50 ms without an event, not at once: a busy one would pay for two signals with each event.
// A failed initialisation is not tried once more within the same event. MemoryMB is told to the function and not
// enforced. An ended process may take 500 ms for SIGTERM, which Lambda grants only to functions with an extension. The
// Extensions, Logs and Telemetry APIs are missing. What a function starts ends with it, unless it left the process group
// (setsid). Layers are not mounted.
package lambdaruntime
