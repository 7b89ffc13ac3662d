package serve

import (
	"archive/zip"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"wsecho/adapters/cloudformation"
	"wsecho/adapters/lambdaruntime"
)

// makeFunctions makes a pool of processes for each function that something here invokes.
func (s *Server) makeFunctions(context.Context) error {
	var errs []error
	for name := range s.options.Exec {
		if !slices.ContainsFunc(s.Application.Functions, func(f cloudformation.Function) bool { return name == f.LogicalID || name == f.Name }) {
			errs = append(errs, fmt.Errorf("-exec %s: the template has no function of that name", name))
		}
	}
	for _, id := range s.invoked() {
		f := s.Application.Function(id)
		if err := s.makeFunction(f); err != nil {
			errs = append(errs, s.problem(f, err))
		}
	}
	return errors.Join(errs...)
}

func (s *Server) makeFunction(f *cloudformation.Function) error {
	folder, err := s.folder(f)
	if err != nil {
		return err
	}
	function := lambdaruntime.Function{
		Name: f.Name, Runtime: f.Runtime, Handler: f.Handler, Dir: folder, Command: s.command(f), Env: s.environment(f),
		Timeout: f.Timeout, MemoryMB: f.Memory, MaxProcesses: s.options.Processes,
	}
	options := lambdaruntime.Options{
		Logger: s.options.Logger, Output: s.options.Output, NoFreeze: s.options.NoFreeze,
		Region: s.Application.Region, AccountID: s.Application.AccountID,
	}
	if s.options.NoTimeouts {
		function.Timeout = -1
	}
	if s.options.NoTimeouts || function.Command != nil {
		options.InitTimeout = -1
	}
	pool, err := lambdaruntime.New(function, options)
	if err != nil {
		return err
	}
	s.pools[f.LogicalID] = pool
	return nil
}

// problem says where a function is that can't run, and how it would be built if it isn't.
func (s *Server) problem(f *cloudformation.Function, err error) cloudformation.Problem {
	text, _ := strings.CutPrefix(err.Error(), "function "+f.Name+": ")
	p := cloudformation.Problem{Position: f.Position, Resource: f.LogicalID, Text: strings.ReplaceAll(text, "\n", " ")}
	if f.BuildMethod != "" && s.options.Code[f.LogicalID] == "" {
		p.Remedy = "or build it, as its BuildMethod is " + f.BuildMethod + ": sam build, then -template .aws-sam/build/template.yaml"
	}
	return p
}

// command is what runs instead of a function, if anything does.
func (s *Server) command(f *cloudformation.Function) []string {
	command := cmp.Or(s.options.Exec[f.LogicalID], s.options.Exec[f.Name])
	switch {
	case command == "":
		return nil
	case runtime.GOOS == "windows":
		return []string{"cmd", "/c", command}
	}
	return []string{"sh", "-c", command}
}

// environment is what a function finds beside what Lambda defines. What is said last counts.
func (s *Server) environment(f *cloudformation.Function) []string {
	env := append(inherited(), s.options.Env...)
	for _, name := range slices.Sorted(maps.Keys(f.Environment)) {
		env = append(env, name+"="+f.Environment[name])
	}
	return append(env, s.proxy.Environment()...)
}

// folder is where a function's code is, unpacked if need be.
func (s *Server) folder(f *cloudformation.Function) (string, error) {
	if folder := cmp.Or(s.options.Code[f.LogicalID], f.Code.Directory); folder != "" {
		return folder, nil
	}
	folder, err := os.MkdirTemp("", "gateway-"+f.LogicalID+"-")
	if err != nil {
		return "", err
	}
	s.unpacked = append(s.unpacked, folder)
	if f.Code.Archive != "" {
		return folder, unpack(f.Code.Archive, folder)
	}
	name := "index.js"
	if strings.HasPrefix(f.Runtime, "python") {
		name = "index.py"
	}
	return folder, os.WriteFile(filepath.Join(folder, name), []byte(f.Code.Inline), 0o600)
}

// unpack puts the files of an archive into a folder, and none of them anywhere else.
func unpack(archive, folder string) error {
	reader, err := zip.OpenReader(archive)
	if err != nil {
		return fmt.Errorf("%s can't be unpacked: %w", archive, err)
	}
	defer reader.Close()
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, file := range reader.File {
		if err := unpackFile(root, file); err != nil {
			return fmt.Errorf("%s can't be unpacked: %s: %w", archive, file.Name, err)
		}
	}
	return nil
}

func unpackFile(root *os.Root, file *zip.File) error {
	name := filepath.FromSlash(strings.TrimSuffix(file.Name, "/"))
	if file.Mode().IsDir() {
		return root.MkdirAll(name, 0o755)
	}
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	from, err := file.Open()
	if err != nil {
		return err
	}
	defer from.Close()
	if file.Mode()&fs.ModeSymlink != 0 {
		target, err := io.ReadAll(from)
		if err != nil {
			return err
		}
		return root.Symlink(string(target), name)
	}
	to, err := root.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, file.Mode().Perm()|0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Close())
}

// reason is why a process did not start, with its type if it has one that says more than that the process ended. What it
// has printed was shown then.
func reason(err error) string {
	text, _, _ := strings.Cut(err.Error(), "; the last it wrote:\n")
	var failed *lambdaruntime.Error
	if errors.As(err, &failed) && failed.Type != "Runtime.ExitError" && !strings.HasPrefix(text, failed.Type) {
		text = failed.Type + ": " + text
	}
	return text
}

// missing are the errors of an initialisation by which there is nothing to serve: the template, the build or the machine
// is wrong. What else goes wrong, such as a service that isn't there, is the function's own affair, and may pass.
var missing = []string{"Runtime.HandlerNotFound", "Runtime.ImportModuleError", "Runtime.UserCodeSyntaxError", "Runtime.MalformedHandlerName", "Runtime.InvalidEntrypoint"}

// initialise starts one process of each function, so that what keeps one from starting shows now. A command of the caller
// starts with the first event and has all the time that it wants: it may be a compiler, or a debugger that waits.
func (s *Server) initialise(ctx context.Context) error {
	ids := s.invoked()
	errs := s.startEach(ctx, ids)
	if err := ctx.Err(); err != nil {
		return err
	}
	var fatal []error
	for i, err := range errs {
		if err == nil {
			continue
		}
		found := s.problem(s.Application.Function(ids[i]), fmt.Errorf("it does not start: %s", reason(err)))
		var failed *lambdaruntime.Error
		if !s.options.Strict && errors.As(err, &failed) && !slices.Contains(missing, failed.Type) {
			found.Remedy = "its events fail until it does"
			s.Warnings = append(s.Warnings, found)
			continue
		}
		fatal = append(fatal, found)
	}
	return errors.Join(fatal...)
}

// startEach starts a process of each function, no more of them at once than there are processors: they would take each
// other's time, and that is limited.
func (s *Server) startEach(ctx context.Context, ids []string) []error {
	var all sync.WaitGroup
	errs, slots := make([]error, len(ids)), make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, id := range ids {
		if s.command(s.Application.Function(id)) != nil {
			continue
		}
		all.Go(func() {
			slots <- struct{}{}
			errs[i] = s.pools[id].Init(ctx)
			<-slots
		})
	}
	all.Wait()
	return errs
}
