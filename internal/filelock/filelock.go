// Package filelock lets one process at a time have a file.
package filelock

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// ErrHeld means that another open file has the lock.
var ErrHeld = errors.New("file is locked by another")

const pause = 10 * time.Millisecond

// Take locks an open file for this process alone, or returns ErrHeld. Whoever has
// the lock gets up to patience, 0 for none, to let go of it: a process may be about
// to end. The lock goes with the open file: when the last descriptor of it is
// closed, so also when the process ends in whatever way. It keeps nobody from
// reading or writing who does not ask for it, and it does not tell two calls on
// the same open file apart.
func Take(f *os.File, patience time.Duration) error {
	for deadline := time.Now().Add(patience); ; time.Sleep(pause) {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, unix.EINTR):
		case !errors.Is(err, unix.EWOULDBLOCK):
			return &os.PathError{Op: "lock", Path: f.Name(), Err: err}
		case !time.Now().Before(deadline):
			return fmt.Errorf("lock %s: %w", f.Name(), ErrHeld)
		}
	}
}
