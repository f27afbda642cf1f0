package document

import (
	"os"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Limits of a worker. Address space is not the bound: the WebAssembly runtime
// reserves much more than it uses. Data is.
const (
	limitData  = 512 << 20
	limitSpace = 8 << 30
	limitFile  = 64 << 20
	limitOpen  = 64
)

// cage puts the worker in a process group of its own and, where the system
// allows it, in a network namespace without interfaces.
func cage(cmd *exec.Cmd, namespaces bool) {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if namespaces {
		attr.Cloneflags = unix.CLONE_NEWUSER | unix.CLONE_NEWNET | unix.CLONE_NEWIPC
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Geteuid(), HostID: os.Geteuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getegid(), HostID: os.Getegid(), Size: 1}}
	}
	cmd.SysProcAttr = attr
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}

// killGroup ends whatever a worker left behind, such as an OCR command.
func killGroup(cmd *exec.Cmd) {
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
}

// limitSelf lowers the calling process's own limits for good.
func limitSelf(cpu time.Duration) error {
	seconds := uint64(cpu/time.Second) + 1
	for _, l := range []struct {
		what  int
		limit uint64
	}{
		{unix.RLIMIT_CPU, seconds}, {unix.RLIMIT_DATA, limitData}, {unix.RLIMIT_AS, limitSpace},
		{unix.RLIMIT_CORE, 0}, {unix.RLIMIT_NOFILE, limitOpen}, {unix.RLIMIT_FSIZE, limitFile},
	} {
		if !memoryLimits && (l.what == unix.RLIMIT_DATA || l.what == unix.RLIMIT_AS) {
			continue
		}
		var have unix.Rlimit
		if err := unix.Getrlimit(l.what, &have); err != nil {
			return err
		}
		n := min(l.limit, have.Max)
		if err := unix.Setrlimit(l.what, &unix.Rlimit{Cur: n, Max: n}); err != nil {
			return err
		}
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	return unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
}
