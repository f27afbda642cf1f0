package directory

import (
	"fmt"
	"slices"
	"strings"

	"quangtri.gov.vn/vanthu/internal/viet"
)

const (
	maxForm       = 1000 // bytes of a written form that are looked at
	maxCandidates = 20
	anywhere      = 1 << 20 // distance of the empty scope: wider than any body
)

// Lookup returns what form means on that day in a document of issuer, which may
// be "" when it is not known.
//
// The narrowest scope that contains the issuer wins; codes of document symbols
// count only where no name fits. The match is certain when that scope knows
// exactly one body, which exists on that day. It is doubtful when a body of a
// province is named without the province's name by an issuer that is unknown
// or stands outside that province, when only other scopes or days know the
// form, or when it fits only with its marks dropped.
func (s *Snapshot) Lookup(form string, issuer ID, on Date) Match {
	if len(form) > maxForm {
		return Match{Reason: "Tên quá dài, không phải tên một cơ quan."}
	}
	key := nameKey(form)
	if key == "" {
		return Match{Reason: "Tên để trống."}
	}
	named := s.nameByKey[key]
	if len(named) == 0 {
		return s.guess(key, on)
	}
	chain := s.chain(issuer, on)
	found := s.narrowest(named, chain, on, false)
	if len(found) == 0 {
		found = s.narrowest(named, chain, on, true)
	}
	if len(found) == 0 {
		return s.offer(named, issuer, on)
	}
	return s.judge(found, key, chain, on)
}

// narrowest returns the names valid on that day in the narrowest scope within chain.
func (s *Snapshot) narrowest(named []int, chain map[ID]int, on Date, symbols bool) []Name {
	best := anywhere + 1
	var found []Name
	for _, i := range named {
		n := s.names[i]
		if !n.On(on) || (n.Kind == kindSymbol) != symbols {
			continue
		}
		distance, within := s.scopeDistance(n.Scope, chain, on)
		if !within {
			continue
		}
		if distance < best {
			best, found = distance, found[:0]
		}
		if distance == best {
			found = append(found, n)
		}
	}
	return found
}

// judge says how sure the meanings found in one scope are.
func (s *Snapshot) judge(found []Name, key string, chain map[ID]int, on Date) Match {
	m := Match{Kind: found[0].Kind}
	for _, n := range found {
		if !slices.Contains(m.Agencies, n.Agency) && len(m.Agencies) < maxCandidates {
			m.Agencies = append(m.Agencies, n.Agency)
		}
	}
	if len(m.Agencies) > 1 {
		m.Reason = "Tên này chỉ nhiều cơ quan: " + s.list(m.Agencies, on) + ". Hãy chọn."
		return m
	}
	a, _ := s.Agency(m.Agencies[0])
	switch {
	case !a.On(on):
		m.Reason = s.whyGone(a, on)
	case found[0].Scope != "" || s.meansSame(a, chain, on) || s.namesProvince(key, on):
		m.Certain = true
	case len(chain) == 0:
		m.Reason = fmt.Sprintf("Chưa rõ cơ quan ban hành, nên chưa chắc tên này chỉ %s. Hãy xác nhận.", a.Name)
	default:
		m.Reason = fmt.Sprintf("Cơ quan ban hành không thuộc địa bàn của %s và tên không ghi tỉnh. Hãy xác nhận.", a.Name)
	}
	return m
}

// meansSame reports whether a form without a scope means a also to the issuer
// with that chain: a is no body of a province of this register (ministries are
// called the same everywhere), or the issuer stands in a's own territory or in
// the home province. The home province is the one whose bodies need no scope;
// a territory in whose scope official names stand that day (former Quảng Bình)
// is apart from it. Asking only about that day keeps past answers as they were.
func (s *Snapshot) meansSame(a Agency, chain map[ID]int, on Date) bool {
	root := s.territoryOn(a.ID, on)
	if r, ok := s.Agency(root); !ok || r.Type != typeTerritory {
		return true
	}
	if _, ok := chain[root]; ok {
		return true
	}
	for id := range chain {
		t, ok := s.Agency(id)
		if ok && t.Type == typeTerritory && !slices.ContainsFunc(s.apart[id], func(v Validity) bool { return v.On(on) }) {
			return true
		}
	}
	return false
}

// namesProvince reports whether key holds the name that a province bears on
// that day, and not the ward, town or commune of the same name.
func (s *Snapshot) namesProvince(key string, on Date) bool {
	for _, p := range s.provinces {
		if !p.On(on) {
			continue
		}
		for off := 0; ; {
			i := strings.Index(key[off:], p.name)
			if i < 0 {
				break
			}
			i += off
			if end := i + len(p.name); wordEdge(key, i, end) && !placePrefix(key[:i]) {
				return true
			}
			off = i + len(p.name)
		}
	}
	return false
}

// wordEdge reports whether s[i:j] is not part of a longer word.
func wordEdge(s string, i, j int) bool {
	return (i == 0 || strings.IndexByte(" (,-/&", s[i-1]) >= 0) && (j == len(s) || strings.IndexByte(" ),-/&.;", s[j]) >= 0)
}

// placePrefix reports whether before ends in a word that makes the name after
// it that of a smaller place.
func placePrefix(before string) bool {
	words := strings.Fields(before)
	if len(words) == 0 {
		return false
	}
	last := strings.TrimRight(words[len(words)-1], ".")
	if last == "ủy" && len(words) > 1 {
		return words[len(words)-2] == "thị"
	}
	return slices.Contains([]string{"xã", "phường", "huyện", "trấn", "phố", "tx", "tp", "tt", "p", "h", "x"}, last)
}

// offer returns the bodies that bear the name in other scopes or on other days.
func (s *Snapshot) offer(named []int, issuer ID, on Date) Match {
	list := slices.Clone(named)
	rank := func(i int) [3]int {
		n := s.names[i]
		a, _ := s.Agency(n.Agency)
		var r [3]int
		if !n.On(on) || !a.On(on) {
			r[0] = 1
		}
		if n.Kind == kindSymbol {
			r[1] = 1
		}
		r[2] = n.distance(on)
		return r
	}
	slices.SortStableFunc(list, func(a, b int) int {
		ra, rb := rank(a), rank(b)
		return slices.Compare(ra[:], rb[:])
	})
	m := Match{Kind: s.names[list[0]].Kind}
	for _, i := range list {
		if id := s.names[i].Agency; !slices.Contains(m.Agencies, id) && len(m.Agencies) < maxCandidates {
			m.Agencies = append(m.Agencies, id)
		}
	}
	m.Reason = s.whyOffered(s.names[list[0]], m.Agencies, on)
	return m
}

// distance counts roughly the days between d and the nearest day of v.
func (v Validity) distance(d Date) int {
	switch {
	case v.On(d):
		return 0
	case d == "":
		return 1 << 30
	case v.To != "" && d > v.To:
		return days(d) - days(v.To)
	}
	return days(v.From) - days(d)
}

// days numbers the days well enough to tell which of two is nearer.
func days(d Date) int {
	var y, m, n int
	if _, err := fmt.Sscanf(string(d), "%4d-%2d-%2d", &y, &m, &n); err != nil {
		return 0
	}
	return y*372 + m*31 + n
}

func (s *Snapshot) whyOffered(best Name, ids []ID, on Date) string {
	a, _ := s.Agency(best.Agency)
	switch {
	case !a.On(on):
		return s.whyGone(a, on)
	case !best.On(on):
		return fmt.Sprintf("Ngày %s tên này chưa hoặc không còn chỉ %s. Hãy xác nhận.", dayOf(on), a.Name)
	case len(ids) > 1:
		return "Tên này có ở nhiều nơi: " + s.list(ids, on) + ". Hãy chọn."
	}
	return fmt.Sprintf("Tên này chỉ %s trong phạm vi %s, mà cơ quan ban hành không thuộc phạm vi đó. Hãy xác nhận.", a.Name, s.nameOf(best.Scope))
}

// whyGone says why a does not exist on that day and who follows it.
func (s *Snapshot) whyGone(a Agency, on Date) string {
	if !a.ended(on) {
		return fmt.Sprintf("%s chỉ có từ ngày %s, sau ngày ban hành. Hãy kiểm tra lại tên hoặc ngày.", a.Name, a.From.Vietnamese())
	}
	follow, split := s.heirs(a.ID, on)
	var next []ID
	for _, r := range slices.Concat(follow, split) {
		next = append(next, r.To)
	}
	why := fmt.Sprintf("%s đã kết thúc ngày %s", a.Name, a.To.Vietnamese())
	switch {
	case len(next) == 0:
		return why + " và sổ không ghi cơ quan kế tục. Hãy chọn nơi nhận."
	case len(follow) == 1:
		return why + ", nay là " + s.nameOf(follow[0].To) + ". Hãy xác nhận."
	}
	return why + ", việc chia cho: " + s.list(next, on) + ". Hãy chọn."
}

// guess looks the key up without its marks; what it finds is never certain.
func (s *Snapshot) guess(key string, on Date) Match {
	named := s.byFold[viet.Fold(key)]
	if len(named) == 0 {
		return Match{Reason: "Danh bạ chưa có tên này. Hãy chọn cơ quan hoặc thêm tên vào danh bạ."}
	}
	m := s.offer(named, "", on)
	m.Reason = "Tên chỉ khớp khi bỏ dấu: " + s.list(m.Agencies, on) + ". Hãy xác nhận."
	return m
}

// nameOf is the official name of id, or the ID itself.
func (s *Snapshot) nameOf(id ID) string {
	if a, ok := s.Agency(id); ok {
		return a.Name
	}
	return string(id)
}

// list writes the names of ids for a sentence, at most five of them. Bodies
// with the same name are told apart by the body above.
func (s *Snapshot) list(ids []ID, on Date) string {
	const most = 5
	var b strings.Builder
	for i, id := range ids {
		if i == most {
			fmt.Fprintf(&b, " và %d cơ quan khác", len(ids)-most)
			break
		}
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(s.fullName(id, on))
	}
	return b.String()
}

// fullName is the name of id with the body above it and, if it has ended by
// then, its last day.
func (s *Snapshot) fullName(id ID, on Date) string {
	a, ok := s.Agency(id)
	if !ok {
		return string(id)
	}
	name := a.Name
	if p, ok := s.Agency(s.parentOn(a, on)); ok {
		name += " (" + p.Name + ")"
	}
	if a.ended(on) {
		name += " đến " + a.To.Vietnamese()
	}
	return name
}

func dayOf(on Date) string {
	if on == "" {
		return "này"
	}
	return on.Vietnamese()
}
