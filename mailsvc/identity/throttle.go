package identity

import (
	"sync"
	"time"

	"quangtri.gov.vn/vanthu/internal/subnet"
)

// Throttle bounds guessing. After the free failures of a counter, each further
// one closes it for twice as long as the one before.
type Throttle struct {
	PairFree    int           // failures of one account from one network; 0 means 5
	AccountFree int           // failures of one account from anywhere; 0 means 20
	NetworkFree int           // failures from one network for any account; 0 means 50
	First       time.Duration // the first delay; 0 means 2 seconds
	Longest     time.Duration // the longest delay; 0 means 15 minutes
	Forget      time.Duration // a counter without failures for so long starts anew; 0 means 1 hour
}

func (t Throttle) withDefaults() Throttle {
	set := func(p *int, v int) {
		if *p == 0 {
			*p = v
		}
	}
	wait := func(p *time.Duration, v time.Duration) {
		if *p == 0 {
			*p = v
		}
	}
	set(&t.PairFree, 5)
	set(&t.AccountFree, 20)
	set(&t.NetworkFree, 50)
	wait(&t.First, 2*time.Second)
	wait(&t.Longest, 15*time.Minute)
	wait(&t.Forget, time.Hour)
	return t
}

// maxCounters bounds the memory that guessers can make us use.
const maxCounters = 100_000

// throttle counts failures. An attempt counts as failed from its start until it
// succeeds, so that many attempts at once get no further than many in a row.
type throttle struct {
	o Throttle

	mu       sync.Mutex
	counters map[counterKey]*counter
	swept    time.Time
}

// counterKey names a counter: both fields for a pair, one for the others.
type counterKey struct{ account, network string }

type counter struct {
	failures int
	last     time.Time // of the last failure
	closed   time.Time // no attempt before this
}

// attempt is one password check in progress.
type attempt [3]counterKey

func newThrottle(o Throttle) *throttle {
	return &throttle{o: o.withDefaults(), counters: map[counterKey]*counter{}}
}

// begin asks whether the account may be tried from remote now.
func (t *throttle) begin(account, remote string, now time.Time) (attempt, bool) {
	n := subnet.Of(remote)
	keys := attempt{{account, n}, {account, ""}, {"", n}}
	free := [...]int{t.o.PairFree, t.o.AccountFree, t.o.NetworkFree}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sweep(now)
	for _, k := range keys {
		if c := t.counters[k]; c != nil && now.Before(c.closed) && now.Sub(c.last) < t.o.Forget {
			return keys, false
		}
	}
	for i, k := range keys {
		t.fail(k, free[i], now)
	}
	return keys, true
}

func (t *throttle) fail(k counterKey, free int, now time.Time) {
	c := t.counters[k]
	if c == nil || now.Sub(c.last) >= t.o.Forget {
		c = &counter{}
		t.counters[k] = c
	}
	c.failures++
	c.last = now
	if over := c.failures - free; over >= 0 {
		c.closed = now.Add(t.delay(over))
	}
}

// delay is First doubled n times, but not more than Longest.
func (t *throttle) delay(n int) time.Duration {
	d := t.o.First
	for range n {
		if d >= t.o.Longest {
			break
		}
		d *= 2
	}
	return min(d, t.o.Longest)
}

// succeed takes the attempt's failure back, and all of the pair's: whoever knows
// the password is not guessing.
func (t *throttle) succeed(a attempt) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.counters, a[0])
	t.undo(a[1])
	t.undo(a[2])
}

// cancel takes back the failure of an attempt that was never decided.
func (t *throttle) cancel(a attempt) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, k := range a {
		t.undo(k)
	}
}

func (t *throttle) undo(k counterKey) {
	c := t.counters[k]
	if c == nil {
		return
	}
	c.closed = time.Time{}
	if c.failures--; c.failures <= 0 {
		delete(t.counters, k)
	}
}

// sweep drops counters that have started anew, now and then, or all of them if
// they are too many nevertheless.
func (t *throttle) sweep(now time.Time) {
	if len(t.counters) < maxCounters && now.Sub(t.swept) < t.o.Forget {
		return
	}
	t.swept = now
	for k, c := range t.counters {
		if now.Sub(c.last) >= t.o.Forget {
			delete(t.counters, k)
		}
	}
	if len(t.counters) >= maxCounters {
		clear(t.counters)
	}
}
