package recipients

import (
	"strings"
)

// Bounds on hostile blocks. A clerk's block has at most a few dozen lines.
const (
	maxItems   = 1000     // items of a block; what follows becomes one last item
	maxLine    = 16 << 10 // bytes of a line that are parsed; the rest becomes one item
	maxParts   = 400      // recipients of one line
	maxName    = 800      // bytes of a name; what is longer is none
	maxContext = 300      // bytes of an issuer's name, a shared head or a label
	maxShared  = 120      // bytes of a head or tail that is repeated over a list
)

// phrase is one recipient of a line: the span of text that names it and the
// self-standing wording that the shared parts of the line make of it.
type phrase struct {
	start, end int     // bytes of the cleaned line, label and tags included
	toks       []token // the name without label and tags
	prefix     string  // shared head: "Thường trực", "Bộ"
	suffix     string  // shared tail: "tỉnh Thanh Hóa"
	as         string  // what the name stands for, if not itself: "C" before "PCVP"
	owner      string  // the office a label puts it in: "VPCP"
	ownerLine  bool    // the owner stands in a header line of its own
	header     bool    // a label with nothing behind it
	purpose    string  // what a header says the lines below get it for
	archive    bool
	leaders    bool // the codes are of leaders ("V0, V1")
	codes      bool // a list of private codes merged into one recipient
	excepting  bool // ends with "trừ ..." after a comma
	unclear    bool // the exception may reach too far
	overfull   bool // the line goes on beyond its bound
	merged     bool // a unit and, behind a comma, the body it belongs to
	several    bool // several bodies of several places in one list
	concern    bool // "liên quan" at the end of the list may hold for it too
	tags       tags
}

// full is the self-standing wording.
func (p *phrase) full(s string) string {
	name := p.as
	if name == "" {
		name = source(s, p.toks)
	}
	return strings.TrimSpace(strings.Join([]string{p.prefix, name, p.suffix}, " "))
}

// label is what stands before a colon and how it changes what follows.
type label struct {
	prefix, suffix string
	owner          string
	field          bool   // Bộ, Sở: only names and codes of fields fit
	post           bool   // PCN: only a person's name fits
	code           bool   // các Vụ: only codes and names fit
	purpose        string // Để báo cáo: why all of them get it
}

// line is one parsed line.
type line struct {
	s       string
	phrases []phrase
}

// parseLine cuts a cleaned line without its bullet into phrases. owner is what
// a header line above says of it. Only labels whose owner is known change it.
func (is *issuer) parseLine(s string, over *label) line {
	toks := tokenize(s)
	l := line{s: s}
	end := len(toks)
	for end > 0 && !toks[end-1].word() && toks[end-1].mark != ')' && toks[end-1].mark != ':' {
		end--
	}
	toks = toks[:end]
	if len(toks) == 0 {
		return l
	}
	if at := archiveStart(toks); at < len(toks) {
		l.addArchive(toks[at:])
		toks = toks[:at]
	}
	p := &lineParser{is: is, s: s, over: over}
	for _, seg := range splitMark(toks, ';') {
		p.segment(seg)
	}
	l.phrases = append(p.done, l.phrases...)
	return l
}

// archiveStart returns where "Lưu: ..." begins, len(toks) if nowhere. It opens
// the line, or follows a mark that ends a recipient; "Văn thư - Lưu trữ" is none.
func archiveStart(toks []token) int {
	for i, t := range toks {
		if t.key != "lưu" && t.key != "luu" || !t.word() || !t.capital() && i > 0 {
			continue
		}
		before := i - 1
		for before >= 0 && toks[before].mark == '-' {
			before--
		}
		opens := before < 0 || toks[before].mark == ';' || toks[before].mark == '.'
		next := toks[i+1:]
		colon := len(next) > 0 && next[0].mark == ':'
		switch {
		case !opens && !(toks[before].mark == ',' && (colon || len(next) > 0 && next[0].text == "VT")):
		case len(next) == 0 || colon || next[0].mark == '.':
			return i
		case next[0].key == "trữ":
			if len(next) == 1 || next[1].mark == ':' || next[1].word() && next[1].upper() {
				return i
			}
		case next[0].upper(), next[0].key == "văn", next[0].key == "hồ", next[0].key == "vt":
			return i
		}
	}
	return len(toks)
}

func (l *line) addArchive(toks []token) {
	l.phrases = append(l.phrases, phrase{start: toks[0].start, end: toks[len(toks)-1].end, toks: toks, archive: true})
}

// lineParser carries labels over the segments of a line.
type lineParser struct {
	is    *issuer
	s     string
	over  *label // from a header line
	outer *label // the line's own label
	inner *label // a label inside the line's own
	done  []phrase
}

// segment parses what stands between two semicolons.
func (p *lineParser) segment(toks []token) {
	toks = trimOuter(toks)
	if len(toks) == 0 {
		return
	}
	p.inner = nil
	var list []phrase
	for _, part := range splitParts(toks) {
		part = trimOuter(part)
		if len(part) == 0 {
			continue
		}
		if before := p.last(list); before != nil && p.goesOn(before, part, len(p.done)+len(list) >= maxParts) {
			continue
		}
		list = append(list, p.part(part)...)
	}
	list = p.mergeOwners(list)
	p.share(list)
	list = p.mergeCodes(list)
	p.done = append(p.done, list...)
}

// last is the phrase before the one to come, nil if there is none.
func (p *lineParser) last(list []phrase) *phrase {
	switch {
	case len(list) > 0:
		return &list[len(list)-1]
	case len(p.done) >= maxParts:
		return &p.done[len(p.done)-1]
	}
	return nil
}

// goesOn reports whether a part belongs to the phrase before it, and adds it
// there. full tells that the line has its share of phrases.
func (p *lineParser) goesOn(before *phrase, part []token, full bool) bool {
	switch {
	case full:
		before.end = part[len(part)-1].end
		before.overfull = true
	case (honorific(before.toks) > 0 || comradeNamed(before.toks)) && leadsPost(part), // "Ông A, Phó Chánh Văn phòng"
		widerPlace(before.toks, part): // "UBND xã Gio Mai, huyện Gio Linh"
		before.extend(p.s, part)
	case companyName(before.toks) && tradeName(part):
		before.extend(p.s, part)
	case exceptionLead(part):
		before.except(p.s, part)
	case before.excepting && !plural(part): // "trừ Sở A, Sở B": who may tell where it ends?
		before.except(p.s, part)
		before.unclear = true
	default:
		return false
	}
	return true
}

// companyName reports the name of an enterprise, which may hold commas.
func companyName(toks []token) bool {
	switch words(toks[:min(2, len(toks))]) {
	case "công ty", "doanh nghiệp", "hợp tác":
		return true
	}
	return toks[0].key == "cty" || toks[0].key == "htx" || toks[0].key == "dntn"
}

// trades begin what goes on with the name of an enterprise behind a comma.
var trades = map[string]string{"thương mại": "", "dịch vụ": "", "xây dựng": "", "sản xuất": "", "đầu tư": "", "du lịch": "", "vận tải": "", "xuất nhập khẩu": "", "tư vấn": "", "thiết kế": "", "khoáng sản": "", "kinh doanh": "", "chế biến": "", "thủy sản": "", "lâm sản": "", "nông sản": "", "vật liệu": "", "vật tư": "", "cơ khí": "", "công nghiệp": "", "kỹ thuật": ""}

func tradeName(toks []token) bool {
	_, n := longest(trades, toks)
	return n > 0
}

// comradeNamed reports "Đ/c Nguyễn Văn A": a person by name, without a title.
func comradeNamed(toks []token) bool {
	n := comradeAt(toks)
	return n > 0 && n < len(toks) && personName(toks[n:], false)
}

// trimOuter drops separators from both ends, parentheses and colons kept.
func trimOuter(toks []token) []token {
	for len(toks) > 0 && !toks[0].word() && toks[0].mark != '(' {
		toks = toks[1:]
	}
	for len(toks) > 0 && !toks[len(toks)-1].word() && toks[len(toks)-1].mark != ')' && toks[len(toks)-1].mark != ':' {
		toks = toks[:len(toks)-1]
	}
	return toks
}

func exceptionLead(toks []token) bool {
	return toks[0].key == "trừ" || toks[0].key == "ngoại" && len(toks) > 1 && toks[1].key == "trừ"
}

// plural reports whether toks names a group.
func plural(toks []token) bool {
	for i, t := range toks {
		if t.key == "các" || t.key == "những" {
			return true
		}
		if c := chainAt(toks, i, false); i < 2 && c.end > i {
			return true
		}
	}
	return false
}

// placeRanks orders territories by size.
var placeRanks = map[string]int{"tỉnh": 3, "thành phố": 2, "thị xã": 2, "huyện": 2, "huyện đảo": 2, "quận": 2, "xã": 1, "phường": 1, "thị trấn": 1, "đặc khu": 1}

// widerPlace reports whether part is only the name of a territory wider than
// the one the name before ends with, and so says where that one lies.
func widerPlace(name, part []token) bool {
	level, n := levelAt(part)
	if n == 0 || n >= len(part) || properName(part[n:]) != len(part)-n {
		return false
	}
	at := placeStart(name)
	if at >= len(name) {
		return false
	}
	own, m := levelAt(name[at:])
	return at+m < len(name) && placeRanks[level] > placeRanks[own]
}

// extend adds a further part to the name of p, its tags included.
func (p *phrase) extend(s string, toks []token) {
	name, t := detachTags(s, toks)
	comma := token{mark: ',', start: p.end, end: p.end, text: ","}
	p.toks = append(append(p.toks[:len(p.toks):len(p.toks)], comma), name...)
	p.end = toks[len(toks)-1].end
	p.tags.purposes = append(p.tags.purposes, t.purposes...)
}

// except takes "trừ A" (or a further "B") that follows p after a comma.
func (p *phrase) except(s string, toks []token) {
	name, t := detachTags(s, toks)
	if exceptionLead(name) {
		t.read(source(s, name))
	} else {
		t.exceptions = append(t.exceptions, source(s, name))
	}
	p.tags.exceptions = append(p.tags.exceptions, t.exceptions...)
	p.tags.purposes = append(p.tags.purposes, t.purposes...)
	p.end = toks[len(toks)-1].end
	p.excepting = true
}

// part makes phrases of one comma-separated part, labels taken into account.
func (p *lineParser) part(toks []token) []phrase {
	start, end := toks[0].start, toks[len(toks)-1].end
	rest := toks
	if i := labelEnd(toks); i >= 0 {
		lab := p.label(toks[:i], trimOuter(toks[i+1:]))
		switch {
		case !anyWord(toks[i+1:]):
			p.outer = &lab
			return []phrase{{start: start, end: end, toks: trimMarks(toks[:i]), header: true, owner: lab.owner, purpose: lab.purpose}}
		case p.outer == nil && len(p.done) == 0:
			p.outer, p.inner = &lab, nil
		default:
			p.inner = &lab
		}
		rest = trimOuter(toks[i+1:])
	}
	if !anyWord(rest) {
		return nil
	}
	name, t := detachTags(p.s, rest)
	if !anyWord(name) {
		name, t = withoutParens(rest), tags{} // the name itself stands in parentheses
	}
	ph := phrase{start: start, end: end, toks: name, tags: t}
	p.apply(&ph)
	return []phrase{ph}
}

func anyWord(toks []token) bool {
	for _, t := range toks {
		if t.word() {
			return true
		}
	}
	return false
}

func withoutParens(toks []token) []token {
	var out []token
	for _, t := range toks {
		if t.mark != '(' && t.mark != ')' {
			out = append(out, t)
		}
	}
	return trimMarks(out)
}

// labelEnd returns the index of the first colon outside parentheses, -1 if none.
func labelEnd(toks []token) int {
	depth := 0
	for i, t := range toks {
		switch {
		case t.mark == '(':
			depth++
		case t.mark == ')':
			depth--
		case t.mark == ':' && depth <= 0 && i > 0:
			return i
		}
	}
	return -1
}

// apply gives a phrase what the labels in force say of it.
func (p *lineParser) apply(ph *phrase) {
	switch {
	case p.inner != nil && p.inner.fits(ph):
		p.inner.put(ph)
		if ph.owner == "" && p.outer != nil {
			ph.owner = p.outer.owner
		}
	case p.outer != nil && p.outer.fits(ph):
		p.inner = nil
		p.outer.put(ph)
	case p.over != nil:
		p.outer, p.inner = nil, nil
		if p.over.purpose != "" || !wholeBody(ph.toks) {
			p.over.put(ph)
			ph.ownerLine = p.over.purpose == ""
		}
	default:
		p.outer, p.inner = nil, nil
	}
}

// wholeBody reports whether toks names a body of its own that no header line
// can put inside another.
func wholeBody(toks []token) bool {
	if len(toks) > 1 && (toks[0].key == "sở" || toks[0].key == "bộ") {
		f, _ := matchField(toks[1:])
		return f != nil
	}
	if toks[0].key == "các" {
		key, _ := nounAt(toks[1:])
		return key == "sở" || key == "bộ" || levelWord(key)
	}
	return bodyCore(toks) > 0 || standingHead(toks)
}

// fits reports whether a label may govern the phrase.
func (l *label) fits(ph *phrase) bool {
	switch {
	case l.owner != "" && l.prefix == "", l.purpose != "":
		return true
	case l.post:
		return personName(ph.toks, true) && !strongHead(ph.toks) && !leadsPost(ph.toks)
	case l.field:
		if _, _, _, n := leadingPost(ph.toks); n > 1 {
			return false
		}
		if f, n := matchField(ph.toks); f != nil && n == len(ph.toks) {
			return l.prefix == "Bộ" || !centralFields[f.name]
		}
		return !strongHead(ph.toks) || ph.toks[0].key == strings.ToLower(l.prefix) || standing[squash(ph.toks)] != ""
	case l.prefix == "" && l.suffix == "":
		return false
	case l.code:
		if _, _, _, n := leadingPost(ph.toks); n > 0 && !shortCode(ph.toks) {
			return false
		}
		youth := len(ph.toks) == 2 && ph.toks[1].key == "đoàn" // "Tỉnh đoàn"
		return ph.toks[0].capital() && !youth && !wholeBody(ph.toks) && !(strongHead(ph.toks) && len(ph.toks) > 2)
	}
	core := bodyCore(ph.toks) > 0
	if core && ph.toks[0].key == firstWord(l.prefix) {
		return false // "UBND các xã: A, B; UBND phường C": a new body
	}
	return !strongHead(ph.toks) || l.suffix != "" || core
}

// put makes the label's words part of the phrase.
func (l *label) put(ph *phrase) {
	ph.owner = l.owner
	switch {
	case l.purpose != "":
		if len(ph.tags.purposes) == 0 {
			ph.tags.purposes = []string{l.purpose}
		}
	case l.post:
		name := tokenize(l.prefix)
		if honorific(name) == len(name) {
			ph.prefix = l.prefix
			return
		}
		if _, _, _, n := leadingPost(name); n < len(name) { // "PCT UBND tỉnh: A"
			ph.as, ph.tags.person = l.prefix, joinForm(ph.toks)
			return
		}
		ph.prefix = l.prefix
	case l.field && standing[squash(ph.toks)] != "":
	case l.prefix != "" && len(ph.toks) > 0 && strings.EqualFold(ph.toks[0].key, firstWord(l.prefix)):
	case l.prefix != "" && startsPlace(ph.toks): // "UBND các phường: A, Phường 3": its own level counts
		ph.prefix, ph.suffix = withoutLastLevel(l.prefix), l.suffix
	default:
		ph.prefix, ph.suffix = l.prefix, l.suffix
	}
}

// startsPlace reports whether toks is a named territory.
func startsPlace(toks []token) bool {
	_, n := levelAt(toks)
	return n > 0 && n < len(toks) && properName(toks[n:]) == len(toks)-n
}

// withoutLastLevel drops the level word at the end of a label's head.
func withoutLastLevel(prefix string) string {
	toks := tokenize(prefix)
	if at := placeStart(toks); at > 0 && at < len(toks) {
		return source(prefix, toks[:at])
	}
	return prefix
}

func firstWord(s string) string {
	w, _, _ := strings.Cut(strings.ToLower(s), " ")
	return w
}

// shortCode reports whether toks is one word written as a code.
func shortCode(toks []token) bool {
	return len(toks) == 1 && toks[0].upper() && len([]rune(toks[0].text)) <= 10
}
