package crashtest

import (
	"fmt"
	"syscall"
	"testing"
	"time"
)

// failure is one way in which a kind of call may fail.
type failure struct {
	kind  string
	errno syscall.Errno
	on    bool // all further ones fail too
}

func (f failure) String() string {
	if f.on {
		return fmt.Sprintf("%s %s from then on", f.kind, name(f.errno))
	}
	return f.kind + " " + name(f.errno)
}

func name(e syscall.Errno) string {
	return map[syscall.Errno]string{syscall.EIO: "EIO", syscall.ENOSPC: "ENOSPC", syscall.EMFILE: "EMFILE"}[e]
}

func (f failure) env(n int) string {
	s := fmt.Sprintf("%s=%s:%d:%d", envFault, f.kind, n, int(f.errno))
	if f.on {
		s += ":on"
	}
	return s
}

var failures = []failure{
	{"write", syscall.EIO, false}, {"write", syscall.EIO, true},
	{"write", syscall.ENOSPC, false}, {"write", syscall.ENOSPC, true},
	{"flush", syscall.EIO, false}, {"flush", syscall.EIO, true},
	{"rename", syscall.EIO, false}, {"rename", syscall.ENOSPC, true},
	{"open", syscall.EMFILE, false}, {"open", syscall.EMFILE, true},
	{"truncate", syscall.EIO, false}, {"truncate", syscall.ENOSPC, true},
	{"make", syscall.ENOSPC, false}, {"remove", syscall.EIO, true},
}

// TestFailingCalls plays the same script over and over, from an empty directory,
// and lets the first, the second, ... call of a kind fail, until none does. What
// the child has answered must be true, what it has refused must not be there, a
// failed flush must end it, a full disk must not; and afterwards a child that
// nothing happens to can go on.
func TestFailingCalls(t *testing.T) {
	for _, f := range failures {
		t.Run(f.String(), func(t *testing.T) {
			t.Parallel()
			l := newLedger()
			play(t, t.TempDir(), l, 0, f.env(0))
			if l.calls == 0 || l.fatal {
				t.Fatalf("the script came to no end without a failure: %+v", l)
			}
			for _, n := range points(l.calls, cycles(3)) {
				f.check(t, n)
			}
			t.Logf("%d calls", l.calls)
		})
	}
}

// points returns at most n numbers from 1 to total, the first and the last among
// them: all, if n allows it.
func points(total, n int) (at []int) {
	n = min(max(n, 2), total)
	for i := range n {
		at = append(at, 1+i*(total-1)/max(1, n-1))
	}
	return at
}

// play runs a child to its end and returns what it exits with.
func play(t *testing.T, dir string, l *ledger, generation int, env string) int {
	t.Helper()
	p := spawn(t, dir, generation, env)
	p.takeUntil(l, time.After(time.Minute), func() {
		t.Errorf("%s: the child hangs", env)
		p.kill()
	})
	return p.cmd.ProcessState.ExitCode()
}

func (f failure) check(t *testing.T, n int) {
	t.Helper()
	dir, l := t.TempDir(), newLedger()
	l.dying = true
	code := play(t, dir, l, 0, f.env(n))
	stopped := l.fatal && code == 3 && l.late == 0
	switch {
	case code == 0 && l.calls > 0 && l.calls < n: // nothing has failed
	case code != 0 && code != 1 && code != 3:
		t.Errorf("call %d: the child ended with %d", n, code)
	case l.ready && f.kind == "flush" && !stopped:
		t.Errorf("call %d: the child ended with %d after a failed flush, %d answers late", n, code, l.late)
	case l.ready && f.kind == "write" && f.errno == syscall.ENOSPC && l.fatal: // that the index of packs is not written at the end is no harm
		t.Errorf("call %d: the child ended with %d on a full disk", n, code)
	}
	if l.ready {
		f.report(t, n, check(t, dir, l))
	}
	l.dying, l.fatal, l.late = false, false, 0
	if code := play(t, dir, l, 1, f.env(0)); code != 0 {
		t.Errorf("call %d: the next child ended with %d", n, code)
	}
	f.report(t, n, check(t, dir, l))
}

func (f failure) report(t *testing.T, n int, errs []error) {
	t.Helper()
	for _, err := range errs {
		t.Errorf("call %d: %v", n, err)
	}
}

// TestFailingCallsControl: the sweep notices a child that answers before the
// commit, and one that goes on after a failed flush.
func TestFailingCallsControl(t *testing.T) {
	t.Parallel()
	for control, f := range map[string]failure{
		// What was written to the journal outlives a failed flush, as long as there is power.
		controlEarly: {"write", syscall.EIO, false},
		controlDeaf:  {"flush", syscall.EIO, false},
	} {
		whole := newLedger()
		play(t, t.TempDir(), whole, 0, f.env(0))
		caught := false
		for n := whole.worked; n > 0 && !caught; n-- { // the last answer is the first that is wrong
			dir, l := t.TempDir(), newLedger()
			l.dying = true
			p := spawn(t, dir, 0, f.env(n), envControl+"="+control)
			p.takeUntil(l, time.After(time.Minute), p.kill)
			if !l.ready {
				continue
			}
			deaf := f.kind == "flush" && p.cmd.ProcessState.ExitCode() != 3
			caught = deaf || len(check(t, dir, l)) > 0
		}
		if !caught {
			t.Errorf("%s was not noticed", control)
		}
	}
}
