package wiring

import (
	"errors"
	"os"
	"strings"

	"github.com/aws/aws-lambda-go/lambda"
)

// Function is one of the API's Lambdas. All that has to agree on what there is follows this description: the Lambda's
// main, the routes of the local program, and the tests of the template.
type Function struct {
	// Name is that of its folder in functions.
	Name string
	// Settings are what it reads of its environment, beside LOG_LEVEL and STACK_NAME, which all functions read.
	Settings []Setting
	// Routes are the keys of the routes that it serves; none if something else than the API's routes invokes it.
	Routes []string
	// Answers tells whether what it returns for a route goes to the client.
	Answers bool
	// Make makes its handler of what Settings filled in, or of what another program brings. The handler is safe for
	// concurrent use if it serves routes or authorizes.
	Make func(Parts) (lambda.Handler, error)
}

// LogicalID is the function's in the template.
func (f Function) LogicalID() string { return "Ws" + strings.ToUpper(f.Name[:1]) + f.Name[1:] }

// Environment returns the names of the variables that Settings are made of.
func (f Function) Environment() (names []string) {
	for _, s := range f.Settings {
		names = append(names, s.Names...)
	}
	return names
}

// New makes the handler of a Lambda with an environment. The error names all variables that are missing or wrong.
func (f Function) New(getenv func(string) string) (lambda.Handler, error) {
	logger, err := newLogger(getenv("LOG_LEVEL"))
	errs := []error{err}
	parts := Parts{Logger: logger, Metrics: os.Stdout, Stack: getenv("STACK_NAME")}
	for _, s := range f.Settings {
		errs = append(errs, s.fill(&parts, environment{getenv, s.Names}))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return f.Make(parts)
}

// Start serves a function's invocations in this process, which is a Lambda's. If the environment lacks something it
// ends the process: the Lambda service reports that, and the log has the reason.
func Start(f Function) {
	handler, err := f.New(os.Getenv)
	if err != nil {
		logger, _ := newLogger("")
		logger.Error("the function cannot start", "function", f.Name, "reason", err.Error())
		os.Exit(1)
	}
	lambda.Start(handler)
}
