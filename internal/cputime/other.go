//go:build !linux

package cputime

import "time"

// Elsewhere wall clocks stand in.
var began = time.Now()

// Of runs work and returns what it took.
func Of(work func()) time.Duration {
	start := time.Now()
	work()
	return time.Since(start)
}

// Process returns how long this process has run.
func Process() time.Duration { return time.Since(began) }

// Children returns how long this process has run.
func Children() time.Duration { return time.Since(began) }
