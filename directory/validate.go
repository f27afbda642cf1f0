package directory

import (
	"fmt"
	"slices"
)

// checker finds what does not hold together in a state of the register: unknown
// bodies, cycles, an address with two holders, facts that contradict each
// other. Its indexes are made once for many rows.
type checker struct {
	next    *facts
	holders map[string][]Address // by address
	names   map[nameForm][]Name  // the same form of the same body
	heirs   map[ID][]Succession  // by predecessor
	former  map[ID][]Succession  // by successor
	above   map[ID][]Relation    // of kind parent
	offices map[ID][]Relation    // of kind standing-office
}

type nameForm struct {
	agency     ID
	text, kind string
	scope      ID
}

func newChecker(next *facts) *checker {
	c := &checker{
		next: next, holders: make(map[string][]Address, len(next.addresses.order)), names: make(map[nameForm][]Name, len(next.names.order)),
		heirs: make(map[ID][]Succession), former: make(map[ID][]Succession), above: make(map[ID][]Relation), offices: make(map[ID][]Relation),
	}
	for _, a := range next.addresses.all() {
		c.holders[a.Address] = append(c.holders[a.Address], a)
	}
	for _, n := range next.names.all() {
		f := nameForm{n.Agency, n.Text, n.Kind, n.Scope}
		c.names[f] = append(c.names[f], n)
	}
	for _, s := range next.succession.all() {
		c.heirs[s.From] = append(c.heirs[s.From], s)
		c.former[s.To] = append(c.former[s.To], s)
	}
	for _, r := range next.relations.all() {
		if r.Kind == kindParent {
			c.above[r.Agency] = append(c.above[r.Agency], r)
		} else {
			c.offices[r.Agency] = append(c.offices[r.Agency], r)
		}
	}
	return c
}

// checkAll reports whatever does not hold together in next: of the rows that
// were read, seen by key, and of those that were sound in before and are no
// longer.
func checkAll(before, next *facts, seen map[any]int, in *csvReader) {
	c, old := newChecker(next), newChecker(before)
	for _, row := range in.rows {
		for _, p := range c.check(row.change) {
			p.File, p.Line = row.file, row.line
			in.fail(p)
		}
	}
	if len(in.errs) > 0 {
		return // and what these rows break is not news
	}
	for _, p := range broken(old, c, seen) {
		in.fail(p)
	}
}

// broken reports the rows outside seen that hold together in old and no longer
// in c.
func broken(old, c *checker, seen map[any]int) []RowError {
	var out []RowError
	for _, file := range Files() {
		for _, row := range c.next.changes(file) {
			if _, ok := seen[row.key()]; ok {
				continue
			}
			if found := c.check(row); len(found) > 0 && len(old.check(row)) == 0 {
				p := found[0]
				p.File, p.Problem = file, fmt.Sprintf("dòng đang có của %q không còn đúng: %s", row.about()[0], p.Problem)
				out = append(out, p)
			}
		}
	}
	return out
}

// check returns what is wrong with one row, without file and line.
func (c *checker) check(row Change) []RowError {
	switch {
	case row.Agency != nil:
		return c.agency(*row.Agency)
	case row.Name != nil:
		return c.name(*row.Name)
	case row.Succession != nil:
		return c.succession(*row.Succession)
	case row.Group != nil:
		return c.group(*row.Group)
	case row.Address != nil:
		return c.address(*row.Address)
	case row.Official != nil:
		return c.need("agency_id", row.Official.Agency)
	case row.Relation != nil:
		return c.relation(*row.Relation)
	}
	return nil
}

// need reports a body that the register does not know.
func (c *checker) need(field string, id ID) []RowError {
	if _, ok := c.next.agencies.get(id); id == "" || ok {
		return nil
	}
	return []RowError{{Field: field, Problem: fmt.Sprintf("không có cơ quan %q", id), Advice: "Thêm cơ quan này vào agencies.csv hoặc sửa mã"}}
}

func (c *checker) agency(a Agency) []RowError {
	out := c.need("parent_id", a.Parent)
	if c.inCycle(a.ID) {
		out = append(out, RowError{Field: "parent_id", Problem: "chuỗi cấp trên quay vòng hoặc quá dài", Advice: "Sửa để chuỗi cấp trên kết thúc ở địa bàn hoặc cơ quan Trung ương"})
	}
	for _, s := range c.heirs[a.ID] {
		if p := c.ends(s); p != "" {
			out = append(out, RowError{Field: "valid_to", Problem: p, Advice: "Sửa ngày cuối của cơ quan hoặc dòng kế tục trong succession.csv"})
			break
		}
	}
	for _, s := range c.former[a.ID] {
		if !a.On(s.Date) {
			out = append(out, RowError{Field: "valid_from", Problem: fmt.Sprintf("không tồn tại vào ngày %s, ngày kế tục %q", s.Date.Vietnamese(), s.From), Advice: "Sửa ngày của cơ quan hoặc dòng kế tục trong succession.csv"})
			break
		}
	}
	return out
}

func (c *checker) name(n Name) []RowError {
	out := append(c.need("agency_id", n.Agency), c.need("issuer_scope", n.Scope)...)
	for _, o := range c.names[nameForm{n.Agency, n.Text, n.Kind, n.Scope}] {
		if o.From != n.From && o.overlaps(n.Validity) {
			return append(out, twice("name", o.Validity))
		}
	}
	return out
}

// twice is the same fact held by two rows on one day: a first day that was
// corrected makes a new row, and the old one must go.
func twice(field string, v Validity) RowError {
	return RowError{
		Field: field, Problem: "trùng thời gian với dòng đã có, " + v.words(),
		Advice: "Sửa ngày cho khỏi trùng; nếu dòng cũ sai ngày đầu thì nhập bằng --replace để rút dòng cũ",
	}
}

// words writes a span of days as people do.
func (v Validity) words() string {
	switch {
	case v.From == "" && v.To == "":
		return "không giới hạn ngày"
	case v.To == "":
		return "từ " + v.From.Vietnamese()
	case v.From == "":
		return "đến " + v.To.Vietnamese()
	}
	return "từ " + v.From.Vietnamese() + " đến " + v.To.Vietnamese()
}

func (c *checker) succession(s Succession) []RowError {
	out := append(c.need("from_id", s.From), c.need("to_id", s.To)...)
	if len(out) > 0 {
		return out
	}
	to, _ := c.next.agencies.get(s.To)
	if !to.On(s.Date) {
		out = append(out, RowError{Field: "to_id", Problem: fmt.Sprintf("%q không tồn tại vào ngày %s", s.To, s.Date.Vietnamese()), Advice: "Cơ quan kế tục phải có từ ngày đó; sửa ngày hoặc cơ quan"})
	}
	if p := c.ends(s); p != "" {
		out = append(out, RowError{Field: "date", Problem: p, Advice: "Ngày kế tục là ngày sau ngày cuối của cơ quan cũ; sửa ngày ở một trong hai tệp"})
	}
	if c.returns(s) {
		out = append(out, RowError{Field: "to_id", Problem: "chuỗi kế tục quay vòng", Advice: "Cơ quan lập lại sau này phải có mã mới"})
	}
	return out
}

// ends says why the predecessor of s cannot have been followed on that day, ""
// if it can: it must have begun before, and ended unless it was only split.
func (c *checker) ends(s Succession) string {
	from, ok := c.next.agencies.get(s.From)
	switch {
	case !ok:
		return ""
	case from.From >= s.Date && from.From != "":
		return fmt.Sprintf("%q chỉ có từ ngày %s, không thể được kế tục ngày %s", s.From, from.From.Vietnamese(), s.Date.Vietnamese())
	case s.Kind != kindSplit && !from.ended(s.Date):
		return fmt.Sprintf("%q còn tồn tại vào ngày %s, ngày có cơ quan kế tục", s.From, s.Date.Vietnamese())
	}
	return ""
}

// returns reports whether following heirs from s comes back to its predecessor.
func (c *checker) returns(s Succession) bool {
	if s.Kind == kindSplit {
		return false
	}
	seen := make(map[ID]bool)
	id := s.To
	for range maxDepth {
		if id == s.From {
			return true
		}
		if seen[id] {
			return false
		}
		seen[id] = true
		i := slices.IndexFunc(c.heirs[id], func(h Succession) bool { return h.Kind != kindSplit })
		if i < 0 {
			return false
		}
		id = c.heirs[id][i].To
	}
	return true
}

func (c *checker) group(g Group) []RowError {
	out := c.need("scope", g.Scope)
	if r, err := parseRule(g.Rule); err == nil {
		for _, id := range r.ids() {
			out = append(out, c.need("rule", id)...)
		}
	}
	return out
}

// address holds the rule that an address belongs to one body at a time, and
// later only to one that follows it: mail for a body that is gone must never
// reach a stranger.
func (c *checker) address(a Address) []RowError {
	out := c.need("agency_id", a.Agency)
	for _, o := range c.holders[a.Address] {
		switch {
		case o == a:
		case o.Agency == a.Agency:
			if o.Kind == a.Kind && o.overlaps(a.Validity) {
				return append(out, twice("address", o.Validity))
			}
		case o.overlaps(a.Validity):
			return append(out, RowError{Field: "address", Problem: fmt.Sprintf("cùng lúc thuộc %q", o.Agency), Advice: "Một địa chỉ chỉ của một cơ quan tại một thời điểm; sửa ngày hoặc cơ quan"})
		case o.From < a.From && !c.follows(o.Agency, a.Agency), a.From < o.From && !c.follows(a.Agency, o.Agency):
			return append(out, RowError{
				Field: "address", Problem: fmt.Sprintf("đã thuộc %q, %s, mà hai cơ quan không kế tục nhau", o.Agency, o.words()),
				Advice: "Địa chỉ cũ không giao cho cơ quan khác, kẻo thư gửi nhầm; hãy dùng địa chỉ mới",
			})
		}
	}
	return out
}

// maxHeirs bounds the bodies that are looked at on the way from one to its heirs.
const maxHeirs = 1000

// follows reports whether later took over the work of earlier, or a part of it,
// at whatever remove.
func (c *checker) follows(earlier, later ID) bool {
	seen := map[ID]bool{earlier: true}
	for queue := []ID{earlier}; len(queue) > 0 && len(seen) < maxHeirs; queue = queue[1:] {
		for _, s := range c.heirs[queue[0]] {
			if s.To == later {
				return true
			}
			if !seen[s.To] {
				seen[s.To] = true
				queue = append(queue, s.To)
			}
		}
	}
	return false
}

func (c *checker) relation(r Relation) []RowError {
	out := append(c.need("agency_id", r.Agency), c.need("to_id", r.Other)...)
	a, ok := c.next.agencies.get(r.Agency)
	if !ok {
		return out
	}
	same := c.above[r.Agency]
	switch r.Kind {
	case kindStanding:
		same = c.offices[r.Agency]
		if a.Type != typeSteering {
			out = append(out, RowError{Field: "agency_id", Problem: fmt.Sprintf("%q không phải ban chỉ đạo, ban chỉ huy", r.Agency), Advice: "Chỉ loại bcd có cơ quan thường trực; sửa mã hoặc loại của cơ quan"})
		}
	case kindParent:
		if r.Validity.To == "" {
			out = append(out, RowError{Field: "valid_to", Problem: "để trống", Advice: "Cấp trên hiện nay ghi ở cột parent_id của agencies.csv; ở đây chỉ ghi cấp trên trước kia và ngày cuối"})
		}
		if c.inCycle(r.Agency) {
			out = append(out, RowError{Field: "to_id", Problem: "chuỗi cấp trên quay vòng hoặc quá dài", Advice: "Sửa mã cấp trên hoặc ngày"})
		}
	}
	for _, o := range same {
		if o.row() != r.row() && o.overlaps(r.Validity) {
			return append(out, RowError{Field: "valid_from", Problem: fmt.Sprintf("trùng thời gian với quan hệ với %q, %s", o.Other, o.words()), Advice: "Sửa ngày cho khỏi trùng"})
		}
	}
	return out
}

// overlaps reports whether v and w share a day.
func (v Validity) overlaps(w Validity) bool {
	return (v.To == "" || w.From <= v.To) && (w.To == "" || v.From <= w.To)
}

// inCycle reports whether walking up from id never ends, by the parent column
// or on a day on which another body stood above one on the way. Chains deeper
// than maxDepth count as endless, because every walk stops there.
func (c *checker) inCycle(id ID) bool {
	days := map[Date]bool{"": true}
	for at, depth := id, 0; ; depth++ {
		if depth == maxDepth {
			return true
		}
		for _, r := range c.above[at] {
			days[r.Validity.To] = true
		}
		a, ok := c.next.agencies.get(at)
		if !ok || a.Parent == "" {
			break
		}
		at = a.Parent
	}
	for day := range days {
		if day != "" && c.endless(id, day) {
			return true
		}
	}
	return false
}

// endless reports whether walking up from id as things stood on that day never ends.
func (c *checker) endless(id ID, on Date) bool {
	for range maxDepth {
		a, ok := c.next.agencies.get(id)
		if !ok {
			return false
		}
		up := a.Parent
		for _, r := range c.above[id] {
			if r.On(on) {
				up = r.Other
			}
		}
		if up == "" {
			return false
		}
		id = up
	}
	return true
}
