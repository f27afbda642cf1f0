//go:build linux

// Package cputime measures work in processor time, user and system together. Unlike
// time on a wall clock it does not grow with what else the machine does, so that
// tests can bound it.
package cputime

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// Of runs work and returns what it took on this goroutine. What other goroutines do
// meanwhile does not count, also if work started them.
func Of(work func()) time.Duration {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := used(unix.RUSAGE_THREAD)
	work()
	return used(unix.RUSAGE_THREAD) - before
}

// Process returns what this process has used so far, on all its threads.
func Process() time.Duration { return used(unix.RUSAGE_SELF) }

// Children returns what child processes have used that have ended and been waited
// for, with their own children.
func Children() time.Duration { return used(unix.RUSAGE_CHILDREN) }

func used(who int) time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(who, &u); err != nil {
		panic(err) // only for a wrong argument
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
