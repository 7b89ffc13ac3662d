//go:build !unix

package lambdaruntime

// watchdog does nothing where there are no process groups.
type watchdog struct{}

func newWatchdog(string) *watchdog { return &watchdog{} }

func (*watchdog) add(int)    {}
func (*watchdog) remove(int) {}
func (*watchdog) stop()      {}
