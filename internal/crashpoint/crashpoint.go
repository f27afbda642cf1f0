// Package crashpoint lets a test stop the process at a named place, as a power
// cut or a kill -9 would.
//
// Code calls [Here] at the places where a crash is most likely to hurt: between
// two steps that must both happen or whose order matters. A point is a no-op
// unless it is armed, either for the whole process by the environment variable
// VANTHU_CRASHPOINT ("name:n" exits with code 137 at the n-th hit, "name" at the
// first) or inside a test by [Arm]. At most one point is armed at a time.
//
// An unarmed point costs one atomic load.
package crashpoint

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
)

// Variable is the environment variable that arms a point.
const Variable = "VANTHU_CRASHPOINT"

// ExitCode is what a crashing process exits with: as if killed by signal 9.
const ExitCode = 137

type point struct {
	name string
	left atomic.Int64
	act  func()
}

// armed is process-wide on purpose: a crash is.
var armed = func() *atomic.Pointer[point] {
	p := new(atomic.Pointer[point])
	if name, n, ok := parse(os.Getenv(Variable)); ok {
		p.Store(newPoint(name, n, func() { os.Exit(ExitCode) }))
	}
	return p
}()

// Here crashes the process if the point of this name is armed and due.
func Here(name string) {
	p := armed.Load()
	if p == nil || p.name != name {
		return
	}
	if p.left.Add(-1) == 0 {
		p.act()
	}
}

// Arm makes the n-th hit (from 1) of the named point call act instead of
// exiting. It replaces whatever was armed; disarm restores that. It is for
// tests, which must not run in parallel with others that arm a point.
func Arm(name string, n int64, act func()) (disarm func()) {
	old := armed.Swap(newPoint(name, n, act))
	return func() { armed.Store(old) }
}

func newPoint(name string, n int64, act func()) *point {
	p := &point{name: name, act: act}
	p.left.Store(n)
	return p
}

// parse reads "name:n" or "name".
func parse(s string) (name string, n int64, ok bool) {
	name, count, found := strings.Cut(s, ":")
	if name == "" {
		return "", 0, false
	}
	if !found {
		return name, 1, true
	}
	n, err := strconv.ParseInt(count, 10, 64)
	if err != nil || n < 1 {
		return "", 0, false
	}
	return name, n, true
}
