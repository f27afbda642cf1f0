package document

import (
	"math"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"quangtri.gov.vn/vanthu/internal/viet"
)

var (
	salutationPrefix = regexp.MustCompile(`(?i)^[^\pL]*(?:đồng )?kính ?(?:gửi|gởi|trình) ?[:.]? *`)
	// addressedTo is the line of a công điện that names its addressees: "... điện:".
	addressedTo = regexp.MustCompile(`^(?:.{0,120}[^\pL])?điện ?: *`)
	// invitation names who is invited: "... trân trọng kính mời: ...", the list
	// below it, or "... kính mời ... tới dự ..." in one sentence.
	invitation = regexp.MustCompile(`(?:^|[^\pL])(?:kính|xin) mời(?: ?: *| +|$)`)
	inviteEnd  = regexp.MustCompile(`^(?:.{0,120}[^\pL])?kính mời ?:?$|^(?:trân trọng )?kính mời ?:`)
	attend     = regexp.MustCompile(`[ ,]+(?:(?:đến|tới|về|tham)(?: tham)? (?:dự|gia)|dự|cử) `)
)

// readSalutation reads the addressees (box 9a): behind "Kính gửi:", "... điện:"
// of a công điện, or "Kính mời:" of an invitation.
func (x *extractor) readSalutation() {
	from := x.heads[0].from
	end := min(len(x.p.lines), x.heads[0].to+40)
	if x.label >= 0 {
		end = min(end, x.label)
	}
	for _, s := range x.segs(from, end) {
		key := viet.Key(s.text)
		rest, ok := "", false
		switch {
		case salutation.MatchString(strings.TrimLeft(key, "-*• ")):
			rest, ok = salutationPrefix.ReplaceAllString(s.text, ""), true
		case x.f.Type == "Công điện" && s.line > x.typeAt && runesIn(key) < 130 && addressedTo.MatchString(key):
			i := strings.LastIndex(s.text[:min(len(s.text), 250)], ":")
			rest, ok = s.text[i+1:], true
		case strings.HasSuffix(x.f.Type, " mời") && s.line > x.typeAt:
			rest, ok = invited(s.text)
		}
		if ok {
			x.f.KinhGui = x.addressees(s, strings.TrimSpace(rest))
			x.note("kinh_gui", s.line)
			return
		}
	}
}

// invited is who a line of an invitation names; "" with ok when they follow.
func invited(t string) (rest string, ok bool) {
	low := strings.ToLower(t)
	at := invitation.FindStringIndex(low)
	if at == nil || len(low) != len(t) {
		return "", false
	}
	rest = t[at[1]:]
	if end := attend.FindStringIndex(strings.ToLower(rest) + " "); end != nil {
		return rest[:end[0]], true
	}
	return rest, runesIn(rest) < 400
}

// addressees collects the names behind a salutation: the rest of its line, what
// stands beside it, and the lines below until the text begins.
func (x *extractor) addressees(s seg, rest string) []string {
	a := &addressList{x: x, prev: s.line}
	if rest != "" {
		a.add(rest, bullet.MatchString(rest), s.line)
	}
	blank := false
	for _, q := range x.beside(s) {
		if q.text == "" {
			if a.closed() || a.listed() && !a.marked {
				break
			}
			blank = a.listed()
			continue
		}
		if blank && !bullet.MatchString(q.text) {
			break
		}
		blank = false
		if !a.next(q) {
			break
		}
	}
	return a.items()
}

// maxAddressLines bounds the lines below a salutation.
const maxAddressLines = 80

// beside lists what can hold addressees: the rest of the same line, the other
// cells of a table row, then the lines below.
func (x *extractor) beside(s seg) (out []seg) {
	l := x.p.lines[s.line]
	fl := x.p.flows[l.flow]
	past := false
	for _, q := range split(l.text, s.line) {
		if past {
			out = append(out, q)
		}
		past = past || q.text == s.text
	}
	for i := s.line + 1; i < min(len(x.p.lines), s.line+maxAddressLines); i++ {
		m := x.p.lines[i]
		g := x.p.flows[m.flow]
		right := fl.kind == inCell && g.kind == inCell && g.table == fl.table && (g.row > fl.row || g.row == fl.row && g.col > fl.col)
		if m.flow != l.flow && !right {
			if fl.kind == inBody && g.kind == inCell {
				break
			}
			continue
		}
		out = append(out, seg{plain(m.text), i, 0, 0})
	}
	return out
}

// addressList joins lines to addressees.
type addressList struct {
	x      *extractor
	list   []string
	marked bool
	prev   int
}

func (a *addressList) listed() bool { return len(a.list) > 0 }

func (a *addressList) closed() bool {
	return a.listed() && strings.HasSuffix(a.list[len(a.list)-1], ".")
}

func (a *addressList) add(t string, marked bool, line int) {
	t = strings.TrimSpace(bullet.ReplaceAllString(t, ""))
	if t != "" {
		a.list = append(a.list, t)
	}
	a.marked = a.marked || marked
	a.prev = line
}

// next takes a line below the salutation; false ends the list.
func (a *addressList) next(q seg) bool {
	t := strings.TrimSpace(q.text)
	key := viet.Key(t)
	if isRule(t) {
		return true
	}
	marked := a.x.p.lines[q.line].auto || bullet.MatchString(t)
	if salutation.MatchString(key) && !labelText(t) {
		a.add(strings.TrimSuffix(salutationPrefix.ReplaceAllString(t, ""), "."), marked, q.line)
		return true
	}
	if a.closed() && !(marked && a.marked) || labelText(t) || len(a.list) >= maxItems || subjectStart.MatchString(key) {
		return false
	}
	if marked {
		if a.listed() && !a.marked && !strings.HasSuffix(strings.TrimRight(a.list[len(a.list)-1], " "), ":") && strings.HasSuffix(a.list[len(a.list)-1], ".") {
			return false
		}
		a.add(t, true, q.line)
		return true
	}
	switch {
	case !a.listed():
		if a.x.bodyLike(q.line, key) && !strings.HasSuffix(t, ";") && runesIn(t) > 120 {
			return false
		}
		a.add(t, false, q.line)
	case a.x.wraps(a.prev, q.line), a.hangs(q.line, t):
		a.list[len(a.list)-1] += " " + t
		a.prev = q.line
	case a.x.p.lines[q.line].printed:
		return false
	case a.unfinished() && runesIn(t) < 120:
		if a.marked || !strings.HasSuffix(a.list[len(a.list)-1], ";") {
			a.list[len(a.list)-1] += " " + t
		} else {
			a.add(t, false, q.line)
		}
	default:
		return false
	}
	return true
}

// hangs reports whether a printed line goes on with the addressee above it: it
// is near, that one has not ended, and the line begins where the list's own lines
// do or further in, where no paragraph of the text begins, under the one addressee
// behind the colon or centred as it is, or with a small letter.
func (a *addressList) hangs(i int, t string) bool {
	l, prev := a.x.p.lines[i], a.x.p.lines[a.prev]
	last := strings.TrimSpace(a.list[len(a.list)-1])
	if !l.printed || l.page != prev.page || l.flow != prev.flow || l.y-prev.y > 24 || strings.HasSuffix(last, ";") || strings.HasSuffix(last, ".") {
		return false
	}
	if first, _ := utf8.DecodeRuneInString(t); unicode.IsLower(first) || a.unfinished() {
		return true
	}
	if !a.marked {
		return len(a.list) == 1 && (prev.hang > 0 && math.Abs(l.x-prev.hang) < 4 || l.centred && prev.centred)
	}
	return l.x >= prev.x-2 && l.x > a.x.p.lead+60
}

// unfinished reports whether the last addressee cannot be the end of the list.
func (a *addressList) unfinished() bool {
	last := strings.TrimSpace(a.list[len(a.list)-1])
	return strings.HasSuffix(last, ",") || strings.HasSuffix(last, ";") || strings.Count(last, "(") > strings.Count(last, ")") ||
		openEnded.MatchString(viet.Key(last))
}

func (a *addressList) items() (out []string) {
	if len(a.list) == 1 && strings.Count(a.list[0], ";") > 0 && !a.marked {
		a.list = strings.Split(a.list[0], ";")
	}
	for _, t := range a.list {
		for _, u := range splitGlued(t) {
			if u = trimItem(u); u != "" && len(u) <= maxItemSize {
				out = append(out, u)
			}
		}
	}
	return out
}
