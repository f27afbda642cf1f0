package recipients

import (
	"strings"
)

// sharePlace is "Tỉnh ủy, HĐND, UBND tỉnh Thanh Hóa" and "TAND, VKSND, Cục
// THADS tỉnh": bodies without a territory take the one at the end.
func (p *lineParser) sharePlace(list []phrase) {
	tail, from := "", 0
	for i := len(list) - 1; i >= 0; i-- {
		ph := &list[i]
		_, _, _, post := leadingPost(ph.toks)
		if post > 0 || ph.owner != "" || ph.header {
			tail = ""
			continue
		}
		if at := tailStart(ph.toks); at < len(ph.toks) {
			tail = ""
			if at > 0 && !tooLong(ph.toks[at:]) && (bodyCore(ph.toks) > 0 || takesPlace(ph.toks) || standingHead(ph.toks)) {
				tail, from = source(p.s, ph.toks[at:]), i
			}
			continue
		}
		if tail == "" || ph.suffix != "" || strings.HasPrefix(tail, "các ") && indexOf(ph.toks, "các") >= 0 || isCentral(ph.toks) || wholeProvinceTail(ph.toks) {
			continue
		}
		if bodyCore(ph.toks) > 0 || takesPlace(ph.toks) || standingHead(ph.toks) {
			ph.suffix = tailFor(ph.toks, tail)
			if ph.suffix != "" && (p.elsewhere(tail) || p.otherBareLevel(tail) && committeeLike(ph.toks)) && !(committeeLike(ph.toks) && committeeLike(list[from].toks)) {
				ph.several = true
			}
			if from+1 < len(list) && furtherPlace(tail, list[from+1].toks) {
				ph.several, list[from].several = true, true
			}
		}
	}
}

// elsewhere reports whether a tail names a territory that is not one the issuer
// sits in: then a body before it may well be the issuer's own.
func (p *lineParser) elsewhere(tail string) bool {
	t := tokenize(tail)
	at := placeStart(t)
	if at >= len(t) {
		return false
	}
	level, n := levelAt(t[at:])
	if at+n >= len(t) {
		return false
	}
	here := place{level, joinWords(t[at+n:])}
	for _, own := range []place{p.is.province, p.is.district, p.is.commune} {
		if sameName(own.String(), here.String()) {
			return false
		}
	}
	return true
}

// otherBareLevel reports a bare level word that is not that of the issuer's seat.
func (p *lineParser) otherBareLevel(tail string) bool {
	t := tokenize(tail)
	level, n := levelAt(t)
	return n > 0 && n == len(t) && p.is.seat().level != "" && level != p.is.seat().level
}

func committeeLike(toks []token) bool {
	head, _ := longest(standingHeads, toks)
	return bodyCore(toks) > 0 || standingHead(toks) && head != "Văn phòng"
}

// furtherPlace reports "HĐND, UBND huyện A, B": behind a tail that names a
// territory stands but the name of another one.
func furtherPlace(tail string, next []token) bool {
	t := tokenize(tail)
	at := placeStart(t)
	if at >= len(t) {
		return false
	}
	_, n := levelAt(t[at:])
	return at+n < len(t) && (startsPlace(next) || properName(next) == len(next) && !strongHead(next) && !shortCode(next))
}

// tailFor fits a tail to a Party committee: "Tỉnh ủy" takes the bare name of
// the province, and nothing from a bare level word or another level.
func tailFor(toks []token, tail string) string {
	t := tokenize(tail)
	level, n := levelAt(t)
	text := words(toks)
	for party, of := range partyLevels {
		if text == party || strings.HasSuffix(text, " "+party) {
			if level == of && n < len(t) {
				return source(tail, t[n:])
			}
			return ""
		}
	}
	if toks[len(toks)-1].key == "tu" || toks[len(toks)-1].key == "hu" {
		return ""
	}
	return tail
}

func standingHead(toks []token) bool {
	_, n := longest(standingHeads, toks)
	return n > 0 && bodyCore(trimMarks(toks[n:])) > 0
}

// tailStart returns where a name's territory begins: "tỉnh X", "tỉnh", "các
// huyện, thị xã". len(toks) if there is none.
func tailStart(toks []token) int {
	for i := range toks {
		if i == 0 || !toks[i].word() {
			continue
		}
		j := i
		if toks[j].key == "các" && j+1 < len(toks) {
			j++
		}
		if c := chainAt(toks, j, j > i); c.end > j && c.territorial() {
			return i
		}
		if _, n := levelAt(toks[j:]); j > i && n > 0 && j+n == len(toks) { // "các huyện"
			return i
		}
	}
	return placeStart(toks)
}

// placeTakers are heads of bodies that exist once in every territory.
var placeTakers = wordSetOf("tand", "vksnd", "tòa án nhân dân", "viện kiểm sát nhân dân", "công an", "ca", "bchqs", "bộ chqs", "bch quân sự", "bộ chỉ huy quân sự", "ban chqs", "ban chỉ huy quân sự", "bđbp", "bch bđbp", "bộ chỉ huy bộ đội biên phòng", "cục", "chi cục",
	"kho bạc", "kbnn", "kho bạc nhà nước", "bhxh", "bảo hiểm xã hội", "lđlđ", "liên đoàn lao động", "hội", "hội nông dân", "hội lhpn", "hội liên hiệp phụ nữ", "hội ccb", "hội cựu chiến binh", "mttq", "ubmttq", "ủy ban mttq", "ubmttqvn", "mặt trận tổ quốc", "thanh tra", "đài", "ban", "trung tâm", "ngân hàng", "quân sự", "biên phòng", "phòng", "đoàn đbqh", "thuế", "thống kê", "thi hành án", "thads", "bưu điện", "điện lực", "hải quan", "ban dân tộc", "văn phòng", "vp", "đoàn thanh niên", "hạt kiểm lâm")

func takesPlace(toks []token) bool {
	table := placeTakerTable
	_, n := longest(table, toks)
	return n > 0
}

var placeTakerTable = func() map[string]string {
	m := make(map[string]string, len(placeTakers))
	for k := range placeTakers {
		m[k] = k
	}
	return m
}()
