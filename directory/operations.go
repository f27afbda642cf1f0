package directory

import (
	"context"
	"fmt"
	"slices"
)

// Found enters a new body.
func (r *Register) Found(ctx context.Context, act Act, b Body) (Event, error) {
	return r.operate(ctx, EventFound, act, func(c *change) error { return c.found(b) })
}

// Rename gives a body a new name: the old entry ends on the eve, the new one,
// which needs an ID of its own, begins with the day and follows it. What the
// new body leaves empty (type, level, body above, code) is the old one's.
// Bodies below follow without a change of their own.
func (r *Register) Rename(ctx context.Context, act Act, old ID, b Body) (Event, error) {
	return r.operate(ctx, EventRename, act, func(c *change) error {
		a, err := c.alive(old)
		if err != nil {
			return err
		}
		c.inherit(&b.Agency, a)
		// End first, so that the new body may take the addresses over.
		if err := c.end(old); err != nil {
			return err
		}
		if b.Keep {
			c.keep(&b, old)
		}
		if err := c.found(b); err != nil {
			return err
		}
		if b.Keep {
			c.keepOfficials(b.Agency.ID, old)
		}
		c.follow(old, b.Agency.ID, "renamed")
		c.forward(old)
		return nil
	})
}

// inherit fills in what a leaves empty from the bodies that it follows, where
// they agree.
func (c *change) inherit(a *Agency, from ...Agency) {
	agreed := func(field func(Agency) string) string {
		for _, f := range from {
			if field(f) != field(from[0]) {
				return ""
			}
		}
		return field(from[0])
	}
	fill := func(to *string, field func(Agency) string) {
		if *to == "" {
			*to = agreed(field)
		}
	}
	fill(&a.Type, func(f Agency) string { return f.Type })
	fill(&a.Level, func(f Agency) string { return f.Level })
	if len(from) == 1 {
		fill(&a.Code, func(f Agency) string { return f.Code })
	}
	parent := string(a.Parent)
	fill(&parent, func(f Agency) string { return string(c.before.standing(f.Parent, c.act.Date)) })
	a.Parent = ID(parent)
}

// keep gives b the addresses that old had until the eve, unless b brings its own.
func (c *change) keep(b *Body, old ID) {
	if len(b.Addresses) > 0 {
		return
	}
	for _, a := range c.before.AllAddresses(old) {
		if c.open(a.Validity) && a.Status != "forward" {
			a.Validity = Validity{To: a.To}
			b.Addresses = append(b.Addresses, a)
		}
	}
}

// keepOfficials lets the officials of old stay in office at id.
func (c *change) keepOfficials(id, old ID) {
	for _, o := range c.before.officialsOf[old] {
		if !c.open(o.Validity) {
			continue
		}
		base := o.ID
		for n, taken := 2, true; taken; n++ {
			o.ID = ID(fmt.Sprintf("%s-%d", base, n))
			_, taken = c.next.officials.get(o.ID)
		}
		o.Agency, o.From = id, c.act.Date
		c.put(Change{Official: &o})
	}
}

// Merge makes several bodies one. If into has the ID of a body that exists, that
// body takes the others in, keeps its ID and goes on ("dissolved-into"); else
// it is founded and follows them all ("merged").
func (r *Register) Merge(ctx context.Context, act Act, from []ID, into Body) (Event, error) {
	return r.operate(ctx, EventMerge, act, func(c *change) error {
		id := into.Agency.ID
		from = slices.DeleteFunc(distinct(slices.Clone(from)), func(f ID) bool { return f == id })
		if len(from) == 0 {
			return refuse("Hợp nhất cần ít nhất một cơ quan khác cơ quan tiếp nhận. Hãy chọn các cơ quan được hợp nhất.")
		}
		kind, add := "merged", c.found
		if _, exists := c.next.agencies.get(id); exists {
			survivor, err := c.here(id)
			if err != nil {
				return err
			}
			if survivor.From != c.act.Date { // else it was founded for this merger
				kind = "dissolved-into"
			}
			add = func(b Body) error { return c.furnish(id, b) }
		}
		var olds []Agency
		for _, f := range from {
			old, _ := c.next.agencies.get(f)
			olds = append(olds, old)
			if err := c.end(f); err != nil {
				return err
			}
		}
		c.inherit(&into.Agency, olds...)
		if err := add(into); err != nil {
			return err
		}
		for _, f := range from {
			c.follow(f, id, kind)
		}
		c.forward(from...)
		return nil
	})
}

// Split divides the work of a body among parts, each a new body or, by its ID,
// one that exists. Unless it survives, the body ends; nobody's mail follows a
// split by itself.
func (r *Register) Split(ctx context.Context, act Act, from ID, parts []Body, survives bool) (Event, error) {
	return r.operate(ctx, EventSplit, act, func(c *change) error {
		whole, err := c.alive(from)
		if err != nil {
			return err
		}
		if len(parts) == 0 {
			return refuse("Chia tách cần ít nhất một cơ quan nhận phần việc. Hãy thêm cơ quan.")
		}
		if !survives {
			if err := c.end(from); err != nil {
				return err
			}
		}
		for _, p := range parts {
			if p.Agency.ID == from {
				return refuse("Cơ quan bị chia không thể nhận phần việc của chính mình. Hãy chọn \"còn tồn tại\" nếu cơ quan đó tiếp tục.")
			}
			add := c.found
			if _, ok := c.next.agencies.get(p.Agency.ID); !ok {
				whole.Code = ""
				c.inherit(&p.Agency, whole)
			} else {
				if _, err := c.here(p.Agency.ID); err != nil {
					return err
				}
				add = func(b Body) error { return c.furnish(b.Agency.ID, b) }
			}
			if err := add(p); err != nil {
				return err
			}
			c.follow(from, p.Agency.ID, kindSplit)
		}
		return nil
	})
}

// Dissolve ends a body. One successor takes it in, several take a part each,
// none leaves its mail without an heir.
func (r *Register) Dissolve(ctx context.Context, act Act, id ID, successors []ID) (Event, error) {
	return r.operate(ctx, EventDissolve, act, func(c *change) error {
		successors = distinct(slices.Clone(successors))
		for _, to := range successors {
			a, ok := c.next.agencies.get(to)
			if to == id || !ok || !a.On(c.act.Date) {
				return refuse("Cơ quan kế tục %q không tồn tại vào ngày %s. Hãy chọn cơ quan khác.", clip(string(to)), c.act.Date.Vietnamese())
			}
		}
		if err := c.end(id); err != nil {
			return err
		}
		if len(successors) == 1 {
			c.follow(id, successors[0], "dissolved-into")
			c.forward(id)
			return nil
		}
		for _, to := range successors {
			c.follow(id, to, kindSplit)
		}
		return nil
	})
}

// SetAddress gives a body an address from the day of the act on. Other open
// addresses of that kind of the body end on the eve, except units' ones, of
// which there may be many. A change of that kind that is already entered for a
// later day stands: the new address then holds until its eve.
func (r *Register) SetAddress(ctx context.Context, act Act, a Address) (Event, error) {
	return r.operate(ctx, EventAddress, act, func(c *change) error {
		if _, err := c.here(a.Agency); err != nil {
			return err
		}
		a.Address = normalAddress(a.Address)
		a.From = c.act.Date
		for _, old := range c.next.addresses.all() {
			if old.Agency != a.Agency || old.Kind != a.Kind {
				continue
			}
			switch {
			case old.Address == a.Address && c.lasts(old.Validity) && !(old.From > a.From):
				return refuse("%s đã có địa chỉ %s trong thời gian đó. Hãy đóng địa chỉ cũ trước.", c.nameOf(a.Agency), a.Address)
			case a.Kind == "unit" && old.Address != a.Address:
			case old.From > a.From:
				if eve := old.From.AddDays(-1); a.To == "" || a.To > eve {
					a.To = eve
				}
			case c.lasts(old.Validity):
				c.close(Change{Address: &old}, &old.Validity)
			}
		}
		c.put(Change{Address: &a})
		return nil
	})
}

// CloseAddress ends an address of a body on the eve of the act; one that was to
// begin later never will.
func (r *Register) CloseAddress(ctx context.Context, act Act, agency ID, address string) (Event, error) {
	return r.operate(ctx, EventAddress, act, func(c *change) error {
		address = normalAddress(address)
		for _, a := range c.next.addresses.all() {
			if a.Agency == agency && a.Address == address && c.lasts(a.Validity) {
				c.close(Change{Address: &a}, &a.Validity)
			}
		}
		if len(c.rows) == 0 {
			return refuse("%s không có địa chỉ %s vào ngày đó. Kiểm tra lại địa chỉ và ngày.", c.nameOf(agency), clip(address))
		}
		return nil
	})
}

// SetOfficial enters the holder of a post from the day of the act on. replaces,
// if not "", is the official whose term ends on the eve.
func (r *Register) SetOfficial(ctx context.Context, act Act, o Official, replaces ID) (Event, error) {
	return r.operate(ctx, EventOfficial, act, func(c *change) error {
		if _, err := c.here(o.Agency); err != nil {
			return err
		}
		if _, ok := c.next.officials.get(o.ID); ok {
			return refuse("Mã công chức %q đã dùng. Hãy chọn mã khác.", clip(string(o.ID)))
		}
		if replaces != "" {
			if err := c.leave(replaces); err != nil {
				return err
			}
		}
		o.From = c.act.Date
		c.put(Change{Official: &o})
		return nil
	})
}

// EndOfficial ends a term on the eve of the act.
func (r *Register) EndOfficial(ctx context.Context, act Act, id ID) (Event, error) {
	return r.operate(ctx, EventOfficial, act, func(c *change) error { return c.leave(id) })
}

func (c *change) leave(id ID) error {
	o, ok := c.next.officials.get(id)
	if !ok || !c.lasts(o.Validity) {
		return refuse("Không có công chức %q đang giữ chức vào ngày đó. Kiểm tra lại mã và ngày.", clip(string(id)))
	}
	c.close(Change{Official: &o}, &o.Validity)
	return nil
}

// AddName adds a form under which documents call a body, from the day of the
// act on, or from the earlier day n.From if the form was always in use and was
// only missing here.
func (r *Register) AddName(ctx context.Context, act Act, n Name) (Event, error) {
	return r.operate(ctx, EventName, act, func(c *change) error {
		if _, ok := c.next.agencies.get(n.Agency); !ok {
			return refuse("Danh bạ không có cơ quan %q. Kiểm tra lại mã.", clip(string(n.Agency)))
		}
		if n.From == "" {
			n.From = c.act.Date
		}
		if _, ok := c.next.names.get(n.row()); ok {
			return refuse("%s đã có tên %q. Không cần thêm.", c.nameOf(n.Agency), clip(n.Text))
		}
		c.put(Change{Name: &n})
		return nil
	})
}

// CloseName ends every use of a form by a body on the eve of the act.
func (r *Register) CloseName(ctx context.Context, act Act, agency ID, text string) (Event, error) {
	return r.operate(ctx, EventName, act, func(c *change) error {
		for _, n := range c.next.names.all() {
			if n.Agency == agency && nameKey(n.Text) == nameKey(text) && c.lasts(n.Validity) {
				c.close(Change{Name: &n}, &n.Validity)
			}
		}
		if len(c.rows) == 0 {
			return refuse("%s không có tên %q vào ngày đó. Kiểm tra lại tên và ngày.", c.nameOf(agency), clip(text))
		}
		return nil
	})
}

// Withdraw takes back a name, address, succession, group or official that was
// entered by mistake; the journal keeps it. This is the one operation that
// changes answers about the past, since they were wrong. Agencies are not
// withdrawn so, because their IDs are never free again.
func (r *Register) Withdraw(ctx context.Context, act Act, row Change) (Event, error) {
	return r.operate(ctx, EventWithdraw, act, func(c *change) error {
		if row.Agency != nil || row.key() == nil {
			return refuse("Chỉ rút được tên, địa chỉ, dòng kế tục, nhóm hoặc công chức. Cơ quan nhập nhầm thì cho kết thúc.")
		}
		if c.next.compare(row) != rowSame {
			return refuse("Danh bạ không có đúng dòng này. Hãy tải lại rồi chọn dòng cần rút.")
		}
		row.Withdrawn = true
		c.put(row)
		return nil
	})
}

// here returns a body that exists on the day of the act.
func (c *change) here(id ID) (Agency, error) {
	a, ok := c.next.agencies.get(id)
	switch {
	case !ok:
		return a, refuse("Danh bạ không có cơ quan %q. Kiểm tra lại mã.", clip(string(id)))
	case !a.On(c.act.Date):
		return a, refuse("%s không tồn tại vào ngày %s. Kiểm tra lại ngày.", a.Name, c.act.Date.Vietnamese())
	}
	return a, nil
}

func (c *change) nameOf(id ID) string {
	if a, ok := c.next.agencies.get(id); ok {
		return a.Name
	}
	return clip(string(id))
}
