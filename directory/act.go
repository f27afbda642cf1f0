package directory

import (
	"context"
	"fmt"
	"slices"

	"quangtri.gov.vn/vanthu/internal/viet"
)

// Act says who makes a change, why, and by which decision.
type Act struct {
	Who      string // the person or account that enters it; required
	Why      string
	Decision string // number and symbol of the decision that ordered it, "NQ 202/2025/QH15"
	Date     Date   // the first day on which it holds; required
	// ForwardUntil keeps the addresses of a body that ends, and has a single
	// heir, as forwarding addresses until that day; "" closes them.
	ForwardUntil Date
	DryRun       bool // check and tell, change nothing
}

// Body is an agency with what belongs to it from its first day on. Names and
// addresses take the body's ID, and its first day when they have none; the
// agency's own name is added as its official form if Names has none.
type Body struct {
	Agency    Agency
	Names     []Name
	Addresses []Address
	// Keep lets a renamed body go on with the old one's officials and, if
	// Addresses is empty, with its addresses.
	Keep bool
}

// refusal is why a change cannot be made: one Vietnamese sentence.
type refusal string

func (r refusal) Error() string { return string(r) }

// Unwrap makes every refusal an [ErrInvalid].
func (refusal) Unwrap() error { return ErrInvalid }

func refuse(format string, args ...any) error { return refusal(fmt.Sprintf(format, args...)) }

// change is an operation under way: the state before, the act, and the rows so far.
type change struct {
	before *Snapshot
	next   *facts // the state with the rows so far
	act    Act
	rows   []Change
}

// operate runs one operation: build collects its rows, which are then checked
// together and written as a single event of that kind. Errors that wrap
// [ErrInvalid] say in Vietnamese what to mend; nothing has changed then. In a
// dry run the event comes back without a number.
func (r *Register) operate(ctx context.Context, kind EventKind, act Act, build func(*change) error) (Event, error) {
	var err error
	if act.Who, act.Why, err = signed(act.Who, act.Why); err != nil {
		return Event{}, err
	}
	if act.Decision = viet.Clean(act.Decision); len(act.Decision) > maxNote {
		return Event{}, refuse("Số quyết định quá dài. Chỉ ghi số, ký hiệu và ngày.")
	}
	if _, ok := ParseDate(string(act.Date)); !ok {
		return Event{}, refuse("Ngày hiệu lực %q không đúng. Viết năm-tháng-ngày, ví dụ 2025-07-01.", clip(string(act.Date)))
	}
	if _, ok := ParseDate(string(act.ForwardUntil)); act.ForwardUntil != "" && (!ok || act.ForwardUntil < act.Date) {
		return Event{}, refuse("Ngày cuối chuyển tiếp %q không đúng. Phải là một ngày không trước ngày hiệu lực.", clip(string(act.ForwardUntil)))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.current.Load()
	c := &change{before: before, next: before.facts.clone(), act: act}
	if err := build(c); err != nil {
		return Event{}, err
	}
	if err := c.checked(); err != nil {
		return Event{}, err
	}
	e := Event{Kind: kind, Who: act.Who, Why: act.Why, Decision: act.Decision, Date: act.Date, Changes: c.rows}
	if act.DryRun || len(c.rows) == 0 {
		return e, nil
	}
	events := []Event{e}
	if err := r.add(ctx, act.Who, act.Why, events); err != nil {
		return Event{}, err
	}
	return events[0], nil
}

// put adds a row to the operation and to the state that later rows see.
func (c *change) put(row Change) {
	c.rows = append(c.rows, row)
	c.next.apply(row)
}

// checked reads every row as an import would, so that both accept the same,
// and checks that the outcome holds together.
func (c *change) checked() error {
	in := &csvReader{counts: make(map[string]int)}
	for _, row := range c.rows {
		if row.Withdrawn {
			continue
		}
		file, record := row.record()
		at := make(map[string]int)
		for i, name := range columns[file] {
			at[name] = i
		}
		in.row(&rowReader{r: in, file: file, at: at, record: record})
	}
	if len(in.errs) > 0 {
		return refusal(in.errs[0].Error())
	}
	for i, j := 0, 0; i < len(c.rows); i++ { // as cleaned
		if !c.rows[i].Withdrawn {
			c.rows[i] = in.rows[j].change
			j++
		}
		c.next.apply(c.rows[i])
	}
	all := newChecker(c.next)
	for _, row := range c.rows {
		if row.Withdrawn {
			continue
		}
		if p := all.check(row); len(p) > 0 {
			return refusal(p[0].Error())
		}
	}
	return nil
}

// alive returns a body that exists on the day before the act and has no later
// reorganisation, and so can end by it. An act in the middle of what is already
// known to have come later would leave two stories of the same days.
func (c *change) alive(id ID) (Agency, error) {
	a, ok := c.next.agencies.get(id)
	eve := c.act.Date.AddDays(-1)
	switch {
	case !ok:
		return a, refuse("Danh bạ không có cơ quan %q. Kiểm tra lại mã.", clip(string(id)))
	case a.From != "" && a.From > eve:
		return a, refuse("%s chỉ có từ ngày %s nên chưa thể thay đổi từ ngày hiệu lực. Dùng ngày sau ngày đó, hoặc ghi thẳng từ cơ quan trước nó.", a.Name, a.From.Vietnamese())
	case a.ended(c.act.Date):
		return a, refuse("%s đã kết thúc ngày %s. Không thể thay đổi từ ngày %s.", a.Name, a.To.Vietnamese(), c.act.Date.Vietnamese())
	}
	for _, s := range c.next.succession.all() {
		if s.Date >= c.act.Date && (s.From == id && a.To != "" || s.To == id) {
			return a, refuse("%s đã có thay đổi tổ chức về sau, ngày %s (%s). Hãy dùng ngày hiệu lực sau ngày đó, hoặc rút thay đổi kia trước (lệnh undo).", a.Name, s.Date.Vietnamese(), c.other(s, id))
		}
	}
	return a, nil
}

// other says in words what else a succession of id is.
func (c *change) other(s Succession, id ID) string {
	words := "kế tục " + c.nameOf(s.From)
	if s.From == id {
		words = "được kế tục bởi " + c.nameOf(s.To)
	}
	if s.Decision != "" {
		words += ", " + s.Decision
	}
	return words
}

// found adds a new body that begins with the act.
func (c *change) found(b Body) error {
	a := b.Agency
	if old, ok := c.next.agencies.get(a.ID); ok {
		return refuse("Mã %q đã dùng cho %s. Mã không bao giờ được dùng lại; hãy chọn mã khác.", clip(string(a.ID)), old.Name)
	}
	a.From = c.act.Date
	if up, ok := c.next.agencies.get(a.Parent); ok && !up.On(a.From) {
		return refuse("Cấp trên %s không tồn tại vào ngày %s. Hãy chọn cấp trên khác.", up.Name, a.From.Vietnamese())
	}
	c.put(Change{Agency: &a})
	official := slices.ContainsFunc(b.Names, func(n Name) bool { return n.Kind == "official" })
	if !official {
		b.Names = append([]Name{{Text: a.Name, Kind: "official"}}, b.Names...)
	}
	return c.furnish(a.ID, b)
}

// furnish adds the names and addresses of a body.
func (c *change) furnish(id ID, b Body) error {
	for _, n := range b.Names {
		n.Agency = id
		if n.From == "" {
			n.From = c.act.Date
		}
		if n.From < c.act.Date {
			return refuse("Tên %q bắt đầu trước ngày hiệu lực. Sửa ngày đầu của tên.", clip(n.Text))
		}
		c.put(Change{Name: &n})
	}
	for _, a := range b.Addresses {
		a.Agency = id
		if a.From == "" {
			a.From = c.act.Date
		}
		if a.From < c.act.Date {
			return refuse("Địa chỉ %q bắt đầu trước ngày hiệu lực. Sửa ngày đầu của địa chỉ.", clip(a.Address))
		}
		c.put(Change{Address: &a})
	}
	return nil
}

// end closes a body and what belongs to it on the eve of the act. Addresses and
// terms of office that were to begin later never will: they are withdrawn.
// Names may outlive their body, documents still speak of it.
func (c *change) end(id ID) error {
	a, err := c.alive(id)
	if err != nil {
		return err
	}
	eve := c.act.Date.AddDays(-1)
	a.To = eve
	c.put(Change{Agency: &a})
	for _, n := range c.next.names.all() {
		if n.Agency == id && c.open(n.Validity) {
			n.To = eve
			c.put(Change{Name: &n})
		}
	}
	for _, o := range c.next.officials.all() {
		if o.Agency == id && c.lasts(o.Validity) {
			c.close(Change{Official: &o}, &o.Validity)
		}
	}
	for _, ad := range c.next.addresses.all() {
		if ad.Agency == id && c.lasts(ad.Validity) {
			c.close(Change{Address: &ad}, &ad.Validity)
		}
	}
	for _, r := range c.next.relations.all() {
		if r.Agency == id && c.lasts(r.Validity) {
			c.close(Change{Relation: &r}, &r.Validity)
		}
	}
	return nil
}

// close ends the fact of row, whose span is v, on the eve of the act, or
// withdraws it if it was to begin with the act or later.
func (c *change) close(row Change, v *Validity) {
	if v.From != "" && v.From >= c.act.Date {
		row.Withdrawn = true
	} else {
		v.To = c.act.Date.AddDays(-1)
	}
	c.put(row)
}

// forward keeps, until the day that the act gives, the addresses that the act
// closed and nobody took over.
func (c *change) forward(ids ...ID) {
	if c.act.ForwardUntil == "" {
		return
	}
	eve := c.act.Date.AddDays(-1)
	for _, a := range c.next.addresses.all() {
		if !slices.Contains(ids, a.Agency) || a.To != eve || c.taken(a.Address) {
			continue
		}
		a.Validity, a.Status = Validity{From: c.act.Date, To: c.act.ForwardUntil}, "forward"
		c.put(Change{Address: &a})
	}
}

// lasts reports whether a fact would hold on the day of the act or later.
func (c *change) lasts(v Validity) bool { return v.To == "" || v.To >= c.act.Date }

// open reports whether a fact that held before the act would go on past its eve.
func (c *change) open(v Validity) bool {
	return (v.From == "" || v.From < c.act.Date) && (v.To == "" || v.To >= c.act.Date)
}

// taken reports whether some body holds the address on or after the day of the act.
func (c *change) taken(address string) bool {
	return slices.ContainsFunc(c.next.addresses.all(), func(a Address) bool {
		return a.Address == address && a.overlaps(Validity{From: c.act.Date})
	})
}

// follow records that to follows from since the day of the act.
func (c *change) follow(from, to ID, kind string) {
	c.put(Change{Succession: &Succession{From: from, To: to, Date: c.act.Date, Kind: kind, Decision: c.act.Decision}})
}
