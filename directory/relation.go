package directory

import (
	"context"
	"slices"
	"strings"
)

// Move puts a body below another from the day of the act on, and changes nothing
// else: its ID, names, addresses and officials go on, and what stands below it
// moves along. Days before keep the body above that they had. A move that is
// already entered for a later day stands.
func (r *Register) Move(ctx context.Context, act Act, id, to ID) (Event, error) {
	return r.operate(ctx, EventMove, act, func(c *change) error {
		a, err := c.here(id)
		if err != nil {
			return err
		}
		above, err := c.here(to)
		if err != nil {
			return err
		}
		switch day := c.act.Date; {
		case a.From != "" && a.From >= day:
			return refuse("%s chỉ có từ ngày %s. Ngày chuyển phải sau ngày đó.", a.Name, a.From.Vietnamese())
		case c.before.UnderOn(to, id, day):
			return refuse("%s đang trực thuộc %s, không thể là cấp trên của chính cấp trên mình. Hãy chọn cấp trên khác.", above.Name, a.Name)
		case c.before.above(id, day) == to:
			return refuse("%s đã trực thuộc %s vào ngày %s. Không cần chuyển.", a.Name, above.Name, day.Vietnamese())
		}
		c.moveTo(a, to)
		return nil
	})
}

// moveTo writes that to is above a from the day of the act until the next change
// that is known.
func (c *change) moveTo(a Agency, to ID) {
	day, eve := c.act.Date, c.act.Date.AddDays(-1)
	moved := Relation{Agency: a.ID, Other: to, Kind: kindParent, Decision: c.act.Decision, Validity: Validity{From: day}}
	past := slices.Clone(c.before.parents[a.ID])
	slices.SortFunc(past, func(a, b Relation) int { return strings.Compare(string(a.From), string(b.From)) })
	for _, p := range past {
		switch {
		case p.On(day):
			moved.Validity.To = p.Validity.To
			c.close(Change{Relation: &p}, &p.Validity)
			c.put(Change{Relation: &moved})
			return
		case p.From > day:
			moved.Validity.To = p.From.AddDays(-1)
			c.put(Change{Relation: &moved})
			return
		}
	}
	// Until now the parent column held for every day that no relation covers.
	from := Date("")
	was := func(v Validity) {
		c.put(Change{Relation: &Relation{Agency: a.ID, Other: a.Parent, Kind: kindParent, Decision: c.act.Decision, Validity: v}})
	}
	for _, p := range past {
		if p.From > from {
			was(Validity{From: from, To: p.From.AddDays(-1)})
		}
		from = p.Validity.To.AddDays(1)
	}
	if from <= eve {
		was(Validity{From: from, To: eve})
	}
	a.Parent = to
	c.put(Change{Agency: &a})
}

// SetStanding makes r.Other the standing office of the steering body r.Agency
// from the day of the act on; it takes the place of the one before. One that is
// already entered for a later day stands.
func (r *Register) SetStanding(ctx context.Context, act Act, office Relation) (Event, error) {
	return r.operate(ctx, EventRelation, act, func(c *change) error {
		for _, id := range []ID{office.Agency, office.Other} {
			if _, err := c.here(id); err != nil {
				return err
			}
		}
		office.Kind, office.Validity = kindStanding, Validity{From: c.act.Date, To: office.Validity.To}
		if office.Decision == "" {
			office.Decision = c.act.Decision
		}
		c.endStanding(office.Agency, &office)
		c.put(Change{Relation: &office})
		return nil
	})
}

// EndStanding leaves a steering body without a standing office from the day of
// the act on.
func (r *Register) EndStanding(ctx context.Context, act Act, id ID) (Event, error) {
	return r.operate(ctx, EventRelation, act, func(c *change) error {
		c.endStanding(id, nil)
		if len(c.rows) == 0 {
			return refuse("%s không có cơ quan thường trực vào ngày đó. Kiểm tra lại mã và ngày.", c.nameOf(id))
		}
		return nil
	})
}

// endStanding ends the standing office of id; next, if any, holds until the eve
// of the one that is to come.
func (c *change) endStanding(id ID, next *Relation) {
	for _, old := range c.before.standby[id] {
		switch {
		case next != nil && old.From > c.act.Date:
			if eve := old.From.AddDays(-1); next.Validity.To == "" || next.Validity.To > eve {
				next.Validity.To = eve
			}
		case c.lasts(old.Validity):
			c.close(Change{Relation: &old}, &old.Validity)
		}
	}
}
