package engine

import (
	"fmt"
	"slices"

	"quangtri.gov.vn/vanthu/directory"
	"quangtri.gov.vn/vanthu/dispatch"
)

// plan turns the items of a document into copies, each in its first state. It
// may split an item whose agency needs a question of its own.
func (e *Engine) plan(doc *record) []dispatch.Recipient {
	p := &planner{e: e, dir: e.Directory(), today: e.Today(), doc: doc, hold: len(doc.Asks) > 0}
	items := doc.Items
	doc.Items = nil
	for _, it := range items {
		p.item(it)
	}
	return p.rows
}

type planner struct {
	e     *Engine
	dir   *directory.Snapshot
	today directory.Date
	doc   *record
	hold  bool // the reading itself waits for the clerk
	rows  []dispatch.Recipient
}

func (p *planner) item(it dispatch.Item) {
	switch {
	case it.NoSend || it.Kind == dispatch.KindArchive:
		p.add(dispatch.Recipient{Item: p.keep(it), Name: it.CanonicalName, State: dispatch.NotSent})
	case it.Kind == dispatch.KindWeb && it.Certainty == dispatch.Certain:
		p.add(p.e.publication(p.doc, p.keep(it), it.CanonicalName, first(it.Agencies)))
	case it.Certainty == dispatch.Certain && len(it.Agencies) > 0:
		p.certain(it)
	default:
		p.add(dispatch.Recipient{Item: p.keep(it), State: dispatch.Held})
	}
}

// keep makes an item part of the document and returns its index.
func (p *planner) keep(it dispatch.Item) int {
	p.doc.Items = append(p.doc.Items, it)
	return len(p.doc.Items) - 1
}

// certain adds a copy for every agency of an item. An agency whose mail nobody
// but the clerk can direct today becomes an item with a question of its own.
func (p *planner) certain(it dispatch.Item) {
	ways := make(map[directory.ID]directory.Delivery)
	var known, ask []directory.ID
	for _, id := range it.Agencies {
		d := p.dir.Deliver(id, p.today)
		ways[id] = d
		if d.Ask {
			ask = append(ask, id)
		} else {
			known = append(known, id)
		}
	}
	if len(known) > 0 {
		index := p.keep(it)
		for _, id := range known {
			p.add(p.e.copyFor(p.dir, p.doc, index, id, ways[id], it.Channel))
		}
	}
	for _, id := range ask {
		p.add(dispatch.Recipient{Item: p.keep(p.question(it, id, ways[id])), State: dispatch.Held})
	}
}

// question is the item that asks who takes the mail of a body that was split, or
// of a steering body whose standing office is not certain.
func (p *planner) question(it dispatch.Item, id directory.ID, d directory.Delivery) dispatch.Item {
	a, _ := p.dir.Agency(id)
	it.Text, it.CanonicalName, it.Kind, it.Certainty = a.Name, a.Name, dispatch.KindAgency, dispatch.Doubtful
	it.Agencies, it.Candidates = []directory.ID{id}, nil
	it.Reason = d.Reason
	for _, c := range d.Choices {
		to, _ := p.dir.Agency(c)
		it.Candidates = append(it.Candidates, dispatch.Candidate{Agencies: []directory.ID{c}, Name: to.Name})
	}
	return it
}

// publication is the copy for a website or gazette: the document's own public
// page is where it can be fetched. What may not be public is not published.
func (e *Engine) publication(doc *record, item int, name string, id directory.ID) dispatch.Recipient {
	r := dispatch.Recipient{Item: item, Agency: id, Name: name}
	switch {
	case doc.Token != "":
		r.State, r.Reason = dispatch.Published, "đăng tại "+e.link(doc.Token)
	case doc.Fields.Circulation != "":
		r.State, r.Reason = dispatch.NotSent, "văn bản hạn chế lưu hành, không đăng lên mạng"
	default:
		r.State, r.Reason = dispatch.Paper, "hệ thống chưa có trang công khai; xin chuyển văn bản cho nơi đăng"
	}
	return r
}

func first(ids []directory.ID) directory.ID {
	if len(ids) == 0 {
		return ""
	}
	return ids[0]
}

// copyFor describes the copy for an agency whose way is known, still without
// number, sharing and hold.
func (e *Engine) copyFor(dir *directory.Snapshot, doc *record, item int, id directory.ID, d directory.Delivery, channel string) dispatch.Recipient {
	a, _ := dir.Agency(id)
	r := dispatch.Recipient{Item: item, Agency: id, Name: a.Name, Address: d.Address, State: dispatch.Queued, Reason: d.Reason}
	if a.Type == "kenh-dang" {
		return e.publication(doc, item, a.Name, id)
	}
	switch {
	case channel == "giấy":
		r.State, r.Address, r.Reason = dispatch.Paper, "", "Nơi nhận ghi gửi bản giấy"
	case d.Ask:
		r.State, r.Address = dispatch.Paper, ""
	case d.Address == "":
		r.State, r.Reason = dispatch.Paper, "danh bạ chưa có địa chỉ thư điện tử"
	}
	return r
}

// add numbers a copy and settles what it shares and whether it must wait.
func (p *planner) add(r dispatch.Recipient) {
	if p.hold && (r.State == dispatch.Queued || r.State == dispatch.Paper || r.State == dispatch.Published) {
		r.State = dispatch.Held
	}
	p.rows = append(p.rows, number(p.doc.ID, p.rows, r, p.e))
}

// number gives a new copy its number and delivery id. If a copy that goes to
// the same place exists, the new one shares it: nobody gets two.
func number(doc dispatch.DocumentID, rows []dispatch.Recipient, r dispatch.Recipient, e *Engine) dispatch.Recipient {
	r.ID = dispatch.RecipientID(len(rows) + 1)
	r.Delivery = fmt.Sprintf("vb/%s/%d", doc, r.ID)
	r.Changed = e.Now().UTC()
	if i := slices.IndexFunc(rows, func(o dispatch.Recipient) bool { return samePlace(o, r) }); i >= 0 {
		r.Shares, r.State, r.Reason = rows[i].ID, rows[i].State, rows[i].Reason
	}
	return r
}

// samePlace reports whether o carries the copy that r would be.
func samePlace(o, r dispatch.Recipient) bool {
	if o.Shares != 0 || r.Agency == "" && r.Address == "" {
		return false
	}
	if r.Address != "" {
		return o.Address == r.Address
	}
	return o.Agency == r.Agency && o.Address == ""
}
