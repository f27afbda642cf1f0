package directory

import (
	"fmt"
	"slices"
	"strings"

	"quangtri.gov.vn/vanthu/internal/viet"
)

// headTitles may stand before the body in a document's head: the person who
// signs for it is named, the body issues.
var headTitles = []string{"chủ tịch ", "quyền chủ tịch ", "giám đốc ", "thủ trưởng ", "chánh văn phòng "}

// Issuer returns the agency that a document's head names, on that day. A head
// has capitals and two lines, which are either the body above and the issuer
// ("UBND TỈNH QUẢNG TRỊ", "SỞ NỘI VỤ") or one name over two lines ("ỦY BAN NHÂN
// DÂN", "HUYỆN HẢI LĂNG"); parent is the upper line or "".
//
// The match is certain when exactly one body that exists on that day is called
// so, below the body of the upper line if there is one. The scopes of names,
// which tell what an issuer means, play no part here.
func (s *Snapshot) Issuer(name, parent string, on Date) Match {
	if len(name) > maxForm || len(parent) > maxForm {
		return Match{Reason: "Tên cơ quan ban hành quá dài."}
	}
	above := s.called(parent, on)
	var past []int
	for _, form := range headForms(name, parent) {
		named := s.nameByKey[form.key]
		found := s.existing(named, on)
		if len(found) > 0 && form.joined { // the upper line is part of the name
			return s.judgeIssuer(found, nil, parent, on)
		}
		if len(found) > 0 {
			return s.judgeIssuer(found, above, parent, on)
		}
		past = append(past, named...)
	}
	past = slices.DeleteFunc(past, func(i int) bool { return s.names[i].Kind == kindSymbol })
	if len(past) > 0 {
		return s.offer(past, "", on)
	}
	if key := nameKey(name); len(s.byFold[viet.Fold(key)]) > 0 {
		return s.guess(key, on)
	}
	return Match{Reason: "Danh bạ chưa có cơ quan ban hành này. Hãy chọn cơ quan hoặc thêm tên vào danh bạ."}
}

type headForm struct {
	key    string
	joined bool // both lines are one name
}

// headForms lists the readings of a head, the most telling first.
func headForms(name, parent string) []headForm {
	n, p := nameKey(name), nameKey(parent)
	var out []headForm
	add := func(key string, joined bool) {
		if key != "" && !slices.ContainsFunc(out, func(f headForm) bool { return f.key == key }) {
			out = append(out, headForm{key, joined})
		}
	}
	if p != "" {
		add(p+" "+n, true)
	}
	add(n, false)
	if p != "" {
		add(n+" "+p, false)  // BAN TỔ CHỨC + TỈNH ỦY ...
		add(n+", "+p, false) // PHÒNG ... , SỞ ...
		add(n+" ("+p+")", false)
		add(n+" "+shorterParent(p), false)
	}
	for _, t := range headTitles {
		if rest, ok := strings.CutPrefix(n, t); ok {
			add(rest, false)
		}
		if rest, ok := strings.CutPrefix(p+" "+n, t); ok && p != "" {
			add(rest, true)
		}
	}
	return out
}

// shorterParent drops the place from "tỉnh ủy quảng trị", "ubnd tỉnh quảng trị".
func shorterParent(p string) string {
	words := strings.Fields(p)
	for i, w := range words {
		if i > 0 && (w == "ủy" || w == "tỉnh" || w == "huyện") {
			return strings.Join(words[:i+1], " ")
		}
	}
	return p
}

// called returns the bodies that bear the form on that day in any scope.
func (s *Snapshot) called(form string, on Date) []ID {
	return s.existing(s.nameByKey[nameKey(form)], on)
}

// existing returns the bodies of the names that hold on that day, codes left out.
func (s *Snapshot) existing(named []int, on Date) []ID {
	var out []ID
	for _, i := range named {
		n := s.names[i]
		a, _ := s.Agency(n.Agency)
		if n.On(on) && a.On(on) && n.Kind != kindSymbol && !slices.Contains(out, a.ID) {
			out = append(out, a.ID)
		}
	}
	return out
}

// judgeIssuer narrows found to what stands below one of above, or at least in
// its territory.
func (s *Snapshot) judgeIssuer(found, above []ID, parent string, on Date) Match {
	in := found
	if len(above) > 0 {
		below := func(id ID) bool {
			return slices.ContainsFunc(above, func(p ID) bool { return id != p && s.UnderOn(id, p, on) })
		}
		near := func(id ID) bool {
			return slices.ContainsFunc(above, func(p ID) bool { return s.territoryOn(id, on) == s.territoryOn(p, on) })
		}
		if in = keep(found, below); len(in) == 0 {
			in = keep(found, near)
		}
	}
	switch {
	case len(in) == 1:
		return Match{Agencies: in, Certain: true, Kind: "official"}
	case len(in) == 0:
		return Match{Agencies: limit(found), Reason: fmt.Sprintf("Danh bạ có %s nhưng không trực thuộc %s. Hãy xác nhận.", s.list(found, on), viet.Clean(parent))}
	}
	return Match{Agencies: limit(in), Reason: "Phần đầu văn bản có thể chỉ nhiều cơ quan: " + s.list(in, on) + ". Hãy chọn."}
}

func keep(ids []ID, ok func(ID) bool) []ID {
	var out []ID
	for _, id := range ids {
		if ok(id) {
			out = append(out, id)
		}
	}
	return out
}

func limit(ids []ID) []ID { return ids[:min(len(ids), maxCandidates)] }
