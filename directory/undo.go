package directory

import (
	"context"
	"fmt"
	"slices"
)

// Undo takes a mistaken event back as a whole: each row that it left becomes what
// it was before, or is withdrawn if there was none. The journal keeps both. It is
// refused once anything that the event did has been changed or built upon; then
// that goes first. A body that an undone event founded never existed, so its ID
// is free again. Of act only Who and Why count.
func (r *Register) Undo(ctx context.Context, act Act, seq uint64) (Event, error) {
	wrong, err := r.event(seq)
	if err != nil {
		return Event{}, err
	}
	was, err := r.KnownAt(seq - 1)
	if err != nil {
		return Event{}, err
	}
	act.Decision, act.ForwardUntil = wrong.Decision, ""
	if act.Date = wrong.Date; act.Date == "" {
		act.Date = DateOf(r.now())
	}
	return r.operate(ctx, EventUndo, act, func(c *change) error {
		for _, row := range slices.Backward(last(wrong.Changes)) {
			if !c.next.holds(row) {
				return refuse("Thay đổi số %d về %s đã được sửa tiếp sau đó. Hãy rút thay đổi sau trước.", seq, row.Describe())
			}
			if old, ok := was.facts.version(row); ok {
				c.put(old)
				continue
			}
			row.Withdrawn = true
			c.put(row)
		}
		return c.unbroken(seq)
	})
}

// event reads one event of the journal.
func (r *Register) event(seq uint64) (Event, error) {
	if seq == 0 {
		return Event{}, refuse("Số thay đổi phải từ 1. Xem số bằng lệnh history hoặc journal.")
	}
	found, err := r.Journal(seq-1, 1)
	if err != nil {
		return Event{}, err
	}
	if len(found) == 0 {
		return Event{}, refuse("Danh bạ chưa có thay đổi số %d. Xem số bằng lệnh history hoặc journal.", seq)
	}
	return found[0], nil
}

// last keeps of several changes of one row the last.
func last(rows []Change) []Change {
	at := make(map[any]int)
	for i, c := range rows {
		at[c.key()] = i
	}
	var out []Change
	for i, c := range rows {
		if at[c.key()] == i {
			out = append(out, c)
		}
	}
	return out
}

// holds reports whether f is as c left it.
func (f *facts) holds(c Change) bool {
	if c.Withdrawn {
		return f.compare(c) == rowNew
	}
	return f.compare(c) == rowSame
}

// version returns the row that f holds under the key of c.
func (f *facts) version(c Change) (Change, bool) {
	if f.compare(c) == rowNew {
		return Change{}, false
	}
	switch {
	case c.Agency != nil:
		c.Agency = held(&f.agencies, c.Agency.row())
	case c.Name != nil:
		c.Name = held(&f.names, c.Name.row())
	case c.Succession != nil:
		c.Succession = held(&f.succession, c.Succession.row())
	case c.Group != nil:
		c.Group = held(&f.groups, c.Group.row())
	case c.Address != nil:
		c.Address = held(&f.addresses, c.Address.row())
	case c.Official != nil:
		c.Official = held(&f.officials, c.Official.row())
	case c.Relation != nil:
		c.Relation = held(&f.relations, c.Relation.row())
	}
	c.Withdrawn = false
	return c, true
}

func held[K comparable, V any](t *rows[K, V], k K) *V {
	v, _ := t.get(k)
	return &v
}

// unbroken refuses an undo on which other rows were built.
func (c *change) unbroken(seq uint64) error {
	mine := make(map[any]int)
	for _, row := range c.rows {
		mine[row.key()] = 1
	}
	if p := broken(newChecker(c.before.facts), newChecker(c.next), mine); len(p) > 0 {
		return refuse("Không rút được thay đổi số %d vì có thay đổi khác dựa vào nó. %s", seq, fmt.Sprint(p[0].Error()))
	}
	return nil
}
