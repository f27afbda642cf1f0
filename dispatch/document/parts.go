package document

import (
	"regexp"
	"strings"

	"quangtri.gov.vn/vanthu/internal/viet"
)

// Bounds of what is kept of the text itself.
const (
	maxArticles    = 100
	maxArticleSize = 8 << 10 // bytes
	maxAppendices  = 50
)

var (
	article     = regexp.MustCompile(`^[^\pL]{0,3}Điều (\d{1,3})[a-zđ]? ?[.:–-]`)
	articleAny  = regexp.MustCompile(`^[^\pL]{0,3}Điều (\d{1,3})(?: |$)`)
	chapter     = regexp.MustCompile(`^(?:chương|mục|phần) [ivx\d]+(?:$|[ .:])`)
	circulation = regexp.MustCompile(`^(?:lưu hành nội bộ|xem xong trả lại|không phổ biến|tài liệu thu hồi|chỉ lưu hành nội bộ|không sao chụp|tài liệu lưu hành nội bộ)$`)
	copyHead    = regexp.MustCompile(`^(?:sao y|sao lục|trích sao|sao y bản chính|bản sao y)(?: bản chính)?$`)
)

// readArticles keeps the text of each "Điều n" before the block, for lines such
// as "Như Điều 3". A number that comes twice keeps its first text.
func (x *extractor) readArticles() {
	end := x.label
	if end < 0 {
		end = x.appendix
	}
	cur := ""
	for i := x.heads[0].from; i < end; i++ {
		l := x.p.lines[i]
		if k := x.p.flows[l.flow].kind; k == inHeader || k == inFooter || l.text == "" {
			continue
		}
		t := plain(l.text)
		if m := article.FindStringSubmatch(t); m != nil {
			cur = strings.TrimLeft(m[1], "0")
			if x.f.Articles == nil {
				x.f.Articles = map[string]string{}
			}
			if _, twice := x.f.Articles[cur]; twice || len(x.f.Articles) >= maxArticles {
				cur = ""
				continue
			}
			x.f.Articles[cur] = t
			continue
		}
		if cur == "" {
			continue
		}
		if chapter.MatchString(viet.Key(t)) || isSignLine(t) || labelText(t) {
			cur = ""
			continue
		}
		if have := x.f.Articles[cur]; len(have)+len(t) < maxArticleSize {
			x.f.Articles[cur] = have + " " + t
		}
	}
}

// readAppendices lists the headings of appendices with the title below them.
func (x *extractor) readAppendices() {
	for i := x.appendix; i < len(x.p.lines) && len(x.f.Appendices) < maxAppendices; i++ {
		if !x.opensAppendix(i) {
			continue
		}
		t := plain(x.p.lines[i].text)
		if j := x.below(i); j > 0 && runesIn(t) < 24 {
			next := plain(x.p.lines[j].text)
			if !attached.MatchString(viet.Key(next)) && runesIn(next) < 160 && !isRule(next) && !labelText(next) {
				t += " " + next
			}
		}
		x.f.Appendices = append(x.f.Appendices, t)
	}
	if len(x.f.Appendices) > 0 {
		x.note("appendices", x.appendix)
	}
}

// below is the next written line of the same flow; -1 without one.
func (x *extractor) below(i int) int {
	for j := i + 1; j < min(i+6, len(x.p.lines)); j++ {
		if x.p.lines[j].flow == x.p.lines[i].flow && x.p.lines[j].text != "" {
			return j
		}
	}
	return -1
}

// readCirculation reads limits of circulation (box 11).
func (x *extractor) readCirculation() {
	for i := range x.p.lines {
		for _, s := range split(x.p.lines[i].text, i) {
			if t := undecorated(s.text); casingOf(t) == upperCase && circulation.MatchString(viet.Key(t)) {
				x.f.Circulation = t
				x.note("circulation", i)
				return
			}
		}
	}
}

// findCopy looks for a copy's own part behind the original (Nghị định 30/2020,
// Điều 25 and Phụ lục I, phần II): its heading, issuer, number and block.
func (x *extractor) findCopy() {
	for i := len(x.p.lines) - 1; i > 0; i-- {
		t := plain(x.p.lines[i].text)
		if t != "" && len(t) < 60 && isCaps(t) && copyHead.MatchString(viet.Key(t)) {
			x.copyAt = i
			return
		}
	}
}

// readCopy replaces issuer, number, date, block and signature by the copy's own.
// Type and abstract stay those of the original.
func (x *extractor) readCopy() {
	if x.copyAt < 0 {
		return
	}
	x.f.Copy = plain(x.p.lines[x.copyAt].text)
	x.note("copy", x.copyAt)
	if x.last < 0 || x.copyAt < x.last {
		return
	}
	own := &paper{kind: x.p.kind, flows: x.p.flows, lines: x.p.lines[x.last+1:], legacy: x.p.legacy}
	c := newExtractor(own)
	if c.label < 0 {
		return
	}
	from := x.last + 1
	c.heads = []span{{0, c.label}}
	c.copyAt = -1
	c.readNumber()
	c.readDate()
	c.readIssuer()
	c.readSignature()
	x.f.Recipients, x.conf = c.f.Recipients, c.conf
	x.label, x.last, x.archive, x.labels = c.label+from, c.last+from, c.archive, 1
	if c.f.Number != "" {
		x.f.Number, x.f.Symbol, x.f.NumberSymbol = c.f.Number, c.f.Symbol, c.f.NumberSymbol
	}
	if c.f.Date != "" {
		x.f.Place, x.f.Date, x.f.PlaceDateText = c.f.Place, c.f.Date, c.f.PlaceDateText
	}
	if c.f.Issuer != "" {
		x.f.Issuer, x.f.IssuerParent = c.f.Issuer, c.f.IssuerParent
	}
	if c.f.Signer != "" {
		x.f.SignLines, x.f.SignerTitle, x.f.Signer = c.f.SignLines, c.f.SignerTitle, c.f.Signer
	}
	for k, v := range c.sources {
		x.sources[k] = v
	}
}
