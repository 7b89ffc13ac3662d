package main

import (
	"context"
	"strings"
)

// contestant is a server that is measured beside others.
type contestant struct {
	name    string   // In tables.
	folder  string   // Of the package, from the repository's root.
	flags   []string // It is started with these.
	silent  bool     // What it logs is thrown away.
	variant variant  // Empty for the package as it is.

	// Of what is not built here: how it is started, in words and in deed.
	typed string
	start func(*bench, context.Context) (*server, error)
}

// local is the program as people start it, on a free port and without a line for each message.
func local(flags ...string) contestant {
	return contestant{
		name: "wsEcho", folder: "functions/local", flags: append([]string{"-addr", "127.0.0.1:0", "-q"}, flags...),
	}
}

// logging is the program as people start it first: it writes a line for each message, here into the void.
func logging() contestant {
	return contestant{
		name: "wsEcho, logging every message", folder: "functions/local", flags: []string{"-addr", "127.0.0.1:0"}, silent: true,
	}
}

func gobwas(flags ...string) contestant {
	return contestant{name: "bare gobwas", folder: bare + "/gobwas", flags: flags}
}

func gws() contestant { return contestant{name: "bare gws", folder: bare + "/gws"} }

// command is what one types to start it.
func (c contestant) command() string {
	if c.typed != "" {
		return c.typed
	}
	folder, inside := strings.CutPrefix(c.folder, bare+"/")
	how := "go run ./" + folder
	if inside {
		how = "go run -C " + bare + " ./" + folder
	}
	command := strings.Join(append([]string{how}, c.flags...), " ")
	if c.variant.name != "" {
		command += " # with its text replaced: " + c.variant.name + ", functions/internal/bench/overlay.go"
	}
	return command
}

// commands are those of all contestants.
func commands(all []contestant) (lines []string) {
	for _, c := range all {
		lines = append(lines, c.command())
	}
	return lines
}

// alternate measures every contestant in turn, in so many rounds: what disturbs the machine for a while disturbs all of
// them. figures[i][j] is contestant i in round j.
func alternate[C, F any](rounds int, all []C, measure func(C) (F, error)) (figures [][]F, err error) {
	figures = make([][]F, len(all))
	for range rounds {
		for i, c := range all {
			f, err := measure(c)
			if err != nil {
				return nil, err
			}
			figures[i] = append(figures[i], f)
		}
	}
	return figures, nil
}
