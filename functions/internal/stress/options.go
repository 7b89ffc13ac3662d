package main

import (
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// options are what the command line sets.
type options struct {
	seed    uint64
	stores  []string
	acts    []act
	plant   plant
	planted bool
	long    bool
	life    time.Duration // After which a run that hangs is ended.
}

const usage = `Runs the program under load and misfortune, and checks what it promises. It prints the seed, with which
the same misfortunes can be had again; which goroutine runs when is not the seed's to decide.

  stress [flags]

A run has these acts, each with the program started anew, on DynamoDB Local with the same table:

%s
Flags:
`

// parse reads the command line. It has told stderr what is wrong, or what flags there are, when it returns an error.
func parse(args []string, stderr io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("stress", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprintf(stderr, usage, describe(acts()))
		flags.PrintDefaults()
	}
	flags.Uint64Var(&o.seed, "seed", 0, "`number` that decides what happens; 0 picks one")
	store := flags.String("store", "both", "`name` of what keeps everything: memory, dynamodb or both at the same time")
	chosen := flags.String("acts", "", "`list` of acts, separated by commas; all of them if it is empty")
	planted := flags.String("plant", "", "`name` of a bug to build into the program: "+strings.Join(plantNames(), ", "))
	flags.BoolVar(&o.planted, "planted", false, "plant each of these bugs in turn, and fail if one is not found")
	flags.BoolVar(&o.long, "long", false, "10,000 lines on DynamoDB Local too, 50 kicks a client and 100,000 connects")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.seed == 0 {
		o.seed = rand.Uint64N(1e9) + 1
	}
	o.life = 30 * time.Minute
	if o.long {
		o.life = 3 * time.Hour
	}
	return o, o.choose(*store, *chosen, *planted, flags.Args())
}

// choose reads what flags name.
func (o *options) choose(store, chosen, planted string, surplus []string) error {
	if len(surplus) > 0 {
		return fmt.Errorf("unexpected argument %q; see -help", surplus[0])
	}
	o.stores = []string{"memory", "dynamodb"}
	if store != "both" {
		if !slices.Contains(o.stores, store) {
			return fmt.Errorf("there is no store %q: it is memory, dynamodb or both", store)
		}
		o.stores = []string{store}
	}
	if err := o.chooseActs(chosen); err != nil {
		return err
	}
	if planted == "" {
		return nil
	}
	at := slices.IndexFunc(plants, func(p plant) bool { return p.name == planted })
	if at < 0 {
		return fmt.Errorf("there is no bug %q; bugs are %s", planted, strings.Join(plantNames(), ", "))
	}
	o.plant = plants[at]
	if chosen == "" {
		o.focus()
	}
	return nil
}

// chooseActs chooses those that are named, in their usual order: what a later one leaves would disturb an earlier one.
func (o *options) chooseActs(chosen string) error {
	if o.acts = acts(); chosen == "" {
		return nil
	}
	names := strings.Split(chosen, ",")
	for _, name := range names {
		if !slices.ContainsFunc(o.acts, func(a act) bool { return a.name == name }) {
			return fmt.Errorf("there is no act %q; acts are\n%s", name, describe(acts()))
		}
	}
	o.acts = slices.DeleteFunc(o.acts, func(a act) bool { return !slices.Contains(names, a.name) })
	return nil
}

// focus chooses what finds the planted bug.
func (o *options) focus() {
	o.stores = []string{o.plant.store}
	o.acts = slices.DeleteFunc(acts(), func(a act) bool { return a.name != o.plant.act })
}
