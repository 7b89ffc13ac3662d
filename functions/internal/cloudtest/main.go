// Command cloudtest deploys wsEcho to an emulated AWS on this machine, without any change to its template, and tests
// what came of it: the functions are built, an emulator starts, and both environments of samconfig.toml are deployed to
// it. In dev the API's own tests and two wscat clients talk to the deployed stage; prod is refused as long as it has
// placeholders, and then lets in who has a token. Both are deleted.
//
// It needs the tools that `make tools-cloud` installs, which `make test-cloud` does before it runs this. The output
// of every step stays in .tools/cloudtest. Everything listens on the loopback interface, and nothing leaves the
// machine.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// timeout bounds the whole run, a cold build included.
const timeout = 15 * time.Minute

func main() {
	tools := flag.String("tools", ".tools", "folder with sam, ministack and wscat")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *tools); err != nil {
		fmt.Fprintln(os.Stderr, "cloudtest:", err)
		os.Exit(1)
	}
}

// run does all steps in the module's root, which has to be the working directory.
func run(ctx context.Context, tools string) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	if tools, err = filepath.Abs(tools); err != nil {
		return err
	}
	steps, err := newSteps(filepath.Join(tools, "cloudtest"))
	if err != nil {
		return err
	}
	s := stack{root: root, tools: tools, work: steps.dir, environment: "dev"}
	err = s.test(ctx, steps)
	steps.total()
	return err
}

// test is the run's order of steps.
func (s stack) test(ctx context.Context, steps *steps) error {
	if err := steps.do(ctx, "build", s.build); err != nil {
		return err
	}
	aws := &emulator{python: filepath.Join(s.tools, "ministack", "bin", "python"), root: s.root, work: s.work}
	defer aws.stop()
	if err := steps.do(ctx, "emulator", aws.start); err != nil {
		return err
	}
	s.cloud = aws
	err := s.testDeployed(ctx, steps)
	if err != nil {
		fmt.Printf("the end of what the emulator and the functions in it logged:\n%s", steps.tail("emulator"))
	}
	return err
}

// testDeployed deploys the environment dev, where the first client needs no token, and prod, where it does.
func (s stack) testDeployed(ctx context.Context, steps *steps) error {
	issuer, err := newIssuer(s.root, s.work)
	if err != nil {
		return err
	}
	defer issuer.close()
	dev, prod := s, production{s, issuer}
	prod.environment = "prod"
	deploy := func(ctx context.Context, log io.Writer) error { return dev.deploy(ctx, log) }
	// Nothing runs beside these: some tests are about what comes first, and while the emulator transforms a template it
	// answers nobody, so that posts time out and are sent again.
	if err := steps.row(named{"deploy", deploy}, named{"api", dev.testAPI}, named{"wscat", dev.testWscat})(ctx); err != nil {
		return err
	}
	return together(ctx,
		steps.row(named{"delete", dev.delete}),
		steps.row(named{"prod-refuse", prod.refusePlaceholders}, named{"prod-deploy", prod.deploy},
			named{"prod-token", prod.testToken}, named{"prod-change", prod.change}, named{"prod-delete", prod.delete}))
}
