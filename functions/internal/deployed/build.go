package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// folderOf is where a function's main is: the Makefile's target build-WsEcho builds functions/echo.
func folderOf(logicalID string) string { return strings.ToLower(strings.TrimPrefix(logicalID, "Ws")) }

// build builds all functions for this machine, as `sam build` does by the Makefile for Lambda's, but all at once. What has
// not changed since the last time takes a tenth of a second.
func (s *stack) build(ctx context.Context) error {
	args := []string{"build", "-trimpath", "-buildvcs=false", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", s.options.folder + "/"}
	for _, f := range s.application.Functions {
		args = append(args, "wsecho/functions/"+folderOf(f.LogicalID))
	}
	if err := os.MkdirAll(s.options.folder, 0o755); err != nil {
		return err
	}
	c := exec.CommandContext(ctx, "go", args...)
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("the functions can't be built: %w\n%s", err, out)
	}
	var errs []error
	for id, folder := range s.code() {
		errs = append(errs, bootstrap(folder, filepath.Join("..", folderOf(id))))
	}
	return errors.Join(errs...)
}

// code has the folders of the functions: Lambda wants one for each, with a file of that name.
func (s *stack) code() map[string]string {
	folders := map[string]string{}
	for _, f := range s.application.Functions {
		folders[f.LogicalID] = filepath.Join(s.options.folder, f.LogicalID)
	}
	return folders
}

func bootstrap(folder, binary string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	link := filepath.Join(folder, "bootstrap")
	if err := os.Remove(link); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.Symlink(binary, link)
}
