package recipients

import (
	"iter"
	"slices"
	"strings"
)

// share gives the phrases of a segment what they have in common: purposes and
// channel at its end, a head at its beginning, a territory or body at its end.
func (p *lineParser) share(list []phrase) {
	shareTags(list)
	p.shareStanding(list)
	p.shareBody(list)
	p.shareChief(list)
	p.shareCommittee(list)
	p.sharePlace(list)
	p.shareHead(list)
	p.shareMass(list)
	shareConcern(list)
	doubtUnions(list)
}

// doubtUnions is "Hội PN Công an tỉnh, BĐBP tỉnh": the union inside the first
// body; who may tell whether the next is meant itself?
func doubtUnions(list []phrase) {
	for i := 1; i < len(list); i++ {
		toks := list[i-1].toks
		if toks[0].key != "hội" && toks[0].key != "đoàn" && toks[0].key != "công" || words(toks[:min(2, len(toks))]) == "công an" {
			continue
		}
		for j := 2; j < len(toks); j++ {
			if toks[j].capital() && takesPlace(toks[j:]) && toks[j].key != "hội" {
				list[i].several = true
				break
			}
		}
	}
}

// shareConcern is "Các Sở, Ban, ngành, UBND các huyện liên quan": who may tell
// whether "liên quan" holds for the groups before it too? Behind a "các" of its
// own at the start of a part ("và các đơn vị liên quan") it does not.
func shareConcern(list []phrase) {
	if len(list) < 2 {
		return
	}
	last := list[len(list)-1].toks
	if n := len(last); n < 3 || last[n-1].key != "quan" || last[n-2].key != "liên" || last[0].key == "các" {
		return
	}
	for i := range list[:len(list)-1] {
		list[i].concern = plural(list[i].toks)
	}
}

// shareMass is "Các sở, ban, ngành, đoàn thể liên quan": what follows the mass
// organisations holds for the departments before them too.
func (p *lineParser) shareMass(list []phrase) {
	for i := 1; i < len(list); i++ {
		ph := &list[i]
		toks := ph.toks
		if toks[0].key == "các" && len(toks) > 1 {
			toks = toks[1:]
		}
		key, n := nounAt(toks)
		if !massNoun(key) || tooLong(toks[n:]) {
			continue
		}
		tail := source(p.s, toks[n:])
		for j := max(0, i-3); j < i; j++ {
			if indexOf(list[j].toks, "sở") < 0 {
				continue
			}
			if list[j].suffix == "" {
				list[j].suffix = tail
			}
			if ph.toks[0].key != "các" {
				ph.prefix = "Các"
			}
		}
	}
}

// shareTags carries purposes and channel backwards over phrases without tags.
func shareTags(list []phrase) {
	for i := len(list) - 2; i >= 0; i-- {
		if list[i].tags.empty() {
			list[i].tags.purposes = append([]string(nil), list[i+1].tags.purposes...)
			list[i].tags.channel = list[i+1].tags.channel
		}
	}
}

// standingHeads are shared over the committees that follow.
var standingHeads = map[string]string{"thường trực": "Thường trực", "tt": "Thường trực", "thường vụ": "Thường vụ", "tv": "Thường vụ", "ban thường vụ": "Ban Thường vụ", "btv": "Ban Thường vụ", "btt": "Ban Thường trực", "văn phòng": "Văn phòng", "vp": "Văn phòng", "ban thường trực": "Ban Thường trực"}

// shareStanding is "TT Tỉnh ủy, HĐND, UBND tỉnh": the head holds for the bare
// committees behind it unless one of them repeats a head.
func (p *lineParser) shareStanding(list []phrase) {
	for i := range list {
		head, n := longest(standingHeads, list[i].toks)
		if n == 0 || bodyCore(trimMarks(list[i].toks[n:])) == 0 || list[i].prefix != "" || tooLong(list[i].toks[:n]) {
			continue
		}
		last := i
		for j := i + 1; j < len(list) && sharesStanding(list[j].toks) && list[j].prefix == ""; j++ {
			last = j
		}
		if last+1 < len(list) && last > i {
			if _, again := longest(standingHeads, list[last+1].toks); again > 0 {
				continue
			}
		}
		if i > 0 && last > i {
			if _, before := longest(standingHeads, list[i-1].toks); before > 0 {
				continue // the head was repeated so far; what follows stands alone
			}
		}
		for j := i + 1; j <= last; j++ {
			if head == "Thường trực" && committeeCore(list[j].toks) && (councilCore(list[i].toks[n:]) || !councilCore(list[j-1].toks)) {
				break // "TT HĐND, UBND": only "TT Tỉnh ủy, HĐND, UBND" means that of all three
			}
			if otherLevel(trimMarks(list[i].toks[n:]), list[j].toks) {
				break
			}
			if head == "Văn phòng" && !sameCore(list[i].toks[n:], list[j].toks) {
				break
			}
			list[j].prefix = head
		}
	}
}

func councilCore(toks []token) bool {
	toks = trimMarks(toks)
	return bodyCores[words(toks[:bodyCore(toks)])] == "HĐND"
}

func committeeCore(toks []token) bool { return bodyCores[words(toks[:bodyCore(toks)])] == "UBND" }

// sharesStanding reports whether a committee may take the head of the one
// before. The Fatherland Front and the deputies of the National Assembly stand
// alone.
func sharesStanding(toks []token) bool {
	n := bodyCore(toks)
	core := bodyCores[words(toks[:n])]
	return n > 0 && (core == "HĐND" || core == "UBND")
}

// otherLevel reports "TT Thị ủy X, HĐND tỉnh": the committee behind the head works
// on another level, or the head has a place of its own, so that it is not shared.
func otherLevel(head, next []token) bool {
	n := bodyCore(head)
	place := trimMarks(next[bodyCore(next):])
	party := partyLevels[words(head[:n])]
	level, m := levelAt(place)
	if party == "" { // HĐND, UBND, Đảng ủy with a place of its own
		return n < len(head) && m > 0
	}
	return m > 0 && level != party
}

// sameCore keeps "Văn phòng Tỉnh ủy, UBND tỉnh" from becoming two offices: only
// committees of one kind share an office head.
func sameCore(a, b []token) bool {
	party := func(t []token) bool {
		v := bodyCores[words(t[:bodyCore(t)])]
		return strings.HasSuffix(v, "ủy") || v == "TU"
	}
	a = trimMarks(a)
	return !party(a) && !party(b)
}

func tooLong(toks []token) bool {
	return len(toks) > 0 && toks[len(toks)-1].end-toks[0].start > maxShared
}

// shareBody is "CT, các PCT UBND tỉnh": titles without a body take the one
// that a later title of the same list names, else the one named before.
func (p *lineParser) shareBody(list []phrase) {
	p.carryBody(list, slices.Backward(list), related)
	p.carryBody(list, slices.All(list), func(a, b postClass) bool { return a == b })
	p.shareAide(list)
}

// carryBody goes through a list in an order and gives the body that a title names
// to the titles after it that name none and fit to it.
func (p *lineParser) carryBody(list []phrase, order iter.Seq2[int, phrase], fits func(a, b postClass) bool) {
	body := ""
	class := postClass(0)
	for i := range order {
		po, _, _, n := leadingPost(list[i].toks)
		if n == 0 || list[i].owner != "" {
			body = ""
			continue
		}
		rest := withoutCharge(trimMarks(list[i].toks[n:]))
		switch {
		case len(rest) > 0 && !personName(rest, true) && namesBody(rest) && !tooLong(rest):
			body, class = source(p.s, rest), po.class
		case len(rest) == 0 && body != "" && list[i].suffix == "" && fits(po.class, class):
			list[i].suffix = body
		}
	}
}

// shareChief is "C, PCVP UBND tỉnh": before a deputy of the office "C" is its chief.
func (p *lineParser) shareChief(list []phrase) {
	for i := 0; i+1 < len(list); i++ {
		ph, next := &list[i], &list[i+1]
		po, _, _, n := leadingPost(next.toks)
		if len(ph.toks) != 1 || ph.toks[0].text != "C" || n == 0 || po.title != "Phó Chánh Văn phòng" {
			continue
		}
		ph.as, ph.suffix = "CVP", next.suffix
		if rest := trimMarks(next.toks[n:]); len(rest) > 0 && !personName(rest, true) && !tooLong(rest) {
			ph.suffix = source(p.s, rest)
		}
	}
}

// related reports whether two posts may belong to one body.
func related(a, b postClass) bool {
	return a == b || a == leaderPost || b == leaderPost || a == partyPost && b == partyPost || a == chairPost && b == officePost || a == officePost && b == chairPost
}

// shareAide is "Thư ký TTg, các PTTgCP": inside an office the aide's title
// holds for the next person too.
func (p *lineParser) shareAide(list []phrase) {
	for i := 1; i < len(list); i++ {
		po, _, _, n := leadingPost(list[i].toks)
		before, _, _, m := leadingPost(list[i-1].toks)
		if n == 0 || m == 0 || list[i].owner == "" || list[i].prefix != "" {
			continue
		}
		aide := before.class == aidePost && m < len(list[i-1].toks) || list[i-1].prefix != "" && posts[words(tokenize(list[i-1].prefix))].class == aidePost
		if aide && po.class == govPost {
			list[i].prefix = source(p.s, list[i-1].toks[:m])
			if list[i-1].prefix != "" {
				list[i].prefix = list[i-1].prefix
			}
		}
	}
}

// shareCommittee is "Ban Tổ chức, Ban Tuyên giáo Tỉnh ủy": boards without a
// committee take the one that the last of them names.
func (p *lineParser) shareCommittee(list []phrase) {
	tail := ""
	for i := len(list) - 1; i >= 0; i-- {
		ph := &list[i]
		if !boardHead(ph.toks) && !boardHeads[firstWord(ph.prefix)] && !bareStanding(ph.toks) && !standingHead(ph.toks) || ph.owner != "" || ph.header {
			tail = ""
			continue
		}
		if bodyCore(ph.toks) > 0 { // a committee itself, behind "VP:"
			tail = ""
			continue
		}
		if at := committeeAt(ph.toks); at > 0 {
			tail = ""
			if !tooLong(ph.toks[at:]) {
				tail = source(p.s, ph.toks[at:])
			}
			continue
		}
		if standingHead(list[min(i+1, len(list)-1)].toks) && !bareStanding(ph.toks) {
			continue // "BTC, TT. Tỉnh ủy": the committee is that of the standing body only
		}
		if tail != "" && ph.suffix == "" && placeStart(ph.toks) == len(ph.toks) && !isCentral(ph.toks) {
			ph.suffix = tail
		}
	}
}

// bareStanding reports "Thường trực" alone: of the committee that the next board names.
func bareStanding(toks []token) bool {
	_, n := longest(standingHeads, toks)
	return n == len(toks)
}

// boardHeads begin boards that stand under a committee.
var boardHeads = wordSet("ban ubkt btc btg btgdv bnc bdv vp")

func boardHead(toks []token) bool {
	if len(toks) > 1 && toks[0].key == "các" {
		toks = toks[1:]
	}
	if _, ok := hasWords(toks, "ủy", "ban", "kiểm", "tra"); ok {
		return true
	}
	_, office := hasWords(toks, "văn", "phòng")
	return office || boardHeads[toks[0].key]
}

// committeeAt returns where the committee at the end of a board's name begins,
// 0 if there is none.
func committeeAt(toks []token) int {
	for i := len(toks) - 1; i > 0; i-- {
		n := bodyCore(toks[i:])
		if n == 0 {
			continue
		}
		if rest := toks[i+n:]; len(rest) == 0 || placeStart(rest) == 0 || properName(rest) == len(rest) {
			return i
		}
	}
	return 0
}

// shareHead is "UBND TP Đông Hà, TX Quảng Trị", "UBND huyện A, B", "Sở Tài
// chính, Nội vụ" and "Các Sở Tài chính, Nội vụ".
func (p *lineParser) shareHead(list []phrase) {
	head, level := "", ""
	for i := range list {
		ph := &list[i]
		if ph.prefix != "" || ph.owner != "" || ph.header {
			head = ""
			continue
		}
		if i > 0 && head != "" && p.continues(ph, head, level) {
			continue
		}
		head, level = p.headOf(ph)
	}
}

// ofProvince is the level of a head that bare names of provinces follow.
const ofProvince = "(tỉnh)"

// headOf finds what a phrase may hand on: "UBND" with the level of its place,
// or "Sở", "Bộ". "các" before one named body is dropped from that phrase.
func (p *lineParser) headOf(ph *phrase) (head, level string) {
	toks := ph.toks
	if len(toks) > 2 && toks[0].key == "các" && (toks[1].key == "sở" || toks[1].key == "bộ") {
		if f, _ := matchField(toks[2:]); f != nil {
			ph.prefix, ph.toks = capitalise(toks[1].key), toks[2:]
			return capitalise(toks[1].key), ""
		}
	}
	if len(toks) > 1 && (toks[0].key == "sở" || toks[0].key == "bộ") {
		if f, n := matchField(toks[1:]); f != nil {
			if provinces[words(toks[1+n:])] != "" { // "Sở TT&TT Quảng Bình, Hà Tĩnh"
				return source(p.s, toks[:1+n]), ofProvince
			}
			return toks[0].text, ""
		}
	}
	if len(toks) > 1 && toks[0].key == "phòng" && roomName(toks[1:]) {
		return "Phòng", ""
	}
	_, _, _, post := leadingPost(toks)
	n := bodyCore(toks[post:])
	if n > 0 {
		n += post
	}
	if n == 0 && post == 0 {
		if _, taken := longest(placeTakerTable, toks); taken > 0 && toks[0].key != "cục" {
			n = taken
		}
	}
	if n == 0 || n >= len(toks) {
		return "", ""
	}
	if at := placeStart(toks); n < at && at < len(toks) && bodyCore(toks) == 0 && post == 0 {
		n = at // "Phòng QLĐT TP A, TX B"
	}
	rest := toks[n:]
	if rest[0].key == "các" && len(rest) > 1 {
		if lv, m := levelAt(rest[1:]); m > 0 && 1+m < len(rest) && properName(rest[1+m:]) == len(rest)-1-m {
			ph.prefix, ph.toks = source(p.s, toks[:n])+" "+lv, rest[1+m:]
			return source(p.s, toks[:n]), lv
		}
		return "", ""
	}
	if lv, m := levelAt(rest); m > 0 && m < len(rest) && properName(rest[m:]) == len(rest)-m {
		return source(p.s, toks[:n]), lv
	}
	return "", ""
}

// roomName reports whether toks is the code of a room or its field of work.
func roomName(toks []token) bool {
	if shortCode(toks) || codeOnly(toks) {
		return true
	}
	f, n := matchField(toks)
	return f != nil && n == len(toks)
}

// continues gives a phrase the head of the one before if it is only a place or
// only a field of work.
func (p *lineParser) continues(ph *phrase, head, level string) bool {
	toks := ph.toks
	if level == ofProvince {
		if provinces[words(toks)] == "" {
			return false
		}
		ph.prefix = head
		return true
	}
	if head == "Sở" || head == "Bộ" || head == "sở" || head == "bộ" {
		f, n := matchField(toks)
		departments := head == "Sở" || head == "sở"
		if f == nil || n < len(toks) && placeStart(toks) != n || departments && centralFields[f.name] || strongHead(toks) && toks[0].key != "công" {
			return false
		}
		ph.prefix = capitalise(head)
		return true
	}
	if head == "Phòng" {
		if !roomName(toks) || len(toks) == 1 && abbreviations[toks[0].key] != "" || partyCodeKeys[words(toks)] != "" || leadsPost(toks) {
			return false
		}
		ph.prefix = head
		return true
	}
	if lv, n := levelAt(toks); lv != "" && n < len(toks) && properName(toks[n:]) == len(toks)-n {
		ph.prefix = head
		return true
	}
	if properName(toks) == len(toks) && !strongHead(toks) && !personName(toks, false) && !shortCode(toks) {
		if _, _, _, post := leadingPost(toks); post == 0 {
			ph.prefix = head + " " + level
			return true
		}
	}
	return false
}
