package main

import (
	"encoding/json"
	"io"
	"strings"
	"testing"
)

// TestReplacedTexts: what the program under test is built with replaces text that is there, once, in every plant too.
func TestReplacedTexts(t *testing.T) {
	w, err := newWorkshop(t.Context(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	w.folder = t.TempDir()
	for _, p := range append([]plant{{name: "as it is"}}, plants...) {
		if _, err := w.overlay(t.TempDir(), append(misfortunes[:len(misfortunes):len(misfortunes)], p.edits...)); err != nil {
			t.Errorf("%s: %v", p.name, err)
		}
		if p.act != "" && !strings.Contains(describe(acts()), "  "+p.act+" ") {
			t.Errorf("%s: there is no act %s", p.name, p.act)
		}
	}
	if err := w.edit(t.TempDir(), edit{"domain/reap.go", "what no file has", ""}, map[string]string{}); err == nil {
		t.Error("text that is not there is replaced")
	}
}

// TestShortRun: an act passes over memory, and the command says so with its seed.
func TestShortRun(t *testing.T) {
	var out strings.Builder
	err := command(t.Context(), []string{"-seed", "7", "-store", "memory", "-acts", "quiet,hangups"}, &out, io.Discard)
	if err != nil || !strings.Contains(out.String(), "seed 7: everything that was promised was kept") {
		t.Errorf("%v\n%s", err, &out)
	}
}

// TestPlantedBug: a run finds a planted bug, and prints its seed and what happened before.
func TestPlantedBug(t *testing.T) {
	err := command(t.Context(), []string{"-seed", "7", "-plant", "reap"}, io.Discard, io.Discard)
	if err == nil {
		t.Fatal("who connects is reaped, and nothing is found")
	}
	for _, want := range []string{"seed 7", "has an open connection that the registry lost", "act connecting begins"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("without %q: %v", want, err)
		}
	}
}

// TestArguments: what cannot be meant is refused with a sentence.
func TestArguments(t *testing.T) {
	for _, args := range []string{"-store mysql", "-acts party", "-plant tulip", "surplus"} {
		if _, err := parse(strings.Fields(args), io.Discard); err == nil {
			t.Errorf("%s is taken", args)
		}
	}
	var help strings.Builder
	if _, err := parse([]string{"-help"}, &help); err == nil || !strings.Contains(help.String(), "hangups") {
		t.Errorf("-help returns %v and prints %s", err, &help)
	}
}

// TestChance: a seed makes the same choices again, another seed and another part make others.
func TestChance(t *testing.T) {
	draw := func(seed uint64, part string, number int) uint64 {
		return (&run{options: options{seed: seed}}).chance(part, number).Uint64()
	}
	first := draw(1, "client", 1)
	if draw(1, "client", 1) != first {
		t.Error("the same seed chooses something else")
	}
	for _, other := range []uint64{draw(2, "client", 1), draw(1, "crowd", 1), draw(1, "client", 2)} {
		if other == first {
			t.Error("different parts choose the same")
		}
	}
}

// TestDifference: logs that differ in a text, or in one number more, are told apart.
func TestDifference(t *testing.T) {
	log := map[int64]string{1: "a", 2: "b"}
	for _, other := range []map[int64]string{{1: "a"}, {1: "a", 2: "c"}, {1: "a", 2: "b", 4: "d"}, {2: "b", 3: "a"}} {
		if difference(log, other) == "" || difference(other, log) == "" {
			t.Errorf("%v and %v are taken for the same", log, other)
		}
	}
	if d := difference(log, map[int64]string{2: "b", 1: "a"}); d != "" {
		t.Errorf("the same log differs: %s", d)
	}
	if twice(log) != "" || twice(map[int64]string{1: "a", 5: "a"}) == "" {
		t.Error("a text that is there twice is not told from one that is there once")
	}
}

// TestWitness: who joined and was not told to have left is there, by connection; what came twice is there once.
func TestWitness(t *testing.T) {
	w := &witness{member: &member{run: new(run)}, lines: map[int64]string{}, here: map[string]string{}, pushed: map[string]bool{}}
	for _, text := range []string{
		`{"type":"joined","user":"ada","connection":"A"}`, `{"type":"joined","user":"ada","connection":"B"}`,
		`{"type":"left","user":"ada","connection":"A"}`, `{"type":"left","user":"ada","connection":"A"}`,
		`{"type":"messages","messages":[{"seq":1,"messageId":"m"},{"seq":3,"messageId":"n"}]}`,
		`{"type":"broadcast","messageId":"x","from":{"user":"bob"}}`,
	} {
		var r reply
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			t.Fatal(err)
		}
		w.hear(r)
	}
	if others := w.others(); len(others) != 1 || others[0] != "ada B" {
		t.Errorf("there are %v", others)
	}
	if missing := w.missing(1, 3); len(missing) != 1 || missing[0] != 2 {
		t.Errorf("missing are %v", missing)
	}
	if lacks, heard := w.lacks([]string{"x", "y"}); len(lacks) != 1 || lacks[0] != "y" || heard != 6 {
		t.Errorf("it lacks %v of %d", lacks, heard)
	}
}
