package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"quangtri.gov.vn/vanthu/internal/crashpoint"
	"quangtri.gov.vn/vanthu/mailsvc"
)

// Crash points of a transfer.
const (
	BeforeMark  = "queue.before-mark"  // everything but the final dot is written
	AfterMark   = "queue.after-mark"   // the mark is on disk, the dot is not written
	AfterAnswer = "queue.after-answer" // the answer to the dot is known, but not on disk
	AfterSettle = "queue.after-settle" // the outcome is on disk
	AfterNotice = "queue.after-notice" // the sender was told, which is not on disk
)

func (o Options) withDefaults() (Options, error) {
	if o.Hostname == "" || o.Blobs == nil || o.Ingest == nil || o.Local == nil {
		return o, errors.New("a required option is missing")
	}
	domains := make([]string, len(o.Domains))
	for i, d := range o.Domains {
		domains[i] = strings.ToLower(d)
	}
	o.Domains = domains
	routes := map[string]string{}
	for d, to := range o.Routes {
		if _, _, err := net.SplitHostPort(to); err != nil {
			return o, fmt.Errorf("route of %s: %w", d, err)
		}
		routes[strings.ToLower(d)] = to
	}
	o.Routes = routes
	if err := o.Smarthost.check(); err != nil {
		return o, err
	}
	if o.Resolver == nil {
		o.Resolver = net.DefaultResolver
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{}).DialContext
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	set(&o.Expiry, 5*24*time.Hour)
	set(&o.RetryFirst, time.Minute)
	set(&o.RetryMax, 4*time.Hour)
	set(&o.PerDomain, 4)
	set(&o.Connections, 32)
	set(&o.Timeouts.Connect, 30*time.Second)
	set(&o.Timeouts.Command, 5*time.Minute)
	set(&o.Timeouts.Write, 3*time.Minute)
	set(&o.Timeouts.Final, 10*time.Minute)
	set(&o.Timeouts.Stop, 20*time.Second)
	return o, nil
}

func set[T comparable](p *T, v T) {
	var zero T
	if *p == zero {
		*p = v
	}
}

// Run sends until ctx ends, and then waits for what is being sent: transfers
// before the final dot are cut off and sent again later, those after it may wait
// Timeouts.Stop for their answer. It must run once at a time.
func (q *Queue) Run(ctx context.Context) error {
	if !q.running.CompareAndSwap(false, true) {
		return errors.New("queue runs already")
	}
	defer q.running.Store(false)
	var workers sync.WaitGroup
	defer workers.Wait()
	for {
		start, again := q.plan.open(time.Now())
		for _, d := range start {
			workers.Go(func() { q.work(ctx, d) })
		}
		if !q.pause(ctx, again) {
			return nil
		}
	}
}

// pause waits for a poke or until a time, zero meaning for ever. It reports
// false when ctx has ended.
func (q *Queue) pause(ctx context.Context, until time.Time) bool {
	var alarm <-chan time.Time
	if !until.IsZero() {
		t := time.NewTimer(time.Until(until))
		defer t.Stop()
		alarm = t.C
	}
	select {
	case <-ctx.Done():
		return false
	case <-alarm:
	case <-q.plan.wake:
	}
	return true
}

// work sends the items of one destination, one after the other over one
// connection, until none is due.
func (q *Queue) work(ctx context.Context, d destination) {
	s := &sender{q: q, dest: d}
	defer s.leave()
	for {
		e, ok := q.plan.take(d, time.Now(), ctx.Err() != nil)
		if !ok {
			return
		}
		q.deal(ctx, s, e)
		q.plan.done()
	}
}

// deal does what is next for one item, and writes down what came of it.
func (q *Queue) deal(ctx context.Context, s *sender, e entry) {
	r, ok, err := q.read(e.id)
	if err != nil {
		// It stays where it is, for an operator: no attempt without a readable row.
		q.o.Logger.Error("queue item is not readable", "id", e.id, "err", err)
		return
	}
	switch {
	case !ok:
		return
	case r.settled():
		if !r.Tracked {
			q.notify(ctx, r)
		}
		return
	}
	r.Attempts++
	r.Final = false // a mark that is still there is of an attempt whose end is known
	r.Next = time.Now().Add(q.backoff(r.Attempts))
	if err := q.write(r); err != nil {
		q.retryLater(r, err)
		return
	}
	q.settle(ctx, r, s.send(ctx, &r))
}

// retryLater keeps an item whose row could not be written on the schedule.
func (q *Queue) retryLater(r row, err error) {
	q.o.Logger.Error("queue item not written", "key", r.Key, "err", err)
	r.Next = time.Now().Add(q.o.RetryFirst)
	q.plan.add(q.destination(r.To), entryOf(r))
}

// result is what came of an attempt.
type result struct {
	phase mailsvc.Phase // Waiting: try again
	reply string
	// passed says that the next server will tell the sender of success.
	passed bool
	// cut says that the attempt was broken off because the process is stopping.
	cut bool
}

func temporary(why string) result { return result{phase: mailsvc.Waiting, reply: why} }
func permanent(why string) result { return result{phase: mailsvc.Bounced, reply: why} }

// settle makes the outcome of an attempt durable and does what follows from it.
func (q *Queue) settle(ctx context.Context, r row, res result) {
	now := time.Now()
	r.Final = false
	r.Phase, r.Reply, r.Changed = res.phase, mailsvc.OneLine(res.reply, maxReply), now
	switch {
	case res.cut:
		r.Next = now
	case r.Phase == mailsvc.Waiting && !now.Before(r.Created.Add(q.o.Expiry)):
		r.Phase = mailsvc.Bounced
	case r.Phase == mailsvc.Waiting:
		r.Next = now.Add(q.backoff(r.Attempts))
		if end := r.Created.Add(q.o.Expiry); r.Next.After(end) {
			r.Next = end
		}
	}
	q.o.Logger.Info("queue attempt", "key", r.Key, "to", r.To, "attempt", r.Attempts, "phase", r.Phase, "reply", r.Reply)
	if !r.Tracked && r.settled() && (!r.owesNotice() || res.passed) {
		if err := q.remove(r); err != nil {
			q.o.Logger.Error("queue item not removed", "key", r.Key, "err", err)
		}
		crashpoint.Here(AfterSettle)
		return
	}
	if err := q.write(r); err != nil {
		// On disk it is as it was before: with the mark, if that was written.
		if r.Phase == mailsvc.Waiting {
			q.retryLater(r, err)
			return
		}
		q.o.Logger.Error("queue outcome not written", "key", r.Key, "phase", r.Phase, "err", err)
		return
	}
	crashpoint.Here(AfterSettle)
	switch {
	case r.Tracked && r.settled():
		q.tell()
	case r.settled():
		q.notify(ctx, r)
	default:
		q.schedule(r)
		q.plan.poke()
	}
}

// mark makes it durable that the final dot may be written from now on.
func (q *Queue) mark(r *row) error {
	marked := *r
	marked.Final = true
	err := q.db.Update(context.Background(), func(tx *bbolt.Tx) error { return put(tx, marked) })
	if err == nil {
		r.Final = true
	}
	return err
}

// backoff is the wait after the n-th failed attempt: RetryFirst, doubled each
// time up to RetryMax, and a fifth more or less by chance, so that what failed
// together does not come back together.
func (q *Queue) backoff(n int) time.Duration {
	d := q.o.RetryFirst
	for range n - 1 {
		if d >= q.o.RetryMax {
			break
		}
		d *= 2
	}
	d = min(d, q.o.RetryMax)
	return d*4/5 + rand.N(d*2/5+1)
}

// maxHold is the longest time for which a destination that does not answer is
// left alone: new mail for it may be urgent.
const maxHold = 30 * time.Minute

// expired reports whether an item that never got a connection has waited too long.
func (q *Queue) expired(now time.Time) func(entry) bool {
	return func(e entry) bool { return !now.Before(e.created.Add(q.o.Expiry)) }
}

// unreachable notes that a destination does not answer, and returns what has
// waited for it too long.
func (q *Queue) unreachable(ctx context.Context, d destination, why string) {
	now := time.Now()
	hold := func(failures int) time.Duration { return min(q.backoff(failures), maxHold) }
	for _, e := range q.plan.unreached(d, now, hold, q.expired(now)) {
		if r, ok, err := q.read(e.id); err == nil && ok && !r.settled() {
			q.settle(ctx, r, temporary(why))
		}
		q.plan.done()
	}
}
