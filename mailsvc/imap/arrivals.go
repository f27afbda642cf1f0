package imap

import (
	"fmt"
	"runtime"
	"time"

	"quangtri.gov.vn/vanthu/mailsvc"
	"quangtri.gov.vn/vanthu/mailsvc/mime"
)

// maxArrivals bounds the memory of the messages of one APPEND that are not
// durable yet, bytes.
const maxArrivals = 2 << 20

// arrivals are the messages of one APPEND on their way to the disk. The session
// adds them as they come; while it reads the next one, others index them, and
// the blob store flushes many at once. All methods are the session's.
type arrivals struct {
	last    *arrival      // that no other has come after yet
	queue   chan *arrival // to the indexers
	indexer int           // how many there are
	waiting []*arrival    // not known to be durable, in order
	held    int           // memory of those, bytes
	rows    []mailsvc.NewMessage
}

// arrival is a message that has come.
type arrival struct {
	pending *mime.Pending
	flags   []string
	when    time.Time
	ready   chan struct{} // closed when it is indexed
	err     error         // of that
}

// add takes a message over. An error is that of an earlier one.
func (q *arrivals) add(p *mime.Pending, flags []string, when time.Time) error {
	p.Start()
	if q.last != nil {
		q.hand(q.last)
	}
	q.last = &arrival{pending: p, flags: flags, when: when, ready: make(chan struct{})}
	q.waiting = append(q.waiting, q.last)
	q.held += p.Held()
	for q.held > maxArrivals && len(q.waiting) > 1 {
		if err := q.settle(); err != nil {
			return err
		}
	}
	return nil
}

// hand gives a message to the indexers: as many as there are processors.
func (q *arrivals) hand(a *arrival) {
	if q.queue == nil {
		q.queue = make(chan *arrival, maxMultiAppend)
	}
	if q.indexer < runtime.GOMAXPROCS(0) {
		q.indexer++
		go func() {
			for a := range q.queue {
				a.prepare()
			}
		}()
	}
	q.queue <- a
}

// prepare indexes the message. A panic becomes an error: it would not be caught
// where the connection catches its own.
func (a *arrival) prepare() {
	defer close(a.ready)
	defer func() {
		if v := recover(); v != nil {
			a.err = fmt.Errorf("index message: panic: %v", v)
		}
	}()
	a.pending.Prepare()
}

// settle waits until the first of those waiting is durable.
func (q *arrivals) settle() error {
	a := q.waiting[0]
	<-a.ready
	if a.err != nil {
		return a.err
	}
	q.held -= a.pending.Held()
	q.waiting = q.waiting[1:]
	row, err := a.pending.Commit()
	if err != nil {
		return err
	}
	row.Flags, row.Internal = a.flags, a.when
	q.rows = append(q.rows, row)
	return nil
}

// finish waits for all messages and returns them.
func (q *arrivals) finish() ([]mailsvc.NewMessage, error) {
	q.last.prepare()
	q.last = nil
	for len(q.waiting) > 0 {
		if err := q.settle(); err != nil {
			return nil, err
		}
	}
	return q.rows, nil
}

// drop gives up what is not durable, and ends the indexers.
func (q *arrivals) drop() {
	if q.last != nil {
		close(q.last.ready)
	}
	for _, a := range q.waiting {
		if <-a.ready; a.err == nil {
			a.pending.Abort()
		}
	}
	if q.queue != nil {
		close(q.queue)
	}
}
