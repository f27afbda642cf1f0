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
// taking mail in.
const (
	heapFree     = 24 << 20 // bytes that may always be allocated between two collections
	memoryFloor  = 48 << 20 // bytes of all memory below which nothing is hurried
	memoryMargin = 30 << 20
	paceEvery    = time.Second
	paceWindow   = 15 // times paceEvery: what was not alive all the time was passing through
)

// A password hash takes 19 MiB and leaves them as garbage. Under the goals above
// two at once are more than the limit: the memory of each hash goes back to the
// system and comes again page by page, which costs as much as the hash. So while
// people log in there is no limit, and the heap grows by a quarter of what is alive,
// the hashes being made included. Then a hash finds the memory of one before it.
// BenchmarkHashBurst has the figures.
const (
	hashPercent = 25
	// hashQuiet is how long after the last hash the memory of all is given back.
	// A mail program that logs in again and again comes back sooner.
	hashQuiet = 7 * time.Millisecond
)

// memoryPacer sets the goals of the garbage collector.
type memoryPacer struct {
	set      func(percent int, limit int64) // stops the world
	giveBack func()                         // collects, and returns to the system what is free

	mu      sync.Mutex
	percent int // goals for when no hashes are made
	limit   int64
	window  [paceWindow]int64
	seen    int   // how often something was put into window
	hashing int64 // bytes of the hashes being made or waited for
	garbage int64 // bytes that hashes have left since giveBack
	burst   bool  // hashes are made, or were a moment ago
	quiet   *time.Timer
}

func newMemoryPacer() *memoryPacer {
	set := func(percent int, limit int64) {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	}
	return &memoryPacer{set: set, giveBack: debug.FreeOSMemory, percent: 100, limit: math.MaxInt64}
}

// run paces until ctx ends.
func (p *memoryPacer) run(ctx context.Context) error {
	defer p.aim(100, math.MaxInt64)
	tick := time.NewTicker(paceEvery)
	defer tick.Stop()
	for {
		p.look(memoryKept())
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// look takes in what is kept. What is alive during a burst says nothing: it may be
// hashes.
func (p *memoryPacer) look(live, stacks int64) {
	p.mu.Lock()
	if p.burst {
		p.mu.Unlock()
		return
	}
	p.window[p.seen%paceWindow] = live
	p.seen++
	kept := slices.Min(p.window[:min(p.seen, paceWindow)])
	p.mu.Unlock()
	p.aim(memoryGoals(kept, stacks))
}

// aim sets the goals for when no hashes are made.
func (p *memoryPacer) aim(percent int, limit int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if percent == p.percent && limit == p.limit {
		return
	}
	p.percent, p.limit = percent, limit
	if !p.burst {
		p.set(percent, limit)
	}
}

// hashMemory is told of hashes as [identity.Options] says.
func (p *memoryPacer) hashMemory(bytes int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hashing += bytes
	p.garbage += max(-bytes, 0)
	if p.quiet != nil {
		p.quiet.Stop()
	}
	if p.hashing == 0 {
		p.quiet = time.AfterFunc(hashQuiet, p.endBurst)
	} else if !p.burst {
		p.burst = true
		p.set(hashPercent, math.MaxInt64)
	}
}

// endBurst gives the memory of the hashes back, which would otherwise leave the
// server several times as large as it is when at work.
func (p *memoryPacer) endBurst() {
	p.mu.Lock()
	if p.hashing > 0 || !p.burst {
		p.mu.Unlock()
		return
	}
	p.burst = false
	p.set(p.percent, p.limit)
	live, _ := memoryKept()
	due := hashesDue(p.garbage, live)
	if due {
		p.garbage = 0
	}
	p.mu.Unlock()
	if due {
		p.giveBack()
	}
}

// hashesDue reports whether garbage of so many bytes is to be collected when live
// bytes are kept. On a server that keeps much, hashes gather until they are a
// quarter of that, so that a guesser cannot make it do nothing but collect.
func hashesDue(garbage, live int64) bool { return garbage >= live/4 }

// memoryKept returns the bytes that the last collection found alive, and those of
// stacks.
func memoryKept() (live, stacks int64) {
	s := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(s)
	return int64(s[0].Value.Uint64()), int64(s[1].Value.Uint64())
}

// memoryGoals returns how far the heap may grow before it is collected, as a
// percentage of what is alive (100 to 400), and the size of all memory, in bytes,
// from which it is collected sooner. The limit always leaves half as much again
// as is kept, so that collecting never becomes the main work.
func memoryGoals(live, stacks int64) (percent int, limit int64) {
	percent = int(min(max(100, 100*heapFree/max(live, 1)), 400))
	return percent, max(memoryFloor, live+live/2+stacks+memoryMargin)
}
