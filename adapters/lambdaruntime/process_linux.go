package lambdaruntime

import "syscall"

// canFreeze is true where freezing is tested.
const canFreeze = true

// dieWithParent kills the process should this program end without it, before the watchdog does the same for the group.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }
