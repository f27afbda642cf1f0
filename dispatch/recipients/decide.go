package recipients

import (
	"slices"
	"strings"

	"quangtri.gov.vn/vanthu/directory"
	"quangtri.gov.vn/vanthu/dispatch"
	"quangtri.gov.vn/vanthu/internal/viet"
)

// maxCandidates bounds what is offered to the clerk for one item.
const maxCandidates = 12

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
		r.exceptFrom(it)
		r.caution(it, ph)
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
		r.decideGroup(it, m)
	case it.Kind == dispatch.KindPerson:
		r.decidePerson(it, m)
	case it.Kind == dispatch.KindOffice:
		r.decideOffice(it, ph, m)
	default:
		r.decideAgency(it, m)
	}
	r.caution(it, ph)
}

// exceptFrom takes the exceptions out of what a reference points to, out of what
// is offered too.
func (r *resolver) exceptFrom(it *dispatch.Item) {
	if len(it.Exceptions) == 0 || r.dir == nil {
		return
	}
	problem := ""
	left, why := r.subtract(it.Agencies, it.Exceptions)
	if it.Certainty == dispatch.Certain {
		it.Agencies, problem = left, why
	}
	for i := range it.Candidates {
		it.Candidates[i].Agencies, _ = r.subtract(it.Candidates[i].Agencies, it.Exceptions)
	}
	it.Candidates = slices.DeleteFunc(it.Candidates, func(c dispatch.Candidate) bool { return len(c.Agencies) == 0 })
	switch {
	case it.Certainty != dispatch.Certain:
		it.Reason = strings.TrimSpace(it.Reason + " Nhớ phần loại trừ: " + clip(strings.Join(it.Exceptions, ", "), maxContext) + ".")
	case len(left) == 0:
		it.Agencies = nil
		it.Certainty, it.Reason = dispatch.None, "Trừ ra thì không còn nơi nhận nào: hãy kiểm tra."
	case problem != "":
		r.doubt(it, problem)
	}
}

// caution takes back certainty where the wording itself raises a question.
func (r *resolver) caution(it *dispatch.Item, ph *phrase) {
	switch {
	case it.Certainty != dispatch.Certain:
	case ph.concern:
		r.doubt(it, "Chữ \"liên quan\" ở cuối có thể chỉ cả nhóm này: hãy xác nhận.")
	case ph.overfull:
		r.doubt(it, "Dòng quá dài: phần sau chưa đọc, hãy kiểm tra.")
	case ph.several:
		r.doubt(it, "Nhiều cơ quan của nhiều địa phương viết gộp: hãy xác nhận từng nơi.")
	case len(it.Exceptions) > 0 && it.Kind != dispatch.KindGroup && it.Kind != dispatch.KindReference:
		r.doubt(it, "Ghi loại trừ sau tên một cơ quan: \""+clip(it.Exceptions[0], maxContext)+"\". Hãy xác nhận.")
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
		if toks := tokenize(m.forms[0]); match.Agencies[0] == r.b.Issuer && r.is.rank != central && !placed(toks) && !wholeProvinceTail(toks) {
			r.doubt(it, "Tên này trong danh bạ là chính cơ quan ban hành, nhưng có thể chỉ cấp trên cùng ngành: hãy xác nhận.")
		}
		return
	}
	if g, ok := r.lookupGroup(m.forms); ok && len(match.Agencies) == 0 {
		it.Kind = dispatch.KindGroup
		r.expand(it, g, m)
		return
	}
	r.offer(it, match.Agencies, match.Reason)
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
			if it.Kind == dispatch.KindOther {
				it.Kind = dispatch.KindAgency // it is like the name of one
			}
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
	r.throughBody(it, ph, m, match)
}

// throughBody resolves a unit through the body it belongs to: the box that the
// body's own names give it, else the body's registry. match is what the unit's
// own name gave, nothing certain.
func (r *resolver) throughBody(it *dispatch.Item, ph *phrase, m *meaning, match directory.Match) {
	var parent directory.Match
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
	case parent.Certain && ph.merged && firstWord(m.unit) == "phòng":
		r.offer(it, parent.Agencies, "Có thể là một phòng của cơ quan đứng sau, cũng có thể là hai nơi nhận: hãy xác nhận.")
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
	return id, id != parent.Agencies[0] && r.dir.UnderOn(id, parent.Agencies[0], r.b.On)
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
	return !r.dir.UnderOn(id, parent.Agencies[0], r.b.On)
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
	if answer.Question != "" && answer.Question != Question(*it) {
		it.Reason = "Danh bạ nay khác lần trả lời trước: hãy chọn lại. " + it.Reason
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
