package queue

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"quangtri.gov.vn/vanthu/internal/groupcommit"
	"quangtri.gov.vn/vanthu/mailsvc"
)

const (
	maxKey     = 1024 // octets
	maxAddress = 500  // octets
)

// Queue is the outgoing queue. Its methods may be called from many goroutines;
// Run sends, the others work without it, too.
type Queue struct {
	db   *groupcommit.DB
	o    Options
	plan *plan

	settled chan struct{}
	running atomic.Bool
}

var _ mailsvc.Queue = (*Queue)(nil)

// Open opens the queue in the file at path, creating it if there is none. Items
// whose transfer was cut off after the mark are made Unsure.
func Open(path string, o Options) (*Queue, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("open queue: %w", err)
	}
	db, err := groupcommit.Open(path, groupcommit.Options{Fatal: o.Fatal})
	if err != nil {
		return nil, fmt.Errorf("open queue: %w", err)
	}
	q := &Queue{db: db, o: o, settled: make(chan struct{}, 1)}
	q.plan = newPlan(o.PerDomain, o.Connections)
	if err := q.recover(); err != nil {
		db.Close()
		return nil, fmt.Errorf("open queue: %w", err)
	}
	return q, nil
}

// Close closes the file. Run must have returned.
func (q *Queue) Close() error { return q.db.Close() }

// recover brings the rows that the last process left into a state to go on from.
func (q *Queue) recover() error {
	var left []row
	now := time.Now()
	err := q.db.Update(context.Background(), func(tx *bbolt.Tx) error {
		for _, name := range [][]byte{bItems, bKeys, bDamaged} {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		var err error
		if left, err = q.readAll(tx); err != nil {
			return err
		}
		for i := range left {
			if left[i].Phase == mailsvc.Waiting && left[i].Final {
				left[i].Phase, left[i].Changed = mailsvc.Unsure, now
				left[i].Reply = "stopped after the message was sent, before the answer"
				if err := put(tx, left[i]); err != nil {
					return err
				}
			}
		}
		return forgetOld(tx, now.Add(-q.keep()))
	})
	if err != nil {
		return storeError("recover", err)
	}
	for _, r := range left {
		q.schedule(r)
		if r.settled() && r.Tracked {
			q.tell()
		}
	}
	return nil
}

// readAll returns the readable rows and puts the others aside.
func (q *Queue) readAll(tx *bbolt.Tx) (all []row, err error) {
	items, damaged := map[string][]byte{}, tx.Bucket(bDamaged)
	err = tx.Bucket(bItems).ForEach(func(k, v []byte) error {
		r, err := decode(k, v)
		if err != nil {
			q.o.Logger.Error("queue item is damaged and was put aside", "id", fmt.Sprintf("%x", k), "err", err)
			items[string(k)] = bytes.Clone(v)
			return nil
		}
		all = append(all, r)
		return nil
	})
	for k, v := range items {
		err = errors.Join(err, damaged.Put([]byte(k), v), tx.Bucket(bItems).Delete([]byte(k)))
	}
	return all, err
}

// keep is how long a key that is done with is remembered.
func (q *Queue) keep() time.Duration { return q.o.Expiry + 24*time.Hour }

// forgetOld drops keys that were done with before a time.
func forgetOld(tx *bbolt.Tx, before time.Time) error {
	_, keys := tables(tx)
	var old [][]byte
	err := keys.ForEach(func(k, v []byte) error {
		if at, done := doneAt(v); done && at.Before(before) {
			old = append(old, append([]byte(nil), k...))
		}
		return nil
	})
	for _, k := range old {
		err = errors.Join(err, keys.Delete(k))
	}
	return err
}

// schedule puts a row where its next step is done, if there is one.
func (q *Queue) schedule(r row) {
	switch {
	case r.Phase == mailsvc.Waiting:
		q.plan.add(q.destination(r.To), entryOf(r))
	case !r.Tracked:
		q.plan.add(destNotice, entryOf(r))
	}
}

// Enqueue implements mailsvc.Queue. An empty key is replaced by a random one.
// Errors: ErrInvalid, ErrFull, ErrUnknown, ErrClosed.
func (q *Queue) Enqueue(ctx context.Context, msgs []mailsvc.Outgoing) error {
	for i := range msgs {
		if err := checkOutgoing(msgs[i]); err != nil {
			return err
		}
	}
	now := time.Now()
	var added []row
	err := q.db.Update(ctx, func(tx *bbolt.Tx) error {
		added = nil
		items, keys := tables(tx)
		for _, m := range msgs {
			if m.Key == "" {
				m.Key = rand.Text()
			}
			if keys.Get([]byte(m.Key)) != nil {
				continue
			}
			id, err := items.NextSequence()
			if err != nil {
				return err
			}
			r := row{ID: id, Outgoing: m, Phase: mailsvc.Waiting, Created: now, Next: now, Changed: now}
			if err := put(tx, r); err != nil {
				return err
			}
			if err := keys.Put([]byte(m.Key), idKey(id)); err != nil {
				return err
			}
			added = append(added, r)
		}
		if len(added) == 0 {
			return groupcommit.Unchanged(nil)
		}
		return nil
	})
	if err != nil {
		return storeError("enqueue", err)
	}
	for _, r := range added {
		q.schedule(r)
	}
	q.plan.poke()
	return nil
}

func checkOutgoing(m mailsvc.Outgoing) error {
	bad := func(s string) bool {
		return len(s) > maxAddress || strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c == 0x7f || c == '<' || c == '>' })
	}
	i := strings.LastIndexByte(m.To, '@')
	switch {
	case len(m.Key) > maxKey:
		return invalid(m.To, "key is too long")
	case bad(m.To) || i < 1 || i == len(m.To)-1:
		return invalid(m.To, "not a recipient address")
	case bad(m.From) || m.From != "" && !strings.Contains(m.From, "@"):
		return invalid(m.To, "not a sender address")
	case !validWishes(m):
		return invalid(m.To, "not a wish for notifications")
	case m.Blob == "":
		return invalid(m.To, "no message")
	}
	return nil
}

// validWishes checks the DSN parameters, which go to the next server: RFC 3461
// section 4, RFC 6533 section 3.
func validWishes(m mailsvc.Outgoing) bool {
	if m.Notify != "" && m.Notify != "NEVER" {
		for n := range strings.SplitSeq(m.Notify, ",") {
			if n != "SUCCESS" && n != "FAILURE" && n != "DELAY" {
				return false
			}
		}
	}
	control := func(c rune) bool { return c < ' ' || c == 0x7f }
	if len(m.Envelope) > 100 || len(m.Original) > maxAddress || strings.ContainsFunc(m.Envelope+m.Original, control) || !isASCII(m.Envelope) {
		return false
	}
	kind, address, _ := strings.Cut(m.Original, ";")
	return m.Original == "" || address != "" && (kind == "UTF-8" || kind == "RFC822" && isASCII(address))
}

// Outcomes implements mailsvc.Queue. Untracked items are known until they are done.
func (q *Queue) Outcomes(_ context.Context, keys []string) ([]mailsvc.Outcome, error) {
	var all []mailsvc.Outcome
	err := q.db.View(func(tx *bbolt.Tx) error {
		for _, k := range keys {
			if r, ok := byKey(tx, k); ok {
				all = append(all, r.outcome())
			}
		}
		return nil
	})
	if err != nil {
		return nil, storeError("read outcomes", err)
	}
	return all, nil
}

// Forget implements mailsvc.Queue. The keys stay known to Enqueue for some days.
func (q *Queue) Forget(ctx context.Context, keys []string) error {
	now := time.Now()
	err := q.db.Update(ctx, func(tx *bbolt.Tx) error {
		for _, k := range keys {
			r, ok := byKey(tx, k)
			if !ok || !r.settled() || !r.Tracked {
				continue
			}
			if err := drop(tx, r, now); err != nil {
				return err
			}
		}
		return nil
	})
	return storeError("forget", err)
}

// Settled implements mailsvc.Queue. All callers share one channel.
func (q *Queue) Settled() <-chan struct{} { return q.settled }

func (q *Queue) tell() {
	select {
	case q.settled <- struct{}{}:
	default:
	}
}

// List returns up to limit items, oldest first; 0 means all.
func (q *Queue) List(_ context.Context, limit int) ([]Item, error) {
	var all []Item
	err := q.each(func(r row) bool {
		all = append(all, Item{
			Outcome: r.outcome(), From: r.From, To: r.To, Size: r.Size + int64(len(r.Prefix)),
			Priority: r.Priority, Tracked: r.Tracked, Created: r.Created,
		})
		return len(all) != limit
	})
	return all, err
}

// Stats counts what is in the queue.
func (q *Queue) Stats() (Stats, error) {
	s := Stats{Sending: q.plan.sending()}
	err := q.each(func(r row) bool {
		switch r.Phase {
		case mailsvc.Waiting:
			s.Waiting++
		case mailsvc.Delivered:
			s.Delivered++
		case mailsvc.Bounced:
			s.Bounced++
		case mailsvc.Unsure:
			s.Unsure++
		}
		return true
	})
	return s, err
}

// References yields every body that the queue still needs, perhaps several
// times, for whoever sweeps orphaned bodies.
func (q *Queue) References(yield func(mailsvc.BlobID) bool) error {
	return q.each(func(r row) bool {
		if r.settled() && !r.owesNotice() {
			return true
		}
		return yield(r.Blob)
	})
}

var errEnough = errors.New("enough")

func (q *Queue) each(yield func(row) bool) error {
	err := q.db.View(func(tx *bbolt.Tx) error {
		items, _ := tables(tx)
		return items.ForEach(func(k, v []byte) error {
			r, err := decode(k, v)
			if err != nil {
				return &mailsvc.Error{Op: "read queue", Subject: fmt.Sprintf("item %x", k), Kind: mailsvc.ErrDamaged, Cause: err}
			}
			if !yield(r) {
				return errEnough
			}
			return nil
		})
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return storeError("read queue", err)
}

// read returns one row.
func (q *Queue) read(id uint64) (r row, ok bool, err error) {
	err = q.db.View(func(tx *bbolt.Tx) error {
		items, _ := tables(tx)
		v := items.Get(idKey(id))
		if v == nil {
			return nil
		}
		var err error
		r, err = decode(idKey(id), v)
		ok = err == nil
		return err
	})
	return r, ok, err
}

// write makes a row durable. It does not give up when the process is asked to stop.
func (q *Queue) write(r row) error {
	return storeError("write item", q.db.Update(context.Background(), func(tx *bbolt.Tx) error { return put(tx, r) }))
}

// remove ends an item that nobody tracks.
func (q *Queue) remove(r row) error {
	now := time.Now()
	return storeError("remove item", q.db.Update(context.Background(), func(tx *bbolt.Tx) error { return drop(tx, r, now) }))
}

// storeError gives an error of the database its kind.
func storeError(op string, err error) error {
	if err == nil {
		return nil
	}
	for _, k := range []struct{ from, to error }{
		{groupcommit.ErrUnknown, mailsvc.ErrUnknown},
		{groupcommit.ErrFull, mailsvc.ErrFull},
		{groupcommit.ErrClosed, mailsvc.ErrClosed},
		{errRow, mailsvc.ErrDamaged},
	} {
		if errors.Is(err, k.from) {
			return &mailsvc.Error{Op: op, Kind: k.to, Cause: err}
		}
	}
	return fmt.Errorf("%s: %w", op, err)
}

func invalid(subject, why string) error {
	return &mailsvc.Error{Op: "enqueue", Subject: subject, Kind: mailsvc.ErrInvalid, Cause: errors.New(why)}
}
