package document

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
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
// allows it, in namespaces: no network interface, no process to see but its own.
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

// refusesNamespaces reports whether a worker could not be started because of
// the namespaces, by a setting or a limit of the system.
func refusesNamespaces(err error) bool {
	for _, e := range []error{unix.EPERM, unix.EACCES, unix.EINVAL, unix.ENOSPC, unix.EUSERS, unix.ENOSYS} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// killGroup ends whatever a worker left behind, such as an OCR command.
func killGroup(cmd *exec.Cmd) {
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
}

// enter builds the walls and starts this executable again inside them. It
// returns only if that fails. Most walls stand around one thread, so one thread
// builds them and becomes the whole process by exec: no thread is left outside.
// Landlock and seccomp need no privilege; a kernel that lacks one of them still
// gives the other walls.
func enter(head string, t task) error {
	runtime.LockOSThread()
	if err := limitSelf(t.limit()); err != nil {
		return fmt.Errorf("document: limit worker: %w", err)
	}
	dropCapabilities()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("document: give up privileges: %w", err)
	}
	if err := wallFiles(t); err != nil {
		return fmt.Errorf("document: shut files out: %w", err)
	}
	if err := wallCalls(); err != nil {
		return fmt.Errorf("document: shut system calls out: %w", err)
	}
	return syscall.Exec(ownExecutable, os.Args, []string{taskVariable + "=" + head})
}

// ownExecutable stays right when the file was replaced by a newer one.
const ownExecutable = "/proc/self/exe"

// dropCapabilities leaves root, here or in a user namespace, nothing to gain by
// exec. Whoever is not root is refused and had nothing.
func dropCapabilities() {
	for c := uintptr(0); unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0) == nil; c++ {
	}
}

// hide keeps other processes of the same user from reading this one's memory.
func hide() error { return unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) }

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
	return nil
}
