package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"go.etcd.io/bbolt"

	"quangtri.gov.vn/vanthu/directory"
	"quangtri.gov.vn/vanthu/dispatch"
	"quangtri.gov.vn/vanthu/internal/viet"
)

// Answer is what the clerk says about one line.
type Answer struct {
	Label  string // "4", "4b", or dispatch.ConfirmLabel for the reading as a whole
	Choice string // "1", "1,3", "0", "giấy", "gửi lại", "ok", or agencies' names or addresses
}

// Answered says what became of one answer.
type Answered struct {
	Answer
	Problem string // Vietnamese, "" if it was taken
}

// resolved is an answer understood against the document as it was read.
type resolved struct {
	confirm bool
	part    dispatch.Part
	choice  choice
}

// Answer applies the clerk's answers to a document, those that can be taken in
// one transaction, and schedules a report. who is the account, or "" for the
// operator. Positive answers are remembered for the issuing agency only.
func (e *Engine) Answer(ctx context.Context, id dispatch.DocumentID, who string, answers []Answer) ([]Answered, error) {
	doc, rows, err := e.load(id)
	if err != nil {
		return nil, err
	}
	// What an answer means is worked out before the transaction, on the labels as
	// the clerk saw them; whether it still can be taken is decided within.
	v := dispatch.NewView(doc.Document, rows)
	out := make([]Answered, len(answers))
	meant := make([]resolved, len(answers))
	for i, a := range answers {
		out[i].Answer = a
		meant[i], out[i].Problem = e.meaning(&doc, v, a)
	}
	err = e.db.Update(ctx, func(tx *bbolt.Tx) error { return e.applyAnswers(tx, id, who, meant, out) })
	if err != nil {
		return nil, err
	}
	e.changed()
	return out, nil
}

// meaning finds the line and reads the choice; problem is for the clerk.
func (e *Engine) meaning(doc *record, v dispatch.View, a Answer) (resolved, string) {
	if strings.TrimSpace(a.Label) == dispatch.ConfirmLabel {
		if !yes.MatchString(viet.Fold(strings.Trim(viet.Clean(a.Choice), " .!"))) {
			return resolved{}, "để xác nhận và gửi đi, xin viết 0, dấu hai chấm, ok"
		}
		return resolved{confirm: true}, ""
	}
	part, ok := v.Part(a.Label)
	if !ok {
		if parts := v.PartsOf(a.Label); len(parts) > 1 {
			return resolved{}, fmt.Sprintf("dòng %s có %d nơi cần trả lời riêng (%s)", a.Label, len(parts), strings.Join(parts, ", "))
		}
		return resolved{}, fmt.Sprintf("không có dòng %s cần trả lời trong văn bản này", a.Label)
	}
	c, problem := e.understand(doc, part, a.Choice)
	return resolved{part: part, choice: c}, problem
}

func (e *Engine) applyAnswers(tx *bbolt.Tx, id dispatch.DocumentID, who string, meant []resolved, out []Answered) error {
	doc, err := getRecord(tx, id)
	if err != nil {
		return err
	}
	taken := false
	for i := range meant {
		if out[i].Problem != "" {
			continue
		}
		rows, err := getRecipients(tx, id)
		if err != nil {
			return err
		}
		if meant[i].confirm {
			out[i].Problem, err = e.confirm(tx, &doc, rows)
		} else {
			out[i].Problem, err = e.take(tx, &doc, rows, meant[i])
		}
		if err != nil {
			return err
		}
		taken = taken || out[i].Problem == ""
	}
	if !taken {
		return nil
	}
	doc.Version++
	if err := appendLog(tx, entry{At: e.Now().UTC(), What: "answered", Who: who, Document: id}); err != nil {
		return err
	}
	if err := scheduleReport(tx, &doc, "answered", doc.Clerk, who); err != nil {
		return err
	}
	return put(tx, bDocuments, []byte(id), doc)
}

// take applies one choice to its line as the line is now.
func (e *Engine) take(tx *bbolt.Tx, doc *record, rows []dispatch.Recipient, m resolved) (problem string, err error) {
	held := slices.IndexFunc(rows, func(r dispatch.Recipient) bool {
		return r.Item == m.part.Index && r.State == dispatch.Held && r.Agency == "" && r.Name == ""
	})
	switch {
	case held < 0 && (m.choice.event == dispatch.Resending || m.choice.event == dispatch.OnPaper):
		return e.again(tx, doc, rows, m)
	case held < 0 && sameAnswer(rows, m):
		return "", nil // the same mail once more
	case held < 0:
		return fmt.Sprintf("dòng %s không còn chờ trả lời", m.part.Label), nil
	case m.choice.event == dispatch.Resending:
		return fmt.Sprintf("dòng %s chưa gửi lần nào; xin chọn nơi nhận", m.part.Label), nil
	}
	if err := e.choose(tx, doc, rows, held, m.part.Item, m.choice); err != nil {
		return "", err
	}
	if m.choice.event != dispatch.Answered {
		return "", nil
	}
	return "", e.remember(tx, doc.Issuer, m.part.Item, m.choice)
}

// sameAnswer reports whether a line got just this answer before.
func sameAnswer(rows []dispatch.Recipient, m resolved) bool {
	var has []directory.ID
	declined := false
	for _, r := range rows {
		if r.Item == m.part.Index {
			has = append(has, r.Agency)
			declined = declined || r.State == dispatch.NotSent
		}
	}
	if m.choice.event == dispatch.Declined {
		return declined
	}
	return m.choice.event == dispatch.Answered && slices.Equal(has, m.choice.agencies)
}

// again sends the failed or doubtful copies of a line once more, or on paper.
func (e *Engine) again(tx *bbolt.Tx, doc *record, rows []dispatch.Recipient, m resolved) (problem string, err error) {
	found := false
	dir := e.Directory()
	for _, r := range rows {
		if r.Item != m.part.Index || r.Shares != 0 || r.State != dispatch.Failed && r.State != dispatch.InDoubt && r.State != dispatch.Refused {
			continue
		}
		found = true
		if m.choice.event == dispatch.Resending {
			// A new delivery: the queue and the mailbox must not take it for the old one.
			if d := dir.Deliver(r.Agency, e.Today()); d.Address != "" {
				r.Address = d.Address
			}
			r.Delivery = fmt.Sprintf("vb/%s/%d/%d", doc.ID, r.ID, len(r.History))
			if err := putRecipient(tx, doc.ID, r); err != nil {
				return "", err
			}
		}
		if err := e.moveAll(tx, doc.ID, r.ID, m.choice.event, "văn thư chọn"); err != nil {
			return "", err
		}
	}
	if !found {
		return fmt.Sprintf("dòng %s không có bản nào gửi hỏng để gửi lại", m.part.Label), nil
	}
	return "", nil
}

// confirm releases every copy that waited only for the reading to be confirmed.
func (e *Engine) confirm(tx *bbolt.Tx, doc *record, rows []dispatch.Recipient) (string, error) {
	if len(doc.Asks) == 0 {
		return "văn bản này không cần xác nhận thêm", nil
	}
	doc.Asks = nil
	dir := e.Directory()
	for i := range rows {
		r := &rows[i]
		if r.State != dispatch.Held || r.Name == "" || r.Shares != 0 {
			continue
		}
		fresh := e.copyFor(dir, doc, r.Item, r.Agency, dir.Deliver(r.Agency, e.Today()), doc.Items[r.Item].Channel)
		if r.Agency == "" {
			fresh = e.publication(doc, r.Item, r.Name, "")
		}
		r.Address = fresh.Address
		if err := e.release(tx, doc.ID, rows, r, fresh.State, fresh.Reason); err != nil {
			return "", err
		}
	}
	return "", nil
}

// release moves a held copy, and those that share it, to the state it would
// have had at once.
func (e *Engine) release(tx *bbolt.Tx, id dispatch.DocumentID, rows []dispatch.Recipient, r *dispatch.Recipient, to dispatch.State, reason string) error {
	event := map[dispatch.State]dispatch.Event{
		dispatch.Queued: dispatch.Answered, dispatch.Paper: dispatch.OnPaper,
		dispatch.Published: dispatch.Publishing, dispatch.NotSent: dispatch.Declined,
	}[to]
	if err := e.move(tx, id, r, event, reason); err != nil {
		return err
	}
	for i := range rows {
		if rows[i].Shares == r.ID && rows[i].State == dispatch.Held {
			if err := e.move(tx, id, &rows[i], event, reason); err != nil {
				return err
			}
		}
	}
	return nil
}

// choose turns the held copy of an item into copies for the chosen agencies.
// While the reading itself waits for the clerk, they stay held.
func (e *Engine) choose(tx *bbolt.Tx, doc *record, rows []dispatch.Recipient, held int, it dispatch.Item, c choice) error {
	r := rows[held]
	if c.event != dispatch.Answered {
		r.Name = it.CanonicalName
		if r.Name == "" {
			r.Name = it.Text
		}
		return e.move(tx, doc.ID, &r, c.event, "văn thư chọn")
	}
	channel := it.Channel
	if c.channel != "" {
		channel = c.channel
		doc.Items[r.Item].Channel = channel
	}
	dir := e.Directory()
	others := slices.Delete(slices.Clone(rows), held, held+1)
	for n, id := range c.agencies {
		fresh := e.copyFor(dir, doc, r.Item, id, dir.Deliver(id, e.Today()), channel)
		if len(doc.Asks) > 0 {
			fresh.State = dispatch.Held
		}
		if n > 0 {
			fresh = number(doc.ID, rows, fresh, e)
			rows = append(rows, fresh)
			if err := putRecipient(tx, doc.ID, fresh); err != nil {
				return err
			}
			continue
		}
		r.Agency, r.Name, r.Address = fresh.Agency, fresh.Name, fresh.Address
		if i := slices.IndexFunc(others, func(o dispatch.Recipient) bool { return samePlace(o, r) }); i >= 0 {
			r.Shares, fresh.State, fresh.Reason = others[i].ID, others[i].State, others[i].Reason
		}
		if err := e.become(tx, doc.ID, &r, fresh.State, fresh.Reason); err != nil {
			return err
		}
		rows[held] = r
	}
	return nil
}

// become moves a held copy to its own first state, or to the state of the copy
// that it shares, which may be past that.
func (e *Engine) become(tx *bbolt.Tx, id dispatch.DocumentID, r *dispatch.Recipient, to dispatch.State, reason string) error {
	switch {
	case to == dispatch.Held:
		return putRecipient(tx, id, *r)
	case r.Shares == 0:
		return e.release(tx, id, nil, r, to, reason)
	}
	now := e.Now().UTC()
	r.History = append(r.History, dispatch.Transition{From: r.State, To: to, Event: dispatch.Joining, At: now, Reason: reason})
	from := r.State
	r.State, r.Reason, r.Changed = to, reason, now
	if err := putRecipient(tx, id, *r); err != nil {
		return err
	}
	return appendLog(tx, entry{At: now, What: "state", Document: id, Recipient: r.ID, From: from, To: to, Why: string(dispatch.Joining)})
}
