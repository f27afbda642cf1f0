package recipients

import (
	"strings"

	"quangtri.gov.vn/vanthu/directory"
	"quangtri.gov.vn/vanthu/dispatch"
	"quangtri.gov.vn/vanthu/internal/viet"
)

// Block is the "Nơi nhận" of one document and what its wording leans on.
type Block struct {
	Lines      []string          // lines of the block in order, bullets and closing marks optional
	KinhGui    []string          // addressees of box 9a, or of "điện:"
	Articles   map[string]string // text of "Điều n" by number, for "Như Điều n"
	Issuer     directory.ID      // "" if the directory does not know the issuer
	IssuerName string            // as the document's head names it
	On         directory.Date    // day of issue
	Memory     Memory            // what this agency's clerk answered before; may be nil
}

// Answer is what a clerk once said of a recipient.
type Answer struct {
	Agencies []directory.ID // whom to send to
	NotSent  bool           // nobody: it is not to be sent
	Question string         // what was asked then, as [Question] tells; "" matches any
}

// Memory looks up what the clerk of the issuing agency answered for a form
// before. Its key is that of [AnswerKey].
type Memory func(key string) (Answer, bool)

// Resolve reads a block and returns one item a recipient, in the order of the
// text. The items' Text together are the whole text of the block: nothing is
// dropped. dir may be nil; kind and canonical name then come from the grammar
// alone and nothing is certain.
//
// If the document has Kính gửi but no line refers to it, a last item stands
// for those addressees with Line == len(b.Lines), so that they cannot be
// forgotten.
//
// At most maxItems items are returned; whatever follows is one last doubtful
// item that holds the rest of the text.
func Resolve(dir *directory.Snapshot, b Block) []dispatch.Item {
	r := newResolver(dir, b)
	refers := false
	var over *label
	overPlus := false
	for n, raw := range b.Lines {
		body, plus := trimBullet(raw)
		if body == "" {
			continue
		}
		body = r.withoutStrayColon(body, b.Lines[n+1:])
		if over != nil && overPlus && !plus {
			over = nil
		}
		if len(r.items) >= maxItems-maxParts {
			r.overflow(b.Lines, n)
			break
		}
		before := len(r.items)
		head := r.line(n, body, over)
		if over != nil && over.purpose == "" && !plus && len(r.items) > before && r.items[before].Kind == dispatch.KindAgency {
			over = nil // without "+", the first body of its own ends the header
		}
		if head != nil {
			over, overPlus = head, n+1 < len(b.Lines) && hasPlus(b.Lines[n+1])
		}
	}
	for i := range r.items {
		refers = refers || r.items[i].Kind == dispatch.KindReference && (r.items[i].CanonicalName == "@kinh_gui" || r.items[i].CanonicalName == "@thanh_phan_moi")
	}
	if len(b.KinhGui) > 0 && !refers {
		r.unreferred()
	}
	return r.items
}

// withoutStrayColon drops the colon at the end of a line that is no header: of a
// reference, and of a body that the lines below do not stand inside. As a header
// the body itself would get nothing.
func (r *resolver) withoutStrayColon(body string, below []string) string {
	if len(body) > maxContext || !strings.HasSuffix(body, ":") {
		return body
	}
	bare := strings.TrimRight(body, " :")
	toks := tokenize(viet.Clean(bare))
	if parseReference(toks) != nil {
		return bare
	}
	if labelEnd(toks) >= 0 || !strongHead(toks) || plural(toks) {
		return body
	}
	for _, raw := range below {
		next, plus := trimBullet(raw)
		if next == "" {
			continue
		}
		t := tokenize(viet.Clean(clip(next, maxContext)))
		if plus || len(t) == 0 || archiveStart(t) > 0 && parseReference(trimMarks(t)) == nil && !wholeBody(t) && !strongHead(t) {
			return body
		}
		break
	}
	return bare
}

// resolver is the work on one block.
type resolver struct {
	dir     *directory.Snapshot
	b       Block
	is      *issuer
	items   []dispatch.Item
	members map[directory.ID]membersOf
	likely  []directory.ID   // what the last item surely means once the clerk nods
	guesses [][]directory.ID // likely of every item
	depth   int              // references are followed one step only
}

func newResolver(dir *directory.Snapshot, b Block) *resolver {
	return &resolver{dir: dir, b: b, is: newIssuer(dir, b), members: make(map[directory.ID]membersOf)}
}

// line resolves one line and returns the label a header line puts over those
// that follow.
func (r *resolver) line(n int, raw string, over *label) *label {
	text, rest := raw, ""
	if len(text) > maxLine {
		text = clip(text, maxLine)
		rest = raw[len(text):]
	}
	clean := viet.Clean(text)
	if over != nil && over.owner == "" && over.purpose == "" {
		over = nil
	}
	l := r.parse(runningCase(clean), over)
	var head *label
	for i := range l.phrases {
		ph := &l.phrases[i]
		it := r.item(l.s, ph)
		it.Raw, it.Line, it.Text = raw, n, strings.TrimSpace(clean[ph.start:ph.end])
		r.add(it, r.likely)
		if ph.header {
			head = &label{owner: ph.owner, purpose: ph.purpose}
		}
	}
	if len(l.phrases) == 0 && strings.TrimSpace(clean) != "" && len(tokenize(clean)) > 0 && hasLetter(clean) {
		r.add(leftover(raw, clean, n), nil)
	}
	if rest != "" {
		r.add(leftover(raw, viet.Clean(rest), n), nil)
	}
	return head
}

func (r *resolver) add(it dispatch.Item, likely []directory.ID) {
	r.items = append(r.items, it)
	r.guesses = append(r.guesses, likely)
}

// parse cuts a line. A line that the directory knows whole, commas and all, is
// one recipient.
func (r *resolver) parse(clean string, over *label) line {
	l := r.is.parseLine(clean, over)
	if r.dir == nil || len(l.phrases) < 2 || over != nil || len(clean) > maxContext {
		return l
	}
	for _, ph := range l.phrases {
		if ph.owner != "" || ph.header || ph.archive {
			return l
		}
	}
	toks := trimMarks(tokenize(clean))
	name, t := detachTags(clean, toks)
	m := r.dir.Lookup(source(clean, name), r.b.Issuer, r.b.On)
	if !m.Certain || m.Kind == "symbol" {
		if !r.knownGroup(clean, name, l) {
			return l
		}
	}
	return line{s: clean, phrases: []phrase{{start: toks[0].start, end: toks[len(toks)-1].end, toks: name, tags: t}}}
}

// knownGroup reports whether the directory knows the whole line as one group
// of which a part alone is no name ("UBND các huyện, thành phố Đông Hà, thị xã
// Quảng Trị").
func (r *resolver) knownGroup(clean string, name []token, l line) bool {
	bare := false
	for i, ph := range l.phrases {
		bare = bare || i > 0 && !strongHead(ph.toks) && ph.prefix != "Các" && bodyCore(ph.toks) == 0
		bare = bare || len(ph.toks) == 1 && !ph.toks[0].upper() || partyLevels[words(ph.toks)] != "" && ph.suffix == "" && ph.prefix == ""
	}
	if !bare {
		return false
	}
	_, ok := r.dir.LookupGroup(source(clean, name), r.b.Issuer, r.b.On)
	return ok
}

// overflow puts everything from line n on into one item.
func (r *resolver) overflow(lines []string, n int) {
	rest := viet.Clean(strings.Join(lines[n:], " "))
	it := leftover(rest, rest, n)
	it.Reason = "Phần Nơi nhận quá dài: phần còn lại chưa đọc, hãy kiểm tra."
	r.add(it, nil)
}

func leftover(raw, text string, n int) dispatch.Item {
	return dispatch.Item{Raw: raw, Line: n, Text: text, Kind: dispatch.KindOther, CanonicalName: text, Certainty: dispatch.None,
		Reason: "Không đọc được phần này: hãy chọn nơi nhận hoặc không gửi."}
}

func hasLetter(s string) bool { return strings.ContainsFunc(s, letter) }

// unreferred adds the addressees that no line refers to.
func (r *resolver) unreferred() {
	ref := &reference{target: "kinh_gui"}
	text := "Kính gửi: " + strings.Join(r.b.KinhGui, "; ")
	it := dispatch.Item{Raw: clip(text, maxLine), Line: len(r.b.Lines), Text: clip(text, maxLine), Kind: dispatch.KindReference, CanonicalName: ref.String()}
	r.follow(&it, ref)
	it.Reason = "Nơi nhận không có dòng \"Như trên\": hãy xác nhận gửi cho các nơi ở phần Kính gửi."
	if it.Certainty == dispatch.Certain {
		it.Candidates = []dispatch.Candidate{{Agencies: it.Agencies, Name: "Các nơi ở phần Kính gửi", Reason: "Kính gửi"}}
		it.Agencies, it.Certainty = nil, dispatch.Doubtful
	}
	r.add(it, nil)
}

// item makes the item of one phrase.
func (r *resolver) item(s string, ph *phrase) dispatch.Item {
	m := r.is.mean(s, ph)
	it := dispatch.Item{
		Text: strings.TrimSpace(s[ph.start:ph.end]), Kind: m.kind, CanonicalName: strings.ReplaceAll(viet.Clean(m.name), " ,", ","), NoSend: m.noSend,
		Purposes: ph.tags.purposes, Copies: ph.tags.copies, Exceptions: ph.tags.exceptions, Via: ph.tags.via, Channel: ph.tags.channel,
	}
	r.finishName(&it, ph)
	r.wholeName(s, ph, &m)
	r.likely = nil
	r.decide(&it, ph, &m)
	it.Note = clip(strings.Join(ph.tags.notes, "; "), maxContext)
	it.Once = ph.overfull || ph.unclear || ph.several || ph.concern || ph.tags.list || m.citizen || fleeting(it.Text)
	r.remember(&it)
	return it
}

// wholeName puts a note in parentheses back to the name where the directory
// knows both together: "UBND xã Hải Phú (Hải Lăng)".
func (r *resolver) wholeName(s string, ph *phrase, m *meaning) {
	if r.dir == nil || len(ph.tags.notes) != 1 || len(m.forms) == 0 || ph.prefix != "" || ph.suffix != "" {
		return
	}
	whole := source(s, ph.toks) + " (" + ph.tags.notes[0] + ")"
	_, group := r.dir.LookupGroup(whole, r.b.Issuer, r.b.On)
	if found := r.dir.Lookup(whole, r.b.Issuer, r.b.On); group || found.Certain && found.Kind != "symbol" {
		m.forms = []string{whole}
		ph.tags.notes = nil
	}
}

// finishName adds to the canonical name what only the tags tell.
func (r *resolver) finishName(it *dispatch.Item, ph *phrase) {
	if it.CanonicalName == "" {
		it.CanonicalName = it.Text
	}
	if ph.tags.codes == "" || it.Kind == dispatch.KindArchive || strings.Contains(it.CanonicalName, "(Phòng ") {
		return
	}
	codes := strings.Join(strings.FieldsFunc(ph.tags.codes, func(r rune) bool { return r == ',' || r == ' ' }), ", ")
	switch {
	case strings.HasPrefix(it.CanonicalName, "Văn phòng"):
		it.Kind = dispatch.KindOffice
		it.CanonicalName += " (mã " + codes + ")"
	case strings.HasPrefix(it.CanonicalName, "UBND"):
		it.CanonicalName += " (lãnh đạo mã " + codes + ")"
	}
}

// fleetingWords mark wordings that mean somebody else in each document.
var fleetingWords = []string{"liên quan", "danh sách", "phụ lục", "kèm theo", "có tên", "nêu trên", "nói trên", "tại điều", "tham dự", "dự họp", "được mời", "đương sự", "nhà thầu", "chủ đầu tư", "gia đình", "cá nhân", "người ", "bị đơn", "nguyên đơn", "theo quyết định", "theo qđ"}

// fleeting reports whether a wording means somebody else in each document.
func fleeting(text string) bool {
	key := viet.Key(text) + " "
	for _, w := range fleetingWords {
		if strings.HasPrefix(key, w) || strings.Contains(key, " "+w) {
			return true
		}
	}
	return false
}

// Question is what a clerk is asked by an item: the bodies that come into
// question, in the order offered. An earlier answer holds only while the same is
// asked: after a reorganisation, on another day, it may not be.
func Question(it dispatch.Item) string {
	var b strings.Builder
	b.WriteByte('?') // never empty
	for _, c := range it.Candidates {
		for _, id := range c.Agencies {
			b.WriteString(string(id))
			b.WriteByte(' ')
		}
		b.WriteByte(';')
	}
	return b.String()
}

// AnswerKey is the form under which a clerk's answer to an item is remembered:
// its kind, canonical name, exceptions and remark. It is "" for items whose
// meaning changes with each document (references, lists, "liên quan", private
// persons), which are not remembered, and for the archive.
func AnswerKey(it dispatch.Item) string {
	key := viet.Key(it.CanonicalName)
	switch it.Kind {
	case dispatch.KindReference, dispatch.KindArchive:
		return ""
	case dispatch.KindOther:
		if it.NoSend {
			return ""
		}
	}
	if key == "" || it.Once || fleeting(it.Text) || fleeting(it.CanonicalName) {
		return ""
	}
	var b strings.Builder
	b.WriteString(string(it.Kind))
	b.WriteByte('|')
	b.WriteString(key)
	for _, e := range it.Exceptions {
		b.WriteString("|trừ:")
		b.WriteString(viet.Key(e))
	}
	if it.Note != "" {
		b.WriteString("|ghi chú:")
		b.WriteString(viet.Key(it.Note))
	}
	if b.Len() > 1000 {
		return "" // cut short it might be that of another
	}
	return b.String()
}
