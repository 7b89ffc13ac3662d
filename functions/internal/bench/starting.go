package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"wsecho/functions/internal/coldstart"
)

// starting compares how long programs take to start: servers until they listen, Lambdas until their first answer.
func (b *bench) starting(ctx context.Context) (section, error) {
	t := table{head: []string{"what starts", "until", "ms", "wsEcho ÷ this"}}
	servers := []contestant{local(), gobwas()}
	if _, err := b.compareStarts(&t, "it listens", servers, func(c contestant) (time.Duration, error) { return b.listens(ctx, c) }); err != nil {
		return section{}, err
	}
	lambdas := []contestant{
		{name: "wsEcho's connect, a Lambda", folder: "functions/connect"}, {name: "the smallest Lambda", folder: bare + "/lambda"},
	}
	if _, err := b.compareStarts(&t, "its first answer", lambdas, func(c contestant) (time.Duration, error) { return b.answers(ctx, c) }); err != nil {
		return section{}, err
	}
	return section{
		title: "Start",
		about: "From the start of the process, the median of a round's starts, the binary being in the system's cache. The Lambdas are built as they are deployed and get one event " +
			"by the Lambda runtime's protocol, from a server on this machine; what Lambda itself needs before that is not in it. " +
			"connect stores the connection in a table that answers at once.",
		commands: append(commands(servers),
			"CGO_ENABLED=0 go build "+strings.Join(coldstart.BuildFlags(), " ")+" ./functions/connect",
			b.made("-starts %d -rounds %d start", b.starts, b.rounds)),
		table: t,
	}, nil
}

func (b *bench) compareStarts(t *table, until string, all []contestant, once func(contestant) (time.Duration, error)) ([]bar, error) {
	figures, err := alternate(b.rounds, all, func(c contestant) (float64, error) {
		took := make([]float64, b.starts)
		for i := range took {
			d, err := once(c)
			if err != nil {
				return 0, err
			}
			took[i] = milliseconds(d)
		}
		median := spreadOf(took).median
		b.say("start, %s: %.1f ms", c.name, median)
		return median, nil
	})
	if err != nil {
		return nil, err
	}
	itself := func(f float64) float64 { return f }
	for i, c := range all {
		t.row(c.name, until, middle(figures[i], itself).format("%.1f"), ratio(figures[0], figures[i], itself).unless(i == 0))
	}
	return bars(all, figures, itself), nil
}

// listens tells how long a server takes until it listens.
func (b *bench) listens(ctx context.Context, c contestant) (time.Duration, error) {
	if c.start == nil {
		if _, err := b.build(ctx, c.folder); err != nil {
			return 0, err
		}
	}
	began := time.Now()
	s, err := b.serve(ctx, c)
	if err != nil {
		return 0, err
	}
	took := time.Since(began)
	s.stop()
	return took, nil
}

// answers tells how long a Lambda takes until its first answer.
func (b *bench) answers(ctx context.Context, c contestant) (time.Duration, error) {
	binary, err := b.build(ctx, c.folder, coldstart.BuildFlags()...)
	if err != nil {
		return 0, err
	}
	table := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") })
	got, err := coldstart.Run(ctx, binary, coldstart.Connect, table, "TABLE_NAME=connections", "CONNECTIONS_PER_USER=0")
	if err == nil && !strings.HasPrefix(got.Answer, `{"statusCode":200`) {
		err = fmt.Errorf("%s answered %s", c.folder, got.Answer)
	}
	return got.Took, err
}
