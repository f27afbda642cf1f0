package app

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/argon2"
)

// goals is what a pacer has set.
type goals struct {
	percent int
	limit   int64
	given   int
}

func watched() (*memoryPacer, *goals) {
	p, g := newMemoryPacer(), new(goals)
	p.set = func(percent int, limit int64) { g.percent, g.limit = percent, limit }
	p.giveBack = func() { g.given++ }
	return p, g
}

const hashSize = 19 << 20

// TestHashBurst: goals of their own hold from the first hash until some time after
// the last, whatever is seen meanwhile; then the memory is given back once.
func TestHashBurst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, g := watched()
		p.look(4<<20, 0)
		if *g != (goals{400, memoryFloor, 0}) {
			t.Fatalf("%+v", *g)
		}
		burst := goals{hashPercent, math.MaxInt64, 0}
		for range 3 {
			p.hashMemory(hashSize)
			p.hashMemory(hashSize)
			p.hashMemory(-hashSize)
			time.Sleep(time.Minute)
			p.look(60<<20, 0)
			p.hashMemory(-hashSize)
			time.Sleep(hashQuiet - 1)
			if synctest.Wait(); *g != burst {
				t.Errorf("%+v in a burst", *g)
			}
		}
		time.Sleep(1)
		if synctest.Wait(); *g != (goals{400, memoryFloor, 1}) {
			t.Errorf("%+v after it", *g)
		}
		time.Sleep(time.Hour)
		p.look(4<<20, 1)
		if synctest.Wait(); g.given != 1 || g.percent != 400 {
			t.Errorf("%+v an hour later", *g)
		}
	})
}

// TestHashesDue: the memory is given back unless it is little beside what is kept.
func TestHashesDue(t *testing.T) {
	t.Parallel()
	const mib = 1 << 20
	if !hashesDue(hashSize, 16*mib) || !hashesDue(hashSize, 76*mib) || hashesDue(hashSize, 200*mib) || !hashesDue(3*hashSize, 200*mib) {
		t.Error("hashes are collected too late or too often")
	}
}

// hashes lets two at a time make n hashes each, and returns the page faults and the
// CPU time of one.
func hashes(p *memoryPacer, n int) (faults int64, cpu time.Duration) {
	var before, after syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &before)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for range n {
				p.hashMemory(hashSize)
				argon2.IDKey([]byte("mật khẩu"), make([]byte, 16), 2, hashSize>>10, 1, 32)
				p.hashMemory(-hashSize)
			}
		})
	}
	wg.Wait()
	syscall.Getrusage(syscall.RUSAGE_SELF, &after)
	spent := after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()
	return (after.Minflt - before.Minflt) / int64(2*n), time.Duration(spent / int64(2*n))
}

// resident returns the process's resident memory and its peak, MiB.
func resident() (now, peak int) {
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		fmt.Sscanf(line, "VmRSS: %d", &now)
		fmt.Sscanf(line, "VmHWM: %d", &peak)
	}
	return now >> 10, peak >> 10
}

const hashChild = "VANTHU_TEST_HASH_CHILD"

// TestHashesShareMemory: in a burst a hash takes the memory of one before it, and
// all of it is given back after. A process of its own does it, for nobody else may
// set its goals.
func TestHashesShareMemory(t *testing.T) {
	if os.Getenv(hashChild) == "" {
		t.Parallel()
		c := exec.Command(os.Args[0], "-test.run=^TestHashesShareMemory$", "-test.v")
		c.Env = append(os.Environ(), hashChild+"=1")
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("%v:\n%s", err, out)
		}
		return
	}
	p := newMemoryPacer()
	p.look(memoryKept())
	before, _ := resident()
	given := make(chan bool, 1)
	p.giveBack = func() { debug.FreeOSMemory(); given <- true }
	faults, _ := hashes(p, 20)
	<-given
	after, peak := resident()
	t.Logf("%d faults a hash; %d MiB before, %d after, %d at most", faults, before, after, peak)
	if faults > 2*hashSize/4096/4 {
		t.Errorf("%d page faults a hash", faults)
	}
	if after > before+10 || peak > before+7*hashSize>>20 {
		t.Errorf("%d MiB before, %d after, %d at most", before, after, peak)
	}
}

// BenchmarkHashBurst justifies the goals of a burst: hashes of 19 MiB, two at a
// time, beside 6 MiB that are kept. On a virtual machine with two cores:
//
//	                   CPU ms a hash   page faults a hash   MiB more than before
//	as without hashes             37                7,000                     57
//	25 %                          21                  800                     76
//	50 %                          23                1,200                     95
//	100 %                         22                  800                    114
func BenchmarkHashBurst(b *testing.B) {
	kept := make([][]byte, 6<<10)
	for i := range kept {
		kept[i] = make([]byte, 1<<10)
	}
	for _, c := range []struct {
		name    string
		percent int
		limit   int64
	}{{"as without hashes", 400, memoryFloor}, {"25 %", 25, math.MaxInt64}, {"50 %", 50, math.MaxInt64}, {"100 %", 100, math.MaxInt64}} {
		b.Run(c.name, func(b *testing.B) {
			p := newMemoryPacer()
			p.set = func(int, int64) {}
			debug.FreeOSMemory()
			os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // forgets the peak
			debug.SetGCPercent(c.percent)
			debug.SetMemoryLimit(c.limit)
			before, _ := resident()
			faults, cpu := hashes(p, b.N)
			_, peak := resident()
			b.ReportMetric(float64(faults), "faults/hash")
			b.ReportMetric(cpu.Seconds()*1e3, "cpu-ms/hash")
			b.ReportMetric(float64(peak-before), "MiB-more")
		})
	}
	_ = kept[0]
	debug.SetGCPercent(100)
	debug.SetMemoryLimit(math.MaxInt64)
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
