package recipients

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"quangtri.gov.vn/vanthu/directory"
	"quangtri.gov.vn/vanthu/dispatch"
	"quangtri.gov.vn/vanthu/internal/viet"
)

// maxCandidates bounds what is offered to the clerk for one item.
const maxCandidates = 12

// membersOf caches the expansion of a group within a block.
type membersOf struct {
	agencies []directory.Agency
	err      error
}

// decide sets certainty, agencies, candidates and reason.
func (r *resolver) decide(it *dispatch.Item, ph *phrase, m *meaning) {
	it.Certainty = dispatch.None
	switch {
	case it.Kind == dispatch.KindArchive:
		it.Reason = "Bản lưu: không gửi."
		if m.vague != "" {
			it.Reason = m.vague
		}
		return
	case ph.header:
		it.Reason = "Dòng tiêu đề: nơi nhận ở các dòng con bên dưới."
		return
	case m.ref != nil:
		r.follow(it, m.ref)
		return
	}
	if r.dir == nil {
		it.Reason = "Chưa có danh bạ để đối chiếu: hãy chọn nơi nhận."
		if m.vague != "" {
			it.Reason = m.vague
		}
		return
	}
	switch {
	case m.group || it.Kind == dispatch.KindGroup:
		r.decideGroup(it, ph, m)
	case it.Kind == dispatch.KindPerson:
		r.decidePerson(it, m)
	case it.Kind == dispatch.KindOffice:
		r.decideOffice(it, ph, m)
	default:
		r.decideAgency(it, m)
	}
	r.caution(it, ph)
}

// caution takes back certainty where the wording itself raises a question.
func (r *resolver) caution(it *dispatch.Item, ph *phrase) {
	switch {
	case it.Certainty != dispatch.Certain:
	case ph.unclear:
		r.doubt(it, "Không rõ phần loại trừ kết thúc ở đâu: hãy xác nhận.")
	case ph.tags.list:
		r.doubt(it, "Gửi theo danh sách kèm theo: hãy xác nhận nơi nhận.")
	case ph.tags.codes != "":
		r.doubt(it, "Trong ngoặc là mã người nhận của cơ quan: hãy xác nhận nơi nhận.")
	case ph.tags.unit != "" && it.Kind != dispatch.KindOffice:
		r.doubt(it, "Trong ngoặc còn ghi \""+clip(ph.tags.unit, maxContext)+"\": hãy xác nhận nơi nhận.")
	case ph.tags.person != "" && it.Kind != dispatch.KindPerson:
		r.doubt(it, "Có ghi tên người nhận: hãy xác nhận nơi nhận.")
	case len(ph.tags.notes) > 0:
		r.doubt(it, "Ghi chú trong ngoặc chưa hiểu: \""+clip(ph.tags.notes[0], maxContext)+"\". Hãy xác nhận nơi nhận.")
	}
}

// doubt turns a certain item into a doubtful one that offers what was certain.
func (r *resolver) doubt(it *dispatch.Item, reason string) {
	if len(it.Agencies) > 0 {
		it.Candidates = append([]dispatch.Candidate{{Agencies: it.Agencies, Name: r.nameOf(it), Reason: reason}}, it.Candidates...)
	}
	r.likely = it.Agencies
	it.Agencies = nil
	it.Certainty, it.Reason = dispatch.Doubtful, reason
}

func (r *resolver) nameOf(it *dispatch.Item) string {
	if len(it.Agencies) == 1 {
		if a, ok := r.dir.Agency(it.Agencies[0]); ok {
			return a.Name
		}
	}
	return it.CanonicalName
}

// decideAgency resolves a single body.
func (r *resolver) decideAgency(it *dispatch.Item, m *meaning) {
	if len(m.forms) == 0 {
		r.offer(it, nil, m.vague)
		return
	}
	match := r.lookup(m.forms, m.name)
	if !match.Certain {
		match = r.lookupPlaced(m.forms, match)
	}
	if match.Certain {
		r.certain(it, match.Agencies[0])
		return
	}
	if g, ok := r.lookupGroup(m.forms); ok && len(match.Agencies) == 0 {
		it.Kind = dispatch.KindGroup
		r.expand(it, nil, g, m)
		return
	}
	r.offer(it, match.Agencies, match.Reason)
}

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

// certain marks an item as one known body. A channel of publication makes it a
// web item unless the grammar said otherwise.
func (r *resolver) certain(it *dispatch.Item, id directory.ID) {
	it.Certainty = dispatch.Certain
	it.Agencies = []directory.ID{id}
	a, _ := r.dir.Agency(id)
	it.Reason = "Danh bạ có đúng một cơ quan với tên này: " + a.Name + "."
	switch {
	case a.Type == "kenh-dang" && it.Kind != dispatch.KindWeb:
		it.Kind = dispatch.KindWeb
	case it.Kind == dispatch.KindOther:
		it.Kind = dispatch.KindAgency
		it.CanonicalName = viet.Clean(a.Name)
	case it.Kind == dispatch.KindWeb && a.Type != "kenh-dang":
		r.doubt(it, "Tên là kênh đăng nhưng danh bạ ghi là cơ quan: hãy xác nhận.")
	}
}

// offer makes an item doubtful with candidates, or none without.
func (r *resolver) offer(it *dispatch.Item, ids []directory.ID, reason string) {
	it.Certainty = dispatch.None
	it.Reason = reason
	if it.Reason == "" {
		it.Reason = "Danh bạ chưa có tên này: hãy chọn cơ quan hoặc thêm tên vào danh bạ."
	}
	for _, id := range ids {
		if a, ok := r.dir.Agency(id); ok && len(it.Candidates) < maxCandidates {
			it.Candidates = append(it.Candidates, dispatch.Candidate{Agencies: []directory.ID{id}, Name: a.Name, Reason: r.standing(a)})
			it.Certainty = dispatch.Doubtful
		}
	}
}

// standing says in a few words which body a candidate is.
func (r *resolver) standing(a directory.Agency) string {
	var parts []string
	if p, ok := r.dir.Agency(a.Parent); ok {
		parts = append(parts, "trực thuộc "+p.Name)
	}
	if !a.On(r.b.On) {
		parts = append(parts, "không có vào ngày ban hành")
	}
	if len(parts) == 0 {
		return "Khớp tên trong danh bạ."
	}
	return capitalise(strings.Join(parts, "; ")) + "."
}

// lookup asks for each form and trusts the answers only if they agree.
// canonical is the grammar's own reading, "" if it has none.
func (r *resolver) lookup(forms []string, canonical string) directory.Match {
	var best directory.Match
	for _, form := range forms {
		m := r.dir.Lookup(form, r.b.Issuer, r.b.On)
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
		case m.Certain && !best.Certain && (len(best.Agencies) == 0 || slices.Contains(best.Agencies, m.Agencies[0])):
			best = m
		case m.Certain && !best.Certain:
			best.Agencies = prepend(best.Agencies, m.Agencies[0])
		case !best.Certain && len(best.Agencies) == 0:
			best = m
		}
	}
	return best
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

// lookupGroup returns the first form that names a group.
func (r *resolver) lookupGroup(forms []string) (directory.Group, bool) {
	for _, form := range forms {
		if g, ok := r.dir.LookupGroup(form, r.b.Issuer, r.b.On); ok {
			return g, true
		}
	}
	return directory.Group{}, false
}

// expandGroup returns the members of a group, computed once a block.
func (r *resolver) expandGroup(id directory.ID) ([]directory.Agency, error) {
	if m, ok := r.members[id]; ok {
		return m.agencies, m.err
	}
	agencies, err := r.dir.Members(id, r.b.Issuer, r.b.On)
	r.members[id] = membersOf{agencies, err}
	return agencies, err
}

// decideGroup resolves a set of bodies.
func (r *resolver) decideGroup(it *dispatch.Item, ph *phrase, m *meaning) {
	g, ok := r.lookupGroup(m.forms)
	if !ok {
		if match := r.lookup(m.forms, m.name); match.Certain && m.vague == "" {
			it.Kind = dispatch.KindAgency
			r.certain(it, match.Agencies[0])
			return
		}
		reason := "Danh bạ chưa có nhóm này: hãy chọn các cơ quan nhận."
		if m.vague != "" {
			reason = m.vague
		}
		r.offer(it, nil, reason)
		r.offerBody(it, m)
		return
	}
	r.expand(it, ph, g, m)
}

// offerBody offers the body whose members are meant.
func (r *resolver) offerBody(it *dispatch.Item, m *meaning) {
	if m.body == "" {
		return
	}
	if match := r.lookupBody(m.body); len(match.Agencies) > 0 {
		reason := it.Reason
		r.offer(it, match.Agencies, reason)
	}
}

// expand takes the members of a known group, less the exceptions.
func (r *resolver) expand(it *dispatch.Item, ph *phrase, g directory.Group, m *meaning) {
	agencies, err := r.expandGroup(g.ID)
	if err != nil {
		reason := fmt.Sprintf("Không đọc được nhóm %q trong danh bạ: hãy chọn các cơ quan nhận.", g.Name)
		if errors.Is(err, directory.ErrAsk) {
			reason = "Nhóm này không tự mở rộng được: hãy chọn các cơ quan nhận."
		}
		if m.vague != "" {
			reason = m.vague
		}
		it.Certainty, it.Reason = dispatch.None, reason
		return
	}
	ids := make([]directory.ID, 0, len(agencies))
	for _, a := range agencies {
		ids = append(ids, a.ID)
	}
	left, problem := r.subtract(ids, it.Exceptions)
	it.Agencies, it.Certainty = left, dispatch.Certain
	it.Reason = fmt.Sprintf("Nhóm %q trong danh bạ: %d cơ quan vào ngày ban hành.", g.Name, len(left))
	if len(it.Exceptions) > 0 && problem == "" {
		it.Reason = fmt.Sprintf("Nhóm %q trong danh bạ: %d cơ quan vào ngày ban hành, đã trừ %d.", g.Name, len(left), len(ids)-len(left))
	}
	switch {
	case len(left) == 0:
		it.Agencies = nil
		it.Certainty, it.Reason = dispatch.None, "Nhóm này không có cơ quan nào vào ngày ban hành: hãy chọn nơi nhận."
	case problem != "":
		r.doubt(it, problem)
	case m.vague != "":
		r.doubt(it, m.vague)
		r.likely = nil
	default:
		if why := r.kindsLeftOut(agencies, m.units); why != "" {
			r.doubt(it, why)
		} else if len(m.units) == 0 && !slices.ContainsFunc(m.forms, func(f string) bool { return sameName(f, g.Name) }) && strings.Contains(viet.Key(g.Note), "xác nhận") {
			r.doubt(it, "Danh bạ ghi về nhóm này: "+strings.TrimRight(g.Note, ".")+".")
		}
	}
}

// kindWords are the words for each type of territory.
var kindWords = map[string]string{"huyen": "huyện", "thi-xa": "thị xã", "thanh-pho": "thành phố", "xa": "xã", "phuong": "phường", "thi-tran": "thị trấn", "dac-khu": "đặc khu"}

// kindsLeftOut says which kinds of territory the wording does not name though
// they are among the members, or stand beside them: "UBND các huyện, thị xã"
// when there is a city, "UBND các xã, phường" when there is a special zone.
func (r *resolver) kindsLeftOut(agencies []directory.Agency, units []string) string {
	if len(units) == 0 || len(agencies) == 0 {
		return ""
	}
	for _, a := range agencies {
		if word := kindWords[a.Type]; word != "" && !slices.Contains(units, word) {
			return "Nhóm có cả " + a.Name + ", mà dòng này không nhắc đến " + word + ": hãy xác nhận."
		}
	}
	first := agencies[0]
	for _, a := range r.dir.Children(first.Parent, r.b.On) {
		if word := kindWords[a.Type]; word != "" && kindWords[first.Type] != "" && a.Level == first.Level && !slices.Contains(units, word) && a.ID != r.b.Issuer {
			return "Còn " + a.Name + ", mà dòng này không nhắc đến " + word + ": hãy xác nhận."
		}
	}
	return ""
}

// subtract takes the exceptions out of a group. problem is a reason for doubt
// if one of them is not known or is no member.
func (r *resolver) subtract(ids []directory.ID, exceptions []string) (left []directory.ID, problem string) {
	left = slices.Clone(ids)
	for _, text := range exceptions {
		out := r.excepted(text)
		if len(out) == 0 {
			return left, "Không xác định được phần loại trừ \"" + clip(text, maxContext) + "\": hãy kiểm tra danh sách."
		}
		before := len(left)
		left = slices.DeleteFunc(left, func(id directory.ID) bool { return slices.Contains(out, id) })
		if before == len(left) {
			problem = "Phần loại trừ \"" + clip(text, maxContext) + "\" không thuộc nhóm này: hãy kiểm tra."
		}
	}
	return left, problem
}

// excepted resolves one exception to bodies, none if it is in doubt.
func (r *resolver) excepted(text string) []directory.ID {
	toks := trimMarks(tokenize(text))
	if len(toks) == 0 {
		return nil
	}
	forms := distinctForms(text, r.is.bodyName(toks))
	if _, n := levelAt(toks); n > 0 {
		forms = distinctForms(text, "UBND "+text, r.is.bodyName(toks))
	}
	if m := r.lookup(forms, ""); m.Certain {
		return m.Agencies
	}
	if g, ok := r.lookupGroup(forms); ok {
		if agencies, err := r.expandGroup(g.ID); err == nil {
			var ids []directory.ID
			for _, a := range agencies {
				ids = append(ids, a.ID)
			}
			return ids
		}
	}
	return nil
}

// decidePerson offers the body of a person; a person is never certain.
func (r *resolver) decidePerson(it *dispatch.Item, m *meaning) {
	reason := "Người nhận theo chức danh: hãy xác nhận gửi vào hộp thư nào."
	switch {
	case m.vague != "":
		reason = m.vague
	case m.inside:
		reason = "Người trong cơ quan ban hành: nhận trong hệ thống của cơ quan, hãy xác nhận."
	}
	if m.body == "" {
		r.offer(it, nil, reason)
		return
	}
	match := r.lookupBody(m.body)
	r.offer(it, match.Agencies, reason)
	if match.Certain {
		r.likely = match.Agencies
	}
	if m.post == "" || !match.Certain {
		return
	}
	id := match.Agencies[0]
	holders := r.dir.Role(id, m.post, r.b.On)
	for _, o := range holders {
		if m.person != "" && !strings.HasSuffix(" "+viet.Key(o.Name), " "+viet.Key(m.person)) {
			continue
		}
		if len(it.Candidates) < maxCandidates {
			it.Candidates = append(it.Candidates, dispatch.Candidate{Agencies: []directory.ID{id}, Name: o.Title + " " + o.Name, Reason: "Giữ chức danh này vào ngày ban hành."})
		}
	}
}

// decideOffice resolves a unit: its own box if the directory knows it, else the
// registry of its body with "chuyển: <unit>".
func (r *resolver) decideOffice(it *dispatch.Item, ph *phrase, m *meaning) {
	canonical := m.name
	if m.code {
		canonical = ""
	}
	match := r.lookup(m.forms, canonical)
	if match.Certain && match.Kind == "abbreviation" && m.code {
		a, _ := r.dir.Agency(match.Agencies[0])
		it.Kind, it.CanonicalName = dispatch.KindAgency, viet.Clean(a.Name)
		r.certain(it, a.ID)
		return
	}
	if match.Certain && m.vague == "" {
		r.certain(it, match.Agencies[0])
		if r.foreignUnit(it.Agencies[0], m) {
			r.doubt(it, "Danh bạ có đơn vị này nhưng thuộc cơ quan khác: hãy xác nhận.")
		}
		return
	}
	parent := directory.Match{}
	if m.body != "" {
		parent = r.lookupBody(m.body)
	}
	if id, ok := r.unitBelow(parent, m); ok {
		r.certain(it, id)
		return
	}
	reason := match.Reason
	if m.vague != "" {
		reason = m.vague
	}
	switch {
	case parent.Certain && m.vague == "" && !m.inside && len(match.Agencies) == 0 && ph.owner == "" && wholeUnit(m):
		r.certain(it, parent.Agencies[0])
		it.Reason = "Danh bạ không có hộp thư của đơn vị: gửi văn thư " + m.body + ", ghi \"chuyển: " + m.unit + "\"."
	case parent.Certain:
		ids := match.Agencies
		if !slices.Contains(ids, parent.Agencies[0]) {
			ids = append(slices.Clone(ids), parent.Agencies[0])
		}
		if m.vague == "" {
			reason = "Bộ phận của " + m.body + ": hãy xác nhận gửi văn thư cơ quan, ghi \"chuyển: " + m.unit + "\"."
		}
		r.offer(it, ids, reason)
	default:
		r.offer(it, append(slices.Clone(match.Agencies), parent.Agencies...), reason)
	}
}

// unitBelow finds a unit among the names that its own body uses.
func (r *resolver) unitBelow(parent directory.Match, m *meaning) (directory.ID, bool) {
	if !parent.Certain || m.vague != "" || !wholeUnit(m) {
		return "", false
	}
	found := r.dir.Lookup(m.unit, parent.Agencies[0], r.b.On)
	if !found.Certain || found.Kind == "symbol" || found.Kind == "abbreviation" {
		return "", false
	}
	id := found.Agencies[0]
	return id, id != parent.Agencies[0] && r.dir.Under(id, parent.Agencies[0])
}

// wholeUnit reports whether a unit is written with its rank and a name, not as
// a code or a post.
func wholeUnit(m *meaning) bool {
	toks := tokenize(m.unit)
	return len(toks) > 1 && unitHead(toks)
}

// foreignUnit reports whether a unit was found that does not stand below the
// body the line names.
func (r *resolver) foreignUnit(id directory.ID, m *meaning) bool {
	if m.body == "" {
		return false
	}
	parent := r.lookupBody(m.body)
	if !parent.Certain {
		return false
	}
	a, _ := r.dir.Agency(id)
	return !r.dir.Under(id, parent.Agencies[0]) && a.Parent != parent.Agencies[0]
}

// remember applies what the clerk answered before to an item in doubt. Bodies
// that no longer existed on the day of issue make the answer void.
func (r *resolver) remember(it *dispatch.Item) {
	if r.b.Memory == nil || it.Certainty == dispatch.Certain || it.NoSend {
		return
	}
	key := AnswerKey(*it)
	if key == "" {
		return
	}
	answer, ok := r.b.Memory(key)
	if !ok || len(answer.Agencies) == 0 && !answer.NotSent {
		return
	}
	if r.dir != nil {
		for _, id := range answer.Agencies {
			if a, known := r.dir.Agency(id); !known || !a.On(r.b.On) {
				it.Reason = "Lần trước đã chọn nơi nhận nay không còn: hãy chọn lại."
				return
			}
		}
	}
	it.Certainty = dispatch.Certain
	it.Agencies = slices.Clone(answer.Agencies)
	it.Candidates = nil
	it.Reason = "Đã chọn lần trước."
	if answer.NotSent {
		it.Agencies = nil
		it.NoSend = true
		it.Reason = "Đã chọn lần trước: không gửi."
	}
}
