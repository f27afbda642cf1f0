package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"quangtri.gov.vn/vanthu/dispatch"
	"quangtri.gov.vn/vanthu/internal/crashpoint"
	"quangtri.gov.vn/vanthu/mailsvc"
)

// What failed for a passing reason (a full disk, a locked shard) is tried again
// after retryFirst, then after twice as long each time, up to retryMost.
const (
	retryFirst = 5 * time.Second
	retryMost  = 5 * time.Minute
)

// Run does the open work until ctx ends: local deliveries, hand-over to the
// queue, outcomes, reports. Everything it does may be done again after a crash.
func (e *Engine) Run(ctx context.Context) error {
	e.forgetSettled(ctx)
	wait := retryFirst
	for {
		var retry <-chan time.Time
		var timer *time.Timer
		if e.pass(ctx) {
			timer = time.NewTimer(wait)
			retry, wait = timer.C, min(2*wait, retryMost)
		} else {
			wait = retryFirst
		}
		select {
		case <-ctx.Done():
			return nil
		case <-e.wake:
		case <-e.Queue.Settled():
		case <-retry:
		}
		if timer != nil {
			timer.Stop()
		}
	}
}

// forgetSettled lets the queue drop outcomes that are known here, in case a
// crash came between the two.
func (e *Engine) forgetSettled(ctx context.Context) {
	var keys []string
	err := e.db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(bRecipients).ForEach(func(_, v []byte) error {
			var r dispatch.Recipient
			if err := decode(v, &r); err != nil {
				return err
			}
			if r.State != dispatch.Queued && r.Shares == 0 && r.Address != "" && domainOf(r.Address) != e.Domain {
				keys = append(keys, r.Delivery)
			}
			return nil
		})
	})
	if err == nil {
		err = e.Queue.Forget(ctx, keys)
	}
	if err != nil {
		e.Logger.Warn("queue outcomes not forgotten", "cause", err)
	}
}

// pass does one round over every document with open work. It reports whether
// something failed for a passing reason.
func (e *Engine) pass(ctx context.Context) (again bool) {
	for _, id := range e.open() {
		if ctx.Err() != nil {
			return false
		}
		if err := e.serve(ctx, id); err != nil && ctx.Err() == nil {
			e.Logger.Error("dispatch work failed; will retry", "document", id, "cause", err)
			again = true
		}
	}
	return again
}

// open lists the documents that have queued copies or unwritten reports.
func (e *Engine) open() []dispatch.DocumentID {
	var out []dispatch.DocumentID
	seen := make(map[dispatch.DocumentID]bool)
	err := e.db.View(func(tx *bbolt.Tx) error {
		for _, bucket := range [][]byte{bWork, bReports} {
			c := tx.Bucket(bucket).Cursor()
			for k, _ := c.First(); k != nil; k, _ = c.Next() {
				id := documentOf(k)
				if !seen[id] {
					seen[id] = true
					out = append(out, id)
				}
			}
		}
		return nil
	})
	if err != nil {
		e.Logger.Error("dispatch work list", "cause", err)
	}
	return out
}

func documentOf(key []byte) dispatch.DocumentID {
	if i := bytes.IndexByte(key, 0); i >= 0 {
		return dispatch.DocumentID(key[:i])
	}
	return dispatch.DocumentID(key)
}

// serve does the open work of one document, in the order in which the clerk
// wants to read of it: copies first, then the report.
func (e *Engine) serve(ctx context.Context, id dispatch.DocumentID) error {
	doc, rows, err := e.load(id)
	if err != nil {
		return err
	}
	var errs []error
	if todo := queued(rows); len(todo) > 0 {
		errs = append(errs, e.send(ctx, doc, todo))
	}
	errs = append(errs, e.writeReports(ctx, id))
	return errors.Join(errs...)
}

func queued(rows []dispatch.Recipient) []dispatch.Recipient {
	var out []dispatch.Recipient
	for _, r := range rows {
		if r.State == dispatch.Queued && r.Shares == 0 {
			out = append(out, r)
		}
	}
	return out
}

// step is the outcome of one copy's effect.
type step struct {
	id     dispatch.RecipientID
	event  dispatch.Event
	reason string
}

// send brings queued copies forward as far as they go now. The letter is only
// composed when some copy has not been handed over yet.
func (e *Engine) send(ctx context.Context, doc record, todo []dispatch.Recipient) error {
	var here, away []dispatch.Recipient
	for _, r := range todo {
		if domainOf(r.Address) == e.Domain {
			here = append(here, r)
		} else {
			away = append(away, r)
		}
	}
	fresh, outcomes, err := e.askQueue(ctx, away)
	if err != nil {
		return err
	}
	var errs []error
	if len(here)+len(fresh) > 0 {
		body, err := e.letter(doc)
		if err != nil {
			return fmt.Errorf("compose letter: %w", err)
		}
		steps, err := e.deliver(ctx, doc, body, here)
		crashpoint.Here("worker-after-deliver")
		errs = append(errs, err, e.apply(ctx, doc.ID, steps), e.handOver(ctx, doc, body, fresh))
		crashpoint.Here("worker-after-enqueue")
	}
	errs = append(errs, e.apply(ctx, doc.ID, outcomes))
	return errors.Join(errs...)
}

// deliver puts the letter into mailboxes here, all in one call. The delivery id
// is the document's: an account gets it once however often this is repeated.
func (e *Engine) deliver(ctx context.Context, doc record, body mailsvc.NewMessage, rows []dispatch.Recipient) ([]step, error) {
	var steps []step
	var targets []mailsvc.Target
	var who []dispatch.Recipient
	for _, r := range rows {
		account, err := e.Identities.Account(r.Address)
		if err != nil || account.Disabled {
			steps = append(steps, noMailbox(r))
			continue
		}
		targets = append(targets, mailsvc.Target{Account: account.Address, Prefix: e.finalTrace(doc, r)})
		who = append(who, r)
	}
	if len(targets) == 0 {
		return steps, nil
	}
	var failed []error
	for i, err := range e.Mailboxes.Deliver(ctx, mailsvc.Delivery{ID: "vb/" + string(doc.ID), Targets: targets, Message: body}) {
		switch {
		case err == nil:
			steps = append(steps, step{id: who[i].ID, event: dispatch.Stored})
		case errors.Is(err, mailsvc.ErrNotFound):
			steps = append(steps, noMailbox(who[i]))
		case errors.Is(err, mailsvc.ErrOverQuota):
			steps = append(steps, step{who[i].ID, dispatch.Bounced, "hộp thư nơi nhận đã đầy"})
		case errors.Is(err, mailsvc.ErrTooLarge) || errors.Is(err, mailsvc.ErrTooMany) || errors.Is(err, mailsvc.ErrInvalid) || errors.Is(err, mailsvc.ErrNotAllowed):
			steps = append(steps, step{who[i].ID, dispatch.Bounced, "hộp thư nơi nhận không nhận được thư này"})
		default:
			failed = append(failed, fmt.Errorf("deliver to %s: %w", who[i].Address, err))
		}
	}
	return steps, errors.Join(failed...)
}

// noMailbox puts a copy on the paper list: the address is official, but nobody
// made the mailbox here.
func noMailbox(r dispatch.Recipient) step {
	return step{r.ID, dispatch.NoAddress, "máy chủ này chưa lập hộp thư " + r.Address}
}

// askQueue tells which copies the queue does not have yet, and what became of
// those that it has.
func (e *Engine) askQueue(ctx context.Context, rows []dispatch.Recipient) (fresh []dispatch.Recipient, steps []step, err error) {
	if len(rows) == 0 {
		return nil, nil, nil
	}
	keys := make([]string, len(rows))
	for i, r := range rows {
		keys[i] = r.Delivery
	}
	outcomes, err := e.Queue.Outcomes(ctx, keys)
	if err != nil {
		return nil, nil, err
	}
	known := make(map[string]mailsvc.Outcome, len(outcomes))
	for _, o := range outcomes {
		known[o.Key] = o
	}
	for _, r := range rows {
		if o, ok := known[r.Delivery]; !ok {
			fresh = append(fresh, r)
		} else if s, final := stepOf(o, r.ID); final {
			steps = append(steps, s)
		}
	}
	return fresh, steps, nil
}

// handOver gives copies for other servers to the queue.
func (e *Engine) handOver(ctx context.Context, doc record, body mailsvc.NewMessage, rows []dispatch.Recipient) error {
	if len(rows) == 0 {
		return nil
	}
	out := make([]mailsvc.Outgoing, len(rows))
	for i, r := range rows {
		out[i] = e.outgoing(doc, body, r)
	}
	return e.Queue.Enqueue(ctx, out)
}

func (e *Engine) outgoing(doc record, body mailsvc.NewMessage, r dispatch.Recipient) mailsvc.Outgoing {
	priority := map[string]int{"Khẩn": 1, "Thượng khẩn": 2, "Hỏa tốc": 3, "Hỏa tốc hẹn giờ": 3}[doc.Fields.Urgency]
	return mailsvc.Outgoing{
		Key: r.Delivery, From: e.sender(doc), To: r.Address, Blob: body.Blob, Size: body.BlobSize,
		Prefix: e.trace(doc, r), Priority: priority, Tracked: true,
	}
}

func stepOf(o mailsvc.Outcome, id dispatch.RecipientID) (step, bool) {
	switch o.Phase {
	case mailsvc.Delivered:
		return step{id: id, event: dispatch.Transmitted}, true
	case mailsvc.Bounced:
		return step{id, dispatch.Bounced, o.Reply}, true
	case mailsvc.Unsure:
		return step{id, dispatch.Lost, "mất liên lạc với máy chủ nơi nhận ngay sau khi gửi xong; xin hỏi nơi nhận trước khi gửi lại"}, true
	}
	return step{}, false
}

// apply writes the steps of one document in one transaction, lets the queue
// forget what is now known here, and sees to it that the clerk hears of failures
// and of the end.
func (e *Engine) apply(ctx context.Context, id dispatch.DocumentID, steps []step) error {
	if len(steps) == 0 {
		return nil
	}
	var done []string
	err := e.db.Update(ctx, func(tx *bbolt.Tx) error {
		done = done[:0]
		failed := false
		for _, s := range steps {
			r, err := getRecipient(tx, id, s.id)
			if err != nil {
				return err
			}
			if r.State != dispatch.Queued {
				continue // told by an earlier pass
			}
			if err := e.moveAll(tx, id, s.id, s.event, s.reason); err != nil {
				return err
			}
			done = append(done, r.Delivery)
			failed = failed || s.event == dispatch.Bounced || s.event == dispatch.Lost
		}
		return e.tellLater(tx, id, failed)
	})
	if err != nil {
		return err
	}
	crashpoint.Here("worker-after-apply")
	e.changed()
	return e.Queue.Forget(ctx, done)
}

// tellLater schedules a further report when the last one still said that copies
// were under way and now one failed, or none is left.
func (e *Engine) tellLater(tx *bbolt.Tx, id dispatch.DocumentID, failed bool) error {
	doc, err := getRecord(tx, id)
	if err != nil || !doc.Open {
		return err
	}
	rows, err := getRecipients(tx, id)
	if err != nil {
		return err
	}
	left := len(queued(rows)) > 0
	if left && !failed {
		return nil
	}
	doc.Open = left
	if err := scheduleReport(tx, &doc, "outcome", doc.Clerk); err != nil {
		return err
	}
	return put(tx, bDocuments, []byte(id), doc)
}

func (e *Engine) load(id dispatch.DocumentID) (record, []dispatch.Recipient, error) {
	var doc record
	var rows []dispatch.Recipient
	err := e.db.View(func(tx *bbolt.Tx) error {
		var err error
		if doc, err = getRecord(tx, id); err != nil {
			return err
		}
		rows, err = getRecipients(tx, id)
		return err
	})
	return doc, rows, err
}
