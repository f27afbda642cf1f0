package app

import (
	"runtime"
	"testing"
	"weak"
)

// TestHashMemoryIsGivenBack: what hashes have left is gone after the last of them,
// unless it is little beside what the server keeps.
func TestHashMemoryIsGivenBack(t *testing.T) {
	t.Parallel()
	block := make([]byte, 19<<20)
	left := weak.Make(&block[0])
	runtime.KeepAlive(block)
	block = nil
	g := new(hashGarbage)
	g.add(1<<50, false)
	if g.bytes != 1<<50 {
		t.Error("the memory is given back in the middle of a burst")
	}
	g.add(0, true)
	if left.Value() != nil || g.bytes != 0 {
		t.Error("the memory of a hash is still held")
	}
	const hash, mib = 19 << 20, 1 << 20
	if !hashesDue(hash, 16*mib) || !hashesDue(hash, 76*mib) || hashesDue(hash, 200*mib) || !hashesDue(3*hash, 200*mib) {
		t.Error("hashes are collected too late or too often")
	}
}

// TestMemoryGoals: a small server is let alone for a while, a large one has room
// above what it keeps, however large that is.
func TestMemoryGoals(t *testing.T) {
	t.Parallel()
	const mib = 1 << 20
	for _, c := range []struct {
		live, stacks int64
		percent      int
		limit        int64
	}{
		{0, 0, 400, memoryFloor},
		{4 * mib, mib, 400, memoryFloor},
		{12 * mib, mib, 200, 49 * mib},
		{100 * mib, 32 * mib, 100, 212 * mib},
		{4096 * mib, 0, 100, 6144*mib + memoryMargin},
	} {
		percent, limit := memoryGoals(c.live, c.stacks)
		if percent != c.percent || limit != c.limit {
			t.Errorf("%d MiB alive, %d MiB of stacks: %d %%, %d MiB", c.live/mib, c.stacks/mib, percent, limit/mib)
		}
	}
}
