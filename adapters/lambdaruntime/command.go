package lambdaruntime

import (
	"bytes"
	"debug/elf"
	"embed"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// shims speak the Runtime API for languages whose runtime is part of Lambda.
//
//go:embed shims
var shims embed.FS

// shim is the shim of a runtime, or empty if it has none.
func shim(runtime string) string {
	switch {
	case strings.HasPrefix(runtime, "nodejs"):
		return "node.mjs"
	case strings.HasPrefix(runtime, "python"):
		return "python.py"
	}
	return ""
}

// unpackShims puts the shims into a new folder, which the caller removes.
func unpackShims() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "lambdaruntime-"); err != nil {
		return "", err
	}
	files, err := fs.Sub(shims, "shims")
	if err == nil {
		err = os.CopyFS(dir, files)
	}
	if err != nil {
		_ = os.RemoveAll(dir)
		return "", err
	}
	return dir, nil
}

// command is the program that a process of the function runs, and its arguments. Shims are in the folder shims.
func (f Function) command(shims string) ([]string, error) {
	switch {
	case len(f.Command) > 0:
		return f.given()
	case f.Runtime == "":
		return nil, f.errorf("it has no Runtime")
	case strings.HasPrefix(f.Runtime, "provided"), f.Runtime == "go1.x":
		return f.binary()
	case shim(f.Runtime) == "":
		return nil, f.errorf("runtime %s is not supported as it is: give a command that starts it and speaks the Runtime API, "+
			"-exec %s='command' in the gateway's program, Function.Command in Go", f.Runtime, f.Name)
	case f.Handler == "":
		return nil, f.errorf("it has no Handler")
	}
	program, err := f.interpreter()
	if err != nil {
		return nil, err
	}
	return append(program, filepath.Join(shims, shim(f.Runtime))), nil
}

// given is the caller's command, whose program may be relative to the folder of the code.
func (f Function) given() ([]string, error) {
	program := f.Command[0]
	if strings.ContainsRune(program, filepath.Separator) && !filepath.IsAbs(program) {
		program = filepath.Join(f.Dir, program)
	}
	path, err := exec.LookPath(program)
	if err != nil {
		return nil, f.errorf("its command can't be started: %w", err)
	}
	return append([]string{path}, f.Command[1:]...), nil
}

// interpreter is Node, or a Python: that of the virtual environment that is active, which has the packages, else the one
// of that version if there is one, else any Python 3.
func (f Function) interpreter() ([]string, error) {
	if !strings.HasPrefix(f.Runtime, "python") {
		if path, err := exec.LookPath("node"); err == nil {
			return []string{path}, nil
		}
		return nil, f.errorf("runtime %s is not installed (no node in PATH): install Node", f.Runtime)
	}
	names := []string{f.Runtime, "python3", "python"}
	if environment := os.Getenv("VIRTUAL_ENV"); environment != "" {
		names = append([]string{filepath.Join(environment, "bin", "python3"), filepath.Join(environment, "Scripts", "python.exe")}, names...)
	}
	for _, name := range names {
		// Version managers have names in PATH that lead to nothing.
		if path, err := exec.LookPath(name); err == nil && exec.Command(path, "--version").Run() == nil {
			return []string{path}, nil
		}
	}
	return nil, f.errorf("runtime %s is not installed (no %s or python3 in PATH): install Python 3", f.Runtime, f.Runtime)
}

// binary is the program of a provided runtime: bootstrap or, as go1.x has it, the file that Handler names.
func (f Function) binary() ([]string, error) {
	names := []string{"bootstrap", f.Handler}
	if f.Runtime == "go1.x" {
		names = []string{f.Handler}
	}
	for _, name := range names {
		file := filepath.Join(f.Dir, name)
		if info, err := os.Stat(file); name != "" && err == nil && info.Mode().IsRegular() {
			return []string{file}, f.executable(file, info)
		}
	}
	return nil, f.errorf("there is no file %s in %s: build it, for instance with CGO_ENABLED=0 GOOS=%s GOARCH=%s go build -o bootstrap",
		names[0], f.Dir, runtime.GOOS, runtime.GOARCH)
}

// executable finds what would make the system refuse a program with less of an explanation.
func (f Function) executable(file string, info fs.FileInfo) error {
	if runtime.GOOS != "windows" && info.Mode()&0o111 == 0 {
		return f.errorf("%s is not executable: chmod +x %[1]s", file)
	}
	builtFor, err := platform(file)
	here := runtime.GOOS + "/" + runtime.GOARCH
	switch {
	case err != nil:
		return f.errorf("%s can't be read: %w", file, err)
	case builtFor == "" || builtFor == here:
		return nil
	}
	return f.errorf("%s is built for %s and this machine is %s: build it with GOOS=%s GOARCH=%s, or give a command that can run it",
		file, builtFor, here, runtime.GOOS, runtime.GOARCH)
}

// platform tells from the first bytes of a file for which system and processor it was built; empty if they don't say.
// Lambda runs ELF files of two processors (https://docs.aws.amazon.com/lambda/latest/dg/foundation-arch.html).
func platform(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	var head [20]byte
	if n, err := f.Read(head[:]); err != nil || n < len(head) {
		return "", nil
	}
	switch {
	case bytes.HasPrefix(head[:], []byte("MZ")):
		return "windows/" + unlessHere("windows"), nil
	case bytes.HasPrefix(head[:], []byte{0xcf, 0xfa, 0xed, 0xfe}), bytes.HasPrefix(head[:], []byte{0xca, 0xfe, 0xba, 0xbe}):
		return "darwin/" + unlessHere("darwin"), nil
	case !bytes.HasPrefix(head[:], []byte(elf.ELFMAG)):
		return "", nil
	}
	switch machine := elf.Machine(uint16(head[18]) | uint16(head[19])<<8); machine {
	case elf.EM_X86_64:
		return "linux/amd64", nil
	case elf.EM_AARCH64:
		return "linux/arm64", nil
	default:
		return "linux/" + machine.String(), nil
	}
}

// unlessHere is a processor that is not looked at where the system alone decides.
func unlessHere(system string) string {
	if runtime.GOOS == system {
		return runtime.GOARCH
	}
	return "any processor"
}
