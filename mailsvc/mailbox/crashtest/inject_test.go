//go:build crash

package crashtest

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// TestFailingCalls makes the n-th call of a kind fail, by strace, for rising n:
// the child may stop or go on, but what it has answered must be true.
func TestFailingCalls(t *testing.T) {
	n := cycles(6)
	for _, c := range []struct{ call, failure string }{
		{"fdatasync", "EIO"}, {"fsync", "EIO"}, {"pwrite64", "EIO"}, {"pwrite64", "ENOSPC"},
		{"write", "EIO"}, {"write", "ENOSPC"}, {"renameat", "EIO"}, {"openat", "EMFILE"}, {"ftruncate", "ENOSPC"},
	} {
		t.Run(c.call+" "+c.failure, func(t *testing.T) {
			t.Parallel()
			for i := range n {
				dir, l := t.TempDir(), newLedger()
				l.dying = true
				p := spawn(t, dir, 0) // a store to begin with
				p.awaitReady()
				p.takeUntil(l, time.After(30*time.Millisecond), p.kill)
				inject := fmt.Sprintf("inject=%s:error=%s:when=%d+", c.call, c.failure, 1+i*3)
				cmd := exec.Command("strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace="+c.call, "-e", inject, os.Args[0])
				cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
				p = spawnAs(t, cmd, dir, 1)
				p.takeUntil(l, time.After(700*time.Millisecond), func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
				report(t, check(t, dir, l))
			}
		})
	}
}
