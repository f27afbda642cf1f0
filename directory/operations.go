package directory

import (
	"context"
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
		inherit(&b.Agency, a)
		// End first, so that the new body may take the addresses over.
		if err := c.end(old); err != nil {
			return err
		}
		if err := c.found(b); err != nil {
			return err
		}
		c.follow(old, b.Agency.ID, "renamed")
		c.forward(old)
		return nil
	})
}

func inherit(a *Agency, old Agency) {
	if a.Type == "" {
		a.Type = old.Type
	}
	if a.Level == "" {
		a.Level = old.Level
	}
	if a.Parent == "" {
		a.Parent = old.Parent
	}
	if a.Code == "" {
		a.Code = old.Code
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
		_, survives := c.next.agencies.get(id)
		if survives {
			if _, err := c.alive(id); err != nil {
				return err
			}
		}
		for _, f := range from {
			if err := c.end(f); err != nil {
				return err
			}
		}
		kind, add := "merged", c.found
		if survives {
			kind, add = "dissolved-into", func(b Body) error { return c.furnish(id, b) }
		}
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
		if _, err := c.alive(from); err != nil {
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
			if _, ok := c.next.agencies.get(p.Agency.ID); ok {
				if _, err := c.alive(p.Agency.ID); err != nil {
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
// which there may be many.
func (r *Register) SetAddress(ctx context.Context, act Act, a Address) (Event, error) {
	return r.operate(ctx, EventAddress, act, func(c *change) error {
		if _, err := c.here(a.Agency); err != nil {
			return err
		}
		a.From = c.act.Date
		for _, old := range c.next.addresses.all() {
			if old.Agency == a.Agency && old.Kind == a.Kind && a.Kind != "unit" && old.Address != a.Address && c.open(old.Validity) {
				old.To = c.act.Date.AddDays(-1)
				c.put(Change{Address: &old})
			}
			if old.Agency == a.Agency && old.Kind == a.Kind && old.Address == a.Address && old.overlaps(a.Validity) {
				return refuse("%s đã có địa chỉ %s trong thời gian đó. Hãy đóng địa chỉ cũ trước.", c.nameOf(a.Agency), a.Address)
			}
		}
		c.put(Change{Address: &a})
		return nil
	})
}

// CloseAddress ends an address of a body on the eve of the act.
func (r *Register) CloseAddress(ctx context.Context, act Act, agency ID, address string) (Event, error) {
	return r.operate(ctx, EventAddress, act, func(c *change) error {
		address = normalAddress(address)
		for _, a := range c.next.addresses.all() {
			if a.Agency == agency && a.Address == address && c.open(a.Validity) {
				a.To = c.act.Date.AddDays(-1)
				c.put(Change{Address: &a})
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
	if !ok || !c.open(o.Validity) {
		return refuse("Không có công chức %q đang giữ chức vào ngày đó. Kiểm tra lại mã và ngày.", clip(string(id)))
	}
	o.To = c.act.Date.AddDays(-1)
	c.put(Change{Official: &o})
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

// CloseName ends every open use of a form by a body on the eve of the act.
func (r *Register) CloseName(ctx context.Context, act Act, agency ID, text string) (Event, error) {
	return r.operate(ctx, EventName, act, func(c *change) error {
		for _, n := range c.next.names.all() {
			if n.Agency == agency && nameKey(n.Text) == nameKey(text) && c.open(n.Validity) {
				n.To = c.act.Date.AddDays(-1)
				c.put(Change{Name: &n})
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
// changes answers about the past, since they were wrong. Agencies are never
// withdrawn, because their IDs are never free again.
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
