package main

import (
	"context"
	"fmt"
)

const (
	// moreDescriptors, moreGoroutines and moreMegabytes are how many more the program may have at the end of an act than
	// at its beginning, when nobody was there. The logs of rooms stay in memory, and Go keeps memory for a while.
	moreDescriptors = 8
	moreGoroutines  = 24
	moreMegabytes   = 160
)

// checkFootprint ends the program, and wants it to have no more of the machine than at the beginning.
func (r *run) checkFootprint(ctx context.Context) error {
	if r.table != nil {
		r.table.behave()
		r.table.proxy.Config.SetKeepAlivesEnabled(false) // What is open to the table belongs to nobody.
		defer r.table.proxy.Config.SetKeepAlivesEnabled(true)
	}
	r.eventually(ctx, "", func() string {
		now, err := r.program.footprint()
		if err != nil {
			return err.Error()
		}
		if now.descriptors > r.begun.descriptors+moreDescriptors {
			return fmt.Sprintf("the program has %d descriptors, at the beginning of the act there were %d", now.descriptors, r.begun.descriptors)
		}
		if now.megabytes > r.begun.megabytes+moreMegabytes {
			return fmt.Sprintf("the program has %d MB, at the beginning of the act %d", now.megabytes, r.begun.megabytes)
		}
		return ""
	})
	now, err := r.program.footprint()
	if err != nil {
		return err
	}
	goroutines, creators := r.program.dump()
	if goroutines > workersAndServer+moreGoroutines || goroutines == 0 {
		r.violated("", "the program ends with %d goroutines, created by %v", goroutines, creators)
	}
	r.say("at the end %d goroutines, %d descriptors (%d), %d MB (%d)", goroutines, now.descriptors, r.begun.descriptors, now.megabytes, r.begun.megabytes)
	return nil
}

// workersAndServer is about how many goroutines a program has that serves nobody: two queues with four workers, the
// servers, the runtime's own.
const workersAndServer = 24
