package engine

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.etcd.io/bbolt"

	"quangtri.gov.vn/vanthu/directory"
	"quangtri.gov.vn/vanthu/dispatch"
	"quangtri.gov.vn/vanthu/dispatch/recipients"
	"quangtri.gov.vn/vanthu/internal/viet"
)

// Answer is what the clerk says about one line.
type Answer struct {
	Label  string // "4", "4b", or dispatch.ConfirmLabel for the reading as a whole
	Choice string // "1", "1,3", "0", "giấy", "ok", or an agency's name or address
}

// Answered says what became of one answer.
type Answered struct {
	Answer
	Problem string // Vietnamese, "" if it was taken
}

// choice is an answer understood.
type choice struct {
	agencies []directory.ID
	event    dispatch.Event // Answered, Declined or OnPaper
}

// Answer applies the clerk's answers to a document, those that can be taken in
// one transaction, and schedules a report. who is the account, or "" for the
// operator. The answers are remembered for the issuing agency only.
func (e *Engine) Answer(ctx context.Context, id dispatch.DocumentID, who string, answers []Answer) ([]Answered, error) {
	var out []Answered
	err := e.db.Update(ctx, func(tx *bbolt.Tx) error {
		out = out[:0]
		doc, err := getRecord(tx, id)
		if err != nil {
			return err
		}
		taken := false
		for _, a := range answers {
			rows, err := getRecipients(tx, id)
			if err != nil {
				return err
			}
			problem, err := e.answer(tx, &doc, rows, a)
			if err != nil {
				return err
			}
			out = append(out, Answered{a, problem})
			taken = taken || problem == ""
		}
		if !taken {
			return nil
		}
		doc.Version++
		if err := appendLog(tx, entry{At: e.Now().UTC(), What: "answered", Who: who, Document: id}); err != nil {
			return err
		}
		if err := scheduleReport(tx, &doc, "answered"); err != nil {
			return err
		}
		return put(tx, bDocuments, []byte(id), doc)
	})
	if err != nil {
		return nil, err
	}
	e.changed()
	return out, nil
}

// answer takes one answer; problem is for the clerk, err is ours.
func (e *Engine) answer(tx *bbolt.Tx, doc *record, rows []dispatch.Recipient, a Answer) (problem string, err error) {
	v := dispatch.NewView(doc.Document, rows)
	if strings.TrimSpace(a.Label) == dispatch.ConfirmLabel {
		return e.confirm(tx, doc, rows, v, a.Choice)
	}
	part, ok := v.Part(a.Label)
	if !ok {
		return fmt.Sprintf("không có dòng %s cần trả lời trong văn bản này", a.Label), nil
	}
	if !part.Waiting() {
		return fmt.Sprintf("dòng %s không còn chờ trả lời", part.Label), nil
	}
	c, problem := e.understand(doc, part, a.Choice)
	if problem != "" {
		return problem, nil
	}
	held := slices.IndexFunc(rows, func(r dispatch.Recipient) bool {
		return r.Item == part.Index && r.State == dispatch.Held && r.Agency == ""
	})
	if err := e.choose(tx, doc, rows, held, part.Item, c); err != nil {
		return "", err
	}
	return "", e.remember(tx, doc.Issuer, part.Item, c)
}

var yes = regexp.MustCompile(`^(ok|oke|okay|co|dong y|dung|dung gui di|gui|gui di|xac nhan|yes|y)$`)

// confirm releases every copy that waited only for the reading to be confirmed.
func (e *Engine) confirm(tx *bbolt.Tx, doc *record, rows []dispatch.Recipient, v dispatch.View, text string) (string, error) {
	if !v.Confirm {
		return "văn bản này không cần xác nhận thêm", nil
	}
	if !yes.MatchString(viet.Fold(strings.Trim(text, " .!"))) {
		return "để xác nhận và gửi đi, xin viết: 0: ok", nil
	}
	doc.Asks = nil
	dir := e.Directory()
	for i := range rows {
		r := &rows[i]
		if r.State != dispatch.Held || r.Agency == "" || r.Shares != 0 {
			continue
		}
		it := doc.Items[r.Item]
		fresh := e.copyFor(dir, doc, r.Item, r.Agency, dir.Deliver(r.Agency, e.Today()), it.Channel)
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
func (e *Engine) choose(tx *bbolt.Tx, doc *record, rows []dispatch.Recipient, held int, it dispatch.Item, c choice) error {
	r := rows[held]
	if c.event != dispatch.Answered {
		r.Name = it.CanonicalName
		if r.Name == "" {
			r.Name = it.Text
		}
		return e.move(tx, doc.ID, &r, c.event, "văn thư chọn")
	}
	dir := e.Directory()
	others := slices.Delete(slices.Clone(rows), held, held+1)
	for n, id := range c.agencies {
		fresh := e.copyFor(dir, doc, r.Item, id, dir.Deliver(id, e.Today()), it.Channel)
		if n == 0 {
			r.Agency, r.Name, r.Address = fresh.Agency, fresh.Name, fresh.Address
			if i := slices.IndexFunc(others, func(o dispatch.Recipient) bool { return samePlace(o, r) }); i >= 0 {
				r.Shares = others[i].ID
				fresh.State, fresh.Reason = others[i].State, others[i].Reason
			}
			if err := e.become(tx, doc.ID, &r, fresh.State, fresh.Reason); err != nil {
				return err
			}
			rows[held] = r
			continue
		}
		fresh = number(doc.ID, rows, fresh, e)
		rows = append(rows, fresh)
		if err := putRecipient(tx, doc.ID, fresh); err != nil {
			return err
		}
	}
	return nil
}

// become moves a held copy to the state of the copy that it shares, or to its
// own first state. A shared copy may be past the first state already; then the
// history says so in one step.
func (e *Engine) become(tx *bbolt.Tx, id dispatch.DocumentID, r *dispatch.Recipient, to dispatch.State, reason string) error {
	switch to {
	case dispatch.Queued, dispatch.Paper, dispatch.Published, dispatch.NotSent:
		return e.release(tx, id, nil, r, to, reason)
	}
	if err := e.move(tx, id, r, dispatch.Answered, "cùng nơi nhận với dòng khác"); err != nil {
		return err
	}
	r.State, r.Reason = to, reason
	return putRecipient(tx, id, *r)
}

var numbers = regexp.MustCompile(`^\d+(\s*[,;+ ]\s*\d+)*$`)

// understand reads one choice. It accepts what people write: a number, several
// numbers, "0", "không", "giấy", an agency's name or its address.
func (e *Engine) understand(doc *record, p dispatch.Part, text string) (choice, string) {
	text = strings.Trim(viet.Clean(text), " .;,\"'«»[]()")
	folded := viet.Fold(text)
	switch folded {
	case "0", "khong", "khong gui", "bo", "bo qua", "ko", "k":
		return choice{event: dispatch.Declined}, ""
	case "giay", "g", "gui giay", "ban giay", "gui ban giay":
		return choice{event: dispatch.OnPaper}, ""
	case "":
		return choice{}, fmt.Sprintf("dòng %s chưa có lựa chọn", p.Label)
	}
	if numbers.MatchString(text) {
		return numbered(p, text)
	}
	return e.named(doc, p, text)
}

func numbered(p dispatch.Part, text string) (choice, string) {
	c := choice{event: dispatch.Answered}
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return r < '0' || r > '9' }) {
		n, err := strconv.Atoi(w)
		if err != nil || n < 1 || n > len(p.Item.Candidates) {
			return choice{}, fmt.Sprintf("dòng %s không có lựa chọn %s", p.Label, w)
		}
		for _, id := range p.Item.Candidates[n-1].Agencies {
			c.add(id)
		}
	}
	if len(c.agencies) == 0 {
		return choice{}, fmt.Sprintf("lựa chọn của dòng %s không có cơ quan nào trong danh bạ; xin viết tên cơ quan, giấy hoặc 0", p.Label)
	}
	return c, ""
}

// named finds the agencies that the clerk wrote: official addresses, or what a
// line of Nơi nhận could say, such as "Sở Nội vụ; UBND các huyện". Everything in
// it must be certain.
func (e *Engine) named(doc *record, p dispatch.Part, text string) (choice, string) {
	c := choice{event: dispatch.Answered}
	var words []string
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return r == ';' || r == ',' || r == ' ' || r == '<' || r == '>' }) {
		if !strings.Contains(w, "@") {
			words = append(words, w)
			continue
		}
		a, ok := e.Directory().ByAddress(strings.ToLower(w), e.Today())
		if !ok {
			return choice{}, fmt.Sprintf("dòng %s: địa chỉ %s không có trong danh bạ địa chỉ chính thức", p.Label, firstWords(w, 80))
		}
		c.add(a.ID)
	}
	if len(c.agencies) == 0 {
		words = []string{text}
	}
	if len(words) == 0 {
		return c, ""
	}
	if doubt := e.lookUp(doc, strings.Join(words, " "), &c); doubt != "" {
		return choice{}, fmt.Sprintf("dòng %s: danh bạ không biết chắc «%s» là cơ quan nào; xin chọn một số đã cho, viết địa chỉ thư của cơ quan, hoặc viết giấy", p.Label, firstWords(doubt, 60))
	}
	return c, ""
}

// lookUp adds what a text in the language of Nơi nhận names, on the day of issue
// or else today. It returns the part that is in doubt, "" if none is.
func (e *Engine) lookUp(doc *record, text string, c *choice) (doubt string) {
	for _, on := range []directory.Date{doc.Fields.Date, e.Today()} {
		found := *c
		doubt = ""
		for _, it := range recipients.Resolve(e.Directory(), recipients.Block{Lines: []string{text}, Issuer: doc.Issuer, IssuerName: doc.Fields.Issuer, On: on}) {
			if it.Certainty != dispatch.Certain || len(it.Agencies) == 0 {
				doubt = it.Text
				break
			}
			for _, id := range it.Agencies {
				found.add(id)
			}
		}
		if doubt == "" && len(found.agencies) > 0 {
			*c = found
			return ""
		}
	}
	if doubt == "" {
		doubt = text
	}
	return doubt
}

// add takes an agency once.
func (c *choice) add(id directory.ID) {
	if !slices.Contains(c.agencies, id) {
		c.agencies = append(slices.Clip(c.agencies), id)
	}
}
