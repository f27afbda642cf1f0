package app

import "testing"

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
