package queue

import (
	"cmp"
	"container/heap"
	"slices"
	"sync"
	"time"
)

// destination is what shares connections and their limit: a mail domain, a fixed
// route, the smarthost, or one of the two below.
type destination string

const (
	destLocal  destination = "local"  // mailboxes here
	destNotice destination = "notice" // settled items whose sender is to be told
)

// entry is the part of an item that is kept in memory while it waits.
type entry struct {
	id       uint64
	priority int
	next     time.Time
	created  time.Time
}

func entryOf(r row) entry {
	return entry{id: r.ID, priority: r.Priority, next: r.Next, created: r.Created}
}

// plan says what is to be sent next. It is memory only: the rows say what there is.
type plan struct {
	perDest, total int
	wake           chan struct{}

	mu     sync.Mutex
	lanes  map[destination]*lane
	active int // workers
	busy   int // items taken and not given back
}

// lane holds the items of one destination: later by time, ready by priority.
type lane struct {
	later, ready *entries
	active       int
	failures     int       // connections that failed in a row
	hold         time.Time // no connection before this
}

func newPlan(perDest, total int) *plan {
	return &plan{perDest: perDest, total: total, wake: make(chan struct{}, 1), lanes: map[destination]*lane{}}
}

func newLane() *lane {
	return &lane{
		later: &entries{less: func(a, b entry) int { return a.next.Compare(b.next) }},
		ready: &entries{less: func(a, b entry) int {
			return cmp.Or(cmp.Compare(b.priority, a.priority), a.next.Compare(b.next), cmp.Compare(a.id, b.id))
		}},
	}
}

// poke makes the dispatcher look again.
func (p *plan) poke() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// add puts an item into its lane.
func (p *plan) add(d destination, e entry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.lanes[d]
	if l == nil {
		l = newLane()
		p.lanes[d] = l
	}
	heap.Push(l.later, e)
}

// open returns the destinations for which a worker may start now, each as often
// as it may start one, most urgent first, and counts those workers as active. It
// also returns when to look again if nothing else happens.
func (p *plan) open(now time.Time) (start []destination, again time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	type candidate struct {
		d destination
		e entry
	}
	var due []candidate
	for d, l := range p.lanes {
		l.ripen(now)
		if l.later.Len() == 0 && l.ready.Len() == 0 && l.active == 0 && !now.Before(l.hold) {
			delete(p.lanes, d)
			continue
		}
		if now.Before(l.hold) {
			again = earlier(again, l.hold)
			continue
		}
		if l.later.Len() > 0 {
			again = earlier(again, l.later.all[0].next)
		}
		// One worker for each ready item, within the limit; those at work take more.
		limit := p.perDest
		if l.failures > 0 {
			limit = 1 // to find out whether it answers again
		}
		for i := l.active; i < min(limit, l.ready.Len()+l.active); i++ {
			due = append(due, candidate{d, l.ready.all[0]})
		}
	}
	slices.SortFunc(due, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.e.priority, a.e.priority), a.e.next.Compare(b.e.next), cmp.Compare(a.d, b.d))
	})
	for _, c := range due {
		if p.active >= p.total {
			break // a worker that ends pokes
		}
		p.active++
		p.lanes[c.d].active++
		start = append(start, c.d)
	}
	return start, again
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// ripen moves what is due from later to ready.
func (l *lane) ripen(now time.Time) {
	for l.later.Len() > 0 && !l.later.all[0].next.After(now) {
		heap.Push(l.ready, heap.Pop(l.later))
	}
}

// take gives a worker its next item. ok is false when there is none: the worker
// then ends, and is no longer counted.
func (p *plan) take(d destination, now time.Time, stop bool) (e entry, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.lanes[d]
	l.ripen(now)
	if stop || l.ready.Len() == 0 || now.Before(l.hold) {
		l.active--
		p.active--
		p.poke()
		return entry{}, false
	}
	p.busy++
	return heap.Pop(l.ready).(entry), true
}

// done notes that an item which take gave out is dealt with.
func (p *plan) done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy--
}

func (p *plan) sending() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.busy
}

// reached notes that the destination answers.
func (p *plan) reached(d destination) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lanes[d].failures > 0 {
		p.lanes[d].failures = 0
		p.poke()
	}
}

// unreached notes that no connection could be made, and gives out what is ready
// and has waited for too long, to be returned to its senders.
func (p *plan) unreached(d destination, now time.Time, wait func(failures int) time.Duration, expired func(entry) bool) []entry {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.lanes[d]
	if !now.Before(l.hold) { // others may have failed at the same time
		l.failures++
		l.hold = now.Add(wait(l.failures))
	}
	var out []entry
	kept := l.ready.all[:0]
	for _, e := range l.ready.all {
		if expired(e) {
			out = append(out, e)
		} else {
			kept = append(kept, e)
		}
	}
	l.ready.all = kept
	heap.Init(l.ready)
	p.busy += len(out)
	return out
}

// entries is a heap.
type entries struct {
	all  []entry
	less func(a, b entry) int
}

func (h *entries) Len() int           { return len(h.all) }
func (h *entries) Less(i, j int) bool { return h.less(h.all[i], h.all[j]) < 0 }
func (h *entries) Swap(i, j int)      { h.all[i], h.all[j] = h.all[j], h.all[i] }
func (h *entries) Push(x any)         { h.all = append(h.all, x.(entry)) }
func (h *entries) Pop() any {
	last := h.all[len(h.all)-1]
	h.all = h.all[:len(h.all)-1]
	return last
}
