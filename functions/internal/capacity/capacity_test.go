package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

var documented = regexp.MustCompile(`(?m)^    (go run \./functions/internal/capacity.*)$`)

// TestPages runs the command that each page shows, and holds the page's tables to what it prints. Words have to be the
// same, and figures within 3 %, because which worker is the first to have a message is not always the same one.
func TestPages(t *testing.T) {
	for _, page := range []string{"capacity.md", "why.md"} {
		t.Run(page, func(t *testing.T) {
			text, err := os.ReadFile("../../../docs/" + page)
			if err != nil {
				t.Fatal(err)
			}
			shown := documented.FindAllSubmatch(text, -1)
			if len(shown) != 1 {
				t.Fatalf("the page shows %d commands, want 1", len(shown))
			}
			args := strings.Fields(string(shown[0][1]))
			command := exec.CommandContext(t.Context(), args[0], args[1:]...)
			command.Dir, command.Stderr = "../../..", os.Stderr
			printed, err := command.Output()
			if err != nil {
				t.Fatal(err)
			}
			for _, table := range strings.Split(strings.TrimSpace(string(printed)), "\n\n") {
				compare(t, strings.Split(string(text), "\n"), strings.Split(table, "\n"))
			}
		})
	}
}

// compare holds the table of a page that begins with the same line to the printed one.
func compare(t *testing.T, page, printed []string) {
	t.Helper()
	first := slices.Index(page, printed[0])
	if first < 0 || len(page) < first+len(printed)+1 {
		t.Errorf("no table has all lines of\n%s", strings.Join(printed, "\n"))
		return
	}
	for i, line := range printed {
		if !alike(page[first+i], line) {
			t.Errorf("the page says\n%s\nand the command prints\n%s", page[first+i], line)
		}
	}
	if after := page[first+len(printed)]; strings.HasPrefix(after, "|") {
		t.Errorf("the command does not print %s", after)
	}
}

var figure = regexp.MustCompile(`\d[\d,]*(\.\d+)?`)

// alike tells whether two lines have the same words, and figures of the same size.
func alike(a, b string) bool {
	if figure.ReplaceAllString(a, "#") != figure.ReplaceAllString(b, "#") {
		return false
	}
	others := figure.FindAllString(b, -1)
	for i, one := range figure.FindAllString(a, -1) {
		x, y := value(one), value(others[i])
		if math.Abs(x-y) > 0.03*math.Max(x, y)+0.01 {
			return false
		}
	}
	return true
}

func value(figure string) float64 {
	n, _ := strconv.ParseFloat(strings.ReplaceAll(figure, ",", ""), 64)
	return n
}

func TestAlike(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"| 1,000 | nothing |", "| 1,020 | nothing |", true},
		{"| 1,000 | nothing |", "| 1,050 | nothing |", false},
		{"| 1,000 | nothing |", "| 1,000 | requests |", false},
		{"| 67.4 s |", "| 67.1 s |", true},
		{"| 67.4 s |", "| 67.4 min |", false},
		{"| 8 | 9 |", "| 8 |", false},
	} {
		if got := alike(test.a, test.b); got != test.want {
			t.Errorf("alike(%q, %q) = %v", test.a, test.b, got)
		}
	}
}

// TestDeedsCostWhatWasMeasured holds the simulation's units to those that DynamoDB Local counted in
// TestWhatAConnectionCosts and TestWhatChatCosts, where messages are limited.
func TestDeedsCostWhatWasMeasured(t *testing.T) {
	got := simulateRoom(t, defaults(t), crowd{members: 10, lines: 0.1})
	const connect, join, leave = 2, 4 + 1, 3 // A join is counted, and a disconnect deletes three rows.
	if got.life[writes] != connect+join+leave {
		t.Errorf("a connection's life takes %g writes", got.life[writes])
	}
	if got.line[writes] != 8 || got.line[posts] != 9 || got.line[calls] != 1 || got.line[queue] != 0 {
		t.Errorf("a line in a room of ten: %v", got.line)
	}
	if got.ping[reads] != 2 || got.ping[writes] != 0 {
		t.Errorf("a ping: %v", got.ping)
	}
}

// TestRoomWhereHardlyAnybodySpeaks costs as much a line as one with some talk: nobody's connection ends meanwhile.
func TestRoomWhereHardlyAnybodySpeaks(t *testing.T) {
	rare := simulateRoom(t, defaults(t), crowd{members: 10, lines: 1e-5})
	some := simulateRoom(t, defaults(t), crowd{members: 10, lines: 0.1})
	if rare.line[posts] != some.line[posts] || rare.line[writes] != some.line[writes] {
		t.Errorf("a line is %g posts and %g writes, where more is said %g and %g", rare.line[posts], rare.line[writes], some.line[posts], some.line[writes])
	}
}

// TestSampleStandsForAll compares a quarter of a ring with all of it.
func TestSampleStandsForAll(t *testing.T) {
	const members = 40_000
	whole := simulateBroadcast(t, defaults(t), members, members)
	sample := simulateBroadcast(t, defaults(t), members, members/4)
	if whole.usage[posts] != members {
		t.Errorf("%g posts to %d", whole.usage[posts], members)
	}
	near := func(what string, a, b, tolerance float64) {
		if math.Abs(a-b) > tolerance*a {
			t.Errorf("%s: %g of all, and %g by a sample", what, a, b)
		}
	}
	near("posts", whole.usage[posts], sample.usage[posts], 0.03)
	near("calls", whole.usage[calls], sample.usage[calls], 0.05)
	near("reads", whole.usage[reads], sample.usage[reads], 0.05)
	near("time", whole.lasts.Seconds(), sample.lasts.Seconds(), 0.05)
	near("queue", whole.deepest, sample.deepest, 0.1)
}

// TestRoomThatFallsBehind: its frames carry a hundred lines each, as often as there are posts for them.
func TestRoomThatFallsBehind(t *testing.T) {
	o := defaults(t)
	o.rate = 480 // 180 posts a second of three workers, so 30 lines a second.
	for lines, want := range map[float64]bool{5: false, 40: true} {
		if got := simulateRoom(t, o, crowd{members: 600, lines: lines}); got.behind() != want {
			t.Errorf("%g lines a second: behind %v: said %g, carried %g", lines, got.behind(), got.said, got.carried)
		}
	}
}

// TestBroadcastsThatNeverEnd are those for which an hour has too little time, or each of which outlives its hour.
func TestBroadcastsThatNeverEnd(t *testing.T) {
	for _, test := range []struct {
		lasts   time.Duration
		anHour  float64
		holding bool
	}{{time.Minute, 50, true}, {time.Minute, 70, false}, {70 * time.Minute, 0.1, false}} {
		f := forecast{workload: workload{broadcasts: test.anHour, rooms: 1}, told: broadcast{lasts: test.lasts}}
		if got := broken(f); (got == "nothing") != test.holding {
			t.Errorf("%g broadcasts of %v an hour: %s", test.anHour, test.lasts, got)
		}
	}
}

// TestDefaultsAreTheTemplates: whoever deploys without a parameter has what the pages say.
func TestDefaultsAreTheTemplates(t *testing.T) {
	text, err := os.ReadFile("../../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	o := defaults(t)
	for name, want := range map[string]int{"CallbackRate": o.rate, "MaximumConcurrency": o.workers} {
		if !regexp.MustCompile(fmt.Sprintf(`(?m)^  %s:\n    Type: Number\n    Default: %d$`, name, want)).Match(text) {
			t.Errorf("%s is not %d in the template", name, want)
		}
	}
}

func TestOptionsThatAreRefused(t *testing.T) {
	for _, args := range []string{
		"-connections 5", "-connections many", "-rooms 10000", "-rooms 1x5", "-members 1", "-lines 0", "-workers 1", "-ping 0s", "-rate 0", "-nonsense",
	} {
		if _, err := parse(strings.Fields(args), io.Discard); err == nil {
			t.Errorf("%s is taken", args)
		}
	}
}

func defaults(t *testing.T) options {
	t.Helper()
	o, err := parse(nil, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return o
}
