// Package interleavings is a test that lets connections come, speak, leave and end in every order of the requests that
// the functions make: a small model checker over the real use cases of domain and chat. It has no code but tests.
//
//	make test-interleavings          a minute on one core, 0.7 GB
//	make test-interleavings-long     much more, in gigabytes
//
// # What is searched
//
// A scenario (scenarios_test.go) is a world and processes. The world (world_test.go) is all that outlasts a function: the
// rows of the table, what the queue holds, which sockets are open, what an observer was told of members, and what clients
// were answered. A process (processes_test.go) is one run of a use case, or an event such as a hang-up. It changes the
// world by steps, and a step is exactly one request: store (registry_test.go, memberships_test.go, log_test.go) is a fake
// of package dynamodb whose steps are that package's requests, with their conditions, tokens and repetitions, and is held
// to the suites that the real adapters are held to. Each post and each message to the queue is a step, too.
//
// From every state the search goes on in every way there is (moves_test.go): each process does its next step, or one that
// is ready begins; a function crashes after a step; a request is done and its reply lost, so that it is repeated, or so
// that its caller gives up, or it is not done at all; a worker gets any of what is queued, and again if it fails or dies;
// an expired row is collected; the clock ticks. Invariants (judge_test.go) hold in every state, and from every state in
// which nothing runs the world is brought to rest, as if nothing more was to come, and judged then.
//
// # How
//
// The code of a process does what it does because of the answers that it has seen, of which time is one. So the state of a
// process is the list of those (node, run_test.go). What it does next is found by running the code from its beginning in
// the virtual time of testing/synctest, with those answers, up to its next step; that is done once for each such list, and
// remembered. A state of the whole is a world and a node for each process. All of it is hashed to 64 bits, and a state
// whose hash was seen is not searched again. Ways to the end are counted over the graph of states: that is the number of
// interleavings. When something is wrong, the shortest way there is looked for, with as few crashes and faults as it takes.
//
// What is left out, because it can't make a difference: crashes at other moments than right after a change; a lost reply
// to a request that only reads; the relay of lines in scenarios that are about something else, where somebody else has it;
// posts of frames that fail, which history makes good; who is found gone while an announcement is posted, as a process of
// its own finds them at any time; and before the steps that a scenario calls glued, anything else.
// What is left out although it could: rooms that are handed on more than twice before anything else happens, requests that
// are done long after they were given up, stale reads of Everyone, several workers at once, delays of the queue (a worker
// may come at any time, also too early), and larger scenarios.
//
// # Adding to it
//
// A process is a function that calls a use case with ports over the run, as join in processes_test.go does. It returns what
// its client is told as a change of the world: rows of its own, such as told|a. If it needs a new port, write a fake whose
// methods make one step for each request of the adapter, with all it depends on in its answer. Then put it into a scenario,
// and give it another name than all processes that do something else.
//
// An invariant is a function in judge_test.go that says what is wrong with a state, in the list of those that hold always
// or of those that hold at the end. Plant a bug that only it finds (planted_test.go).
package interleavings
