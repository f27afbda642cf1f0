package directory

import "fmt"

// checkAll reports, for the rows that were read, whatever does not hold
// together in next: unknown bodies, cycles, an address with two holders. Rows
// that next had before were checked when they came.
func checkAll(next *facts, in *csvReader) {
	owners := addressOwners(next)
	for _, row := range in.rows {
		for _, p := range check(next, row.change, owners) {
			p.File, p.Line = row.file, row.line
			in.fail(p)
		}
	}
}

// check returns what is wrong with one row of next, without file and line.
func check(next *facts, c Change, owners map[string][]Address) []RowError {
	var out []RowError
	need := func(field string, id ID) {
		if _, ok := next.agencies.get(id); id != "" && !ok {
			out = append(out, RowError{Field: field, Problem: fmt.Sprintf("không có cơ quan %q", id), Advice: "Thêm cơ quan này vào agencies.csv hoặc sửa mã"})
		}
	}
	switch {
	case c.Agency != nil:
		need("parent_id", c.Agency.Parent)
		if next.inCycle(c.Agency.ID) {
			out = append(out, RowError{Field: "parent_id", Problem: "chuỗi cấp trên quay vòng", Advice: "Sửa để chuỗi cấp trên kết thúc ở địa bàn hoặc cơ quan Trung ương"})
		}
	case c.Name != nil:
		need("agency_id", c.Name.Agency)
		need("issuer_scope", c.Name.Scope)
	case c.Succession != nil:
		need("from_id", c.Succession.From)
		need("to_id", c.Succession.To)
	case c.Group != nil:
		need("scope", c.Group.Scope)
		if r, err := parseRule(c.Group.Rule); err == nil {
			for _, id := range r.ids() {
				need("rule", id)
			}
		}
	case c.Address != nil:
		need("agency_id", c.Address.Agency)
		for _, other := range owners[c.Address.Address] {
			if other.Agency != c.Address.Agency && other.overlaps(c.Address.Validity) {
				out = append(out, RowError{Field: "address", Problem: fmt.Sprintf("cùng lúc thuộc %q", other.Agency), Advice: "Một địa chỉ chỉ của một cơ quan tại một thời điểm; sửa ngày hoặc cơ quan"})
				break
			}
		}
	case c.Official != nil:
		need("agency_id", c.Official.Agency)
	}
	return out
}

func addressOwners(f *facts) map[string][]Address {
	out := make(map[string][]Address, len(f.addresses.order))
	for _, a := range f.addresses.all() {
		out[a.Address] = append(out[a.Address], a)
	}
	return out
}

// overlaps reports whether v and w share a day.
func (v Validity) overlaps(w Validity) bool {
	return (v.To == "" || w.From <= v.To) && (w.To == "" || v.From <= w.To)
}

// inCycle reports whether walking up from id never ends. Chains deeper than
// maxDepth count as endless, because every walk stops there.
func (f *facts) inCycle(id ID) bool {
	for range maxDepth {
		a, ok := f.agencies.get(id)
		if !ok || a.Parent == "" {
			return false
		}
		id = a.Parent
	}
	return true
}
