package recipients

import (
	"slices"
	"strings"

	"quangtri.gov.vn/vanthu/directory"
	"quangtri.gov.vn/vanthu/internal/viet"
)

// lookupPlaced resolves "UBND xã Hải Phú, huyện Hải Lăng": the body before the
// comma counts if it really stands below the place behind it.
func (r *resolver) lookupPlaced(forms []string, otherwise directory.Match) directory.Match {
	name, where, ok := strings.Cut(forms[0], ", ")
	toks := tokenize(where)
	_, n := levelAt(toks)
	if !ok || n == 0 || n >= len(toks) || properName(toks[n:]) != len(toks)-n {
		return otherwise
	}
	match := r.lookup([]string{name}, "")
	var fit []directory.ID
	for _, id := range match.Agencies {
		a, _ := r.dir.Agency(id)
		p, found := r.dir.Parent(id, r.b.On)
		home := match.Certain || r.dir.Territory(id) == r.dir.Territory(r.b.Issuer)
		if found && home && a.On(r.b.On) && strings.HasSuffix(viet.Key(p.Name), " "+words(toks[n:])) {
			fit = append(fit, id)
		}
	}
	if len(fit) != 1 {
		return otherwise
	}
	return directory.Match{Agencies: fit, Certain: true}
}

// lookup asks for each form and trusts the answers only if they agree.
// canonical is the grammar's own reading, "" if it has none.
func (r *resolver) lookup(forms []string, canonical string) directory.Match {
	var best, loose directory.Match
	contested := false // a sure form disagrees with what an earlier one may mean
	for _, form := range forms {
		m := r.dir.Lookup(form, r.b.Issuer, r.b.On)
		if !m.Certain && canonical != "" && !sameName(form, canonical) && endsBare(tokenize(form)) {
			if len(loose.Agencies) == 0 {
				loose = m // "HĐND xã": the grammar knows which commune
			}
			continue
		}
		if m.Certain {
			var why string
			if why, m = r.ambiguous(form, m, canonical); why != "" {
				m.Certain, m.Reason = false, why
				return m
			}
			m = r.guard(form, m)
		}
		switch {
		case m.Certain && best.Certain && m.Agencies[0] != best.Agencies[0]:
			return directory.Match{Agencies: []directory.ID{best.Agencies[0], m.Agencies[0]}, Reason: "Tên này có thể chỉ hai cơ quan: hãy chọn."}
		case m.Certain && !best.Certain && !contested && (len(best.Agencies) == 0 || slices.Contains(best.Agencies, m.Agencies[0])):
			best = m
		case m.Certain && !best.Certain:
			contested = true
			if !slices.Contains(best.Agencies, m.Agencies[0]) {
				best.Agencies = prepend(best.Agencies, m.Agencies[0])
			}
		case !best.Certain && len(best.Agencies) == 0:
			best = m
		}
	}
	if len(best.Agencies) == 0 && len(loose.Agencies) > 0 {
		return loose
	}
	return best
}

// endsBare reports whether a name ends with a level word and no name behind it.
func endsBare(toks []token) bool {
	at := placeStart(toks)
	if at >= len(toks) {
		return false
	}
	_, n := levelAt(toks[at:])
	return at+n == len(toks)
}

// homonym reports whether another committee bears the place name of a form that
// does not say of which level it is: "UBND Quảng Trị" when there is a ward too.
func (r *resolver) homonym(form string, found directory.ID) (directory.ID, bool) {
	toks := tokenize(form)
	n := bodyCore(toks)
	if n == 0 || n >= len(toks) || properName(toks[n:]) != len(toks)-n || startsPlace(toks[n:]) {
		return "", false
	}
	head, name := source(form, toks[:n]), source(form, toks[n:])
	for _, level := range [...]string{"tỉnh", "thành phố", "thị xã", "huyện", "phường", "xã", "thị trấn", "đặc khu"} {
		if m := r.dir.Lookup(head+" "+level+" "+name, r.b.Issuer, r.b.On); m.Certain && m.Agencies[0] != found {
			return m.Agencies[0], true
		}
	}
	return "", false
}

// lookupBody resolves the body that a person or unit belongs to; the issuer
// itself needs no name.
func (r *resolver) lookupBody(name string) directory.Match {
	if r.b.Issuer != "" && (sameName(name, r.is.own) || sameName(name, r.is.brief)) {
		if a, ok := r.dir.Agency(r.b.Issuer); ok && a.On(r.b.On) {
			return directory.Match{Agencies: []directory.ID{a.ID}, Certain: true}
		}
	}
	return r.lookup(distinctForms(name, r.is.withoutLevel(name)), "")
}

// akin reports whether the canonical name that the grammar made of a short form
// shares a word with the body found, territories aside: "BTC" is read as Ban Tổ
// chức here and as Bộ Tài chính there.
func (r *resolver) akin(id directory.ID, canonical string) bool {
	a, _ := r.dir.Agency(id)
	have := make(map[string]bool)
	for i, t := range tokenize(expand(tokenize(canonical))) {
		if i == 0 && t.upper() && bodyCores[t.key] == "" {
			return true // the grammar does not know the short form: no disagreement
		}
		have[t.key] = true
	}
	toks := tokenize(expand(tokenize(a.Name)))
	for _, t := range toks[:placeStart(toks)] {
		if t.word() && have[t.key] {
			return true
		}
	}
	return false
}

func prepend(ids []directory.ID, id directory.ID) []directory.ID {
	return append([]directory.ID{id}, ids...)
}

// ambiguous says why a short form that the directory knows may still mean
// another body, whatever its longer forms say.
func (r *resolver) ambiguous(form string, m directory.Match, canonical string) (string, directory.Match) {
	if other, twice := r.homonym(form, m.Agencies[0]); twice {
		m.Agencies = append(slices.Clone(m.Agencies), other)
		return "Có hơn một cơ quan mang tên địa phương này mà dòng không ghi cấp: hãy chọn.", m
	}
	switch {
	case r.ambiguousParty(form):
		m.Agencies = append(slices.Clone(m.Agencies), r.alike("TTTU", m.Agencies[0])...)
		return "\"TVTU\" có nơi dùng cho Ban Thường vụ, có nơi cho Thường trực Tỉnh ủy: hãy chọn.", m
	case m.Kind == "abbreviation" && canonical != "" && !r.akin(m.Agencies[0], canonical):
		return "Chữ viết tắt này có thể chỉ cơ quan khác: hãy xác nhận.", m
	}
	return "", m
}

// guard withdraws certainty that rests on too little: a code of document
// symbols, or, from a district or commune, a short form that names a provincial
// body without saying so (VPUBND, MTTQ, Công an).
func (r *resolver) guard(form string, m directory.Match) directory.Match {
	a, ok := r.dir.Agency(m.Agencies[0])
	switch {
	case !ok || m.Kind == "symbol":
		m.Certain, m.Reason = false, "Chỉ khớp ký hiệu văn bản: hãy xác nhận."
	case a.Type == "dia-ban":
		m.Certain, m.Reason = false, "Tên này là địa bàn, không phải cơ quan: hãy chọn."
	case a.Level == "tinh" && (r.is.rank == district || r.is.rank == communal) && !onlyProvincial[a.Type] && !namesProvincial(form):
		m.Certain = false
		m.Reason = "Cơ quan ban hành ở cấp dưới tỉnh mà tên không ghi \"tỉnh\": hãy xác nhận."
	}
	return m
}

func (r *resolver) ambiguousParty(form string) bool {
	key := strings.ReplaceAll(strings.ReplaceAll(viet.Key(form), " ", ""), ".", "")
	return key == "tvtu" && r.is.rank != district && r.is.rank != communal
}

func (r *resolver) alike(form string, not directory.ID) []directory.ID {
	m := r.dir.Lookup(form, r.b.Issuer, r.b.On)
	if m.Certain && m.Agencies[0] != not {
		return m.Agencies
	}
	return nil
}

// onlyProvincial are the types of bodies that districts and communes have none of.
var onlyProvincial = map[string]bool{"so": true, "ban": true, "truong": true, "doanh-nghiep": true}

// namesProvincial reports whether a form says that a provincial body is meant.
func namesProvincial(form string) bool {
	toks := tokenize(form)
	for i, t := range toks {
		if t.key == "tỉnh" || t.key == "sở" && i == 0 {
			return true
		}
	}
	if at := placeStart(toks); at < len(toks) {
		if _, n := levelAt(toks[at:]); at+n < len(toks) {
			return true // a territory by name: "UBND thành phố Huế"
		}
	}
	return fieldOfCode(toks) || wholeProvinceTail(toks)
}
