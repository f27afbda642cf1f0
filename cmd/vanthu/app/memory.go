package app

import (
	"context"
	"math"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"sync"
	"time"
)

// The garbage collector is paced by what the server keeps. Left alone, it would
// run for every 4 MiB that pass through a small server, a sixth of the work of
// taking mail in; and it would let a login's 19 MiB of hashing count as something
// that is kept, and grow to twice that.
const (
	heapFree     = 24 << 20 // bytes that may always be allocated between two collections
	memoryFloor  = 48 << 20 // bytes of all memory below which nothing is hurried
	memoryMargin = 30 << 20
	paceEvery    = time.Second
	paceWindow   = 15 // times paceEvery: what was not alive all the time was passing through
)

// paceMemory paces until ctx ends.
func paceMemory(ctx context.Context) error {
	defer func() {
		debug.SetGCPercent(100)
		debug.SetMemoryLimit(math.MaxInt64)
	}()
	tick := time.NewTicker(paceEvery)
	defer tick.Stop()
	lastPercent, lastLimit := 0, int64(0)
	var window [paceWindow]int64
	for i := 0; ; i++ {
		live, stacks := memoryKept()
		window[i%paceWindow] = live
		percent, limit := memoryGoals(slices.Min(window[:min(i+1, paceWindow)]), stacks)
		if percent != lastPercent || limit != lastLimit { // setting stops the world
			debug.SetGCPercent(percent)
			debug.SetMemoryLimit(limit)
			lastPercent, lastLimit = percent, limit
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// memoryKept returns the bytes that the last collection found alive, and those of
// stacks.
func memoryKept() (live, stacks int64) {
	s := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(s)
	return int64(s[0].Value.Uint64()), int64(s[1].Value.Uint64())
}

// hashGarbage gives the memory of password hashes back to the system after the
// last of a burst, which would otherwise leave the server several times as large
// as it is when at work. To collect after every hash would cost as much as the
// hash. On a server that keeps much, hashes gather until they are a quarter of
// that, so that a guesser cannot make it do nothing but collect.
type hashGarbage struct {
	mu    sync.Mutex
	bytes int64
}

func (g *hashGarbage) add(n int64, last bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.bytes += n
	if live, _ := memoryKept(); last && hashesDue(g.bytes, live) {
		g.bytes = 0
		debug.FreeOSMemory()
	}
}

// hashesDue reports whether garbage of so many bytes is to be collected when live
// bytes are kept.
func hashesDue(garbage, live int64) bool { return garbage >= live/4 }

// memoryGoals returns how far the heap may grow before it is collected, as a
// percentage of what is alive (100 to 400), and the size of all memory, in bytes,
// from which it is collected sooner. The limit always leaves half as much again
// as is kept, so that collecting never becomes the main work.
func memoryGoals(live, stacks int64) (percent int, limit int64) {
	percent = int(min(max(100, 100*heapFree/max(live, 1)), 400))
	return percent, max(memoryFloor, live+live/2+stacks+memoryMargin)
}
