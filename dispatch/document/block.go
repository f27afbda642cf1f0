package document

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"quangtri.gov.vn/vanthu/internal/viet"
)

// label is the heading of the recipients block (box 9b), by its key.
var label = regexp.MustCompile(`^[-–* ]*(?:nơi nhận|nơi gửi|nơi gởi)(?: văn bản)? ?(:|$)`)

// labelText reports whether a segment is the heading of a recipients block,
// alone or with the first item behind a colon.
func labelText(s string) bool {
	return label.MatchString(viet.Key(s)) || fuzzyLabel(s)
}

// fuzzyLabel accepts the heading as OCR may read it.
func fuzzyLabel(s string) bool {
	k := viet.Fold(strings.Trim(s, " :.;,-*"))
	return k == "noi nhan" && strings.ContainsAny(s[:1], "Nn")
}

// block is one recipients block that the file holds.
type block struct {
	label, last int
	lines       []int // that hold the items
	items       []string
	conf        []float64 // OCR confidence of the items
	archive     bool
	joined      string // an item of which it is not sure where it ends
	form        bool   // dotted blanks: a form to fill in
}

// Bounds of a block.
const (
	maxLabels   = 100 // headings that are looked below
	maxItems    = 200
	maxItemSize = 2000
)

// findBlock chooses the recipients block: the earliest that ends with Lưu, is
// no form to fill in and does not stand in an appendix.
func (x *extractor) findBlock() {
	var all []block
	tried := 0
	for i := range x.p.lines {
		k := x.p.flows[x.p.lines[i].flow].kind
		if k == inHeader || k == inFooter || tried > maxLabels {
			continue
		}
		for _, s := range split(x.p.lines[i].text, i) {
			if len(s.text) < maxItemSize && labelText(s.text) {
				tried++
				all = append(all, x.readBlock(s))
			}
		}
	}
	x.choose(all)
	x.findAppendix()
}

// choose takes one of the blocks and counts those that could have been meant.
func (x *extractor) choose(all []block) {
	best := -1
	for i, b := range all {
		if b.form || x.appendixBefore(b.label) {
			continue
		}
		column := x.p.flows[x.p.lines[b.label].flow].kind == inCell // perhaps the head of a column of data
		if len(b.items) == 0 || !b.archive && !column {
			x.empty = x.empty || best < 0 || !all[best].archive
		}
		if len(b.items) == 0 {
			continue
		}
		if b.archive {
			x.labels++
		}
		if best < 0 || b.archive && !all[best].archive {
			best = i
		}
	}
	if best < 0 {
		return
	}
	x.empty = x.empty && all[best].archive
	x.take(all[best])
}

func (x *extractor) take(b block) {
	x.label, x.last, x.archive = b.label, b.last, b.archive
	x.taken = map[int]bool{b.label: true}
	for _, i := range b.lines {
		x.taken[i] = true
	}
	x.f.Recipients = b.items
	x.note("recipients", b.label)
	x.conf, x.joined = b.conf, b.joined
}

// appendixBefore reports whether an appendix begins before line i, after the
// text has begun.
func (x *extractor) appendixBefore(i int) bool {
	for j := x.heads[0].to; j < i; j++ {
		if x.opensAppendix(j) {
			return true
		}
	}
	return false
}

// opensAppendix reports whether line i is the heading of an appendix.
func (x *extractor) opensAppendix(i int) bool {
	l := x.p.lines[i]
	if k := x.p.flows[l.flow].kind; k == inHeader || k == inFooter || len(l.text) > 160 {
		return false
	}
	key := x.key(i)
	if !appendixHead.MatchString(key) {
		return false
	}
	t := plain(l.text)
	return isCaps(strings.Fields(t)[0]) || l.centred && runesIn(t) < 60 || l.bold && runesIn(t) < 60
}

// readBlock collects the items of a label from the likeliest place (see places)
// that ends with Lưu, else from the likeliest that holds any; a second column of
// items goes on where the first one ends.
func (x *extractor) readBlock(s seg) block {
	best := block{label: s.line, last: s.line}
	for _, segs := range x.places(s) {
		b := block{label: s.line, last: s.line}
		c := collector{x: x, b: &b}
		if rest := afterLabel(s.text); rest != "" {
			c.inline(rest, s.line)
		}
		c.all(segs)
		if len(b.items) > 0 && !b.archive {
			c.all(x.secondColumn(s, segs))
		}
		if b.archive {
			return b
		}
		if len(best.items) == 0 {
			best = b
		}
	}
	return best
}

var labelPrefix = regexp.MustCompile(`(?i)^[^\pL]*nơi +(?:nhận|gửi|gởi)(?: văn bản)? ?:? *`)

func afterLabel(s string) string { return labelPrefix.ReplaceAllString(s, "") }

var (
	bullet = regexp.MustCompile(`^(?:[-–—•·◦▪●○*+]|[\x{F000}-\x{F0FF}]|\x{2010}|\x{2011}|\x{2212}|[~«=_](?: |\pL)) *`)
	store  = regexp.MustCompile(`^lưu(?:$|[^\pL]| trữ| tại| văn thư| hồ sơ| vp| vt)`)
	dotted = regexp.MustCompile(`\.{4,}|…{2,}|_{3,}`)
)

// stampText is a line of what a digital signature shows.
var stampText = regexp.MustCompile(`^(?:(?:ký bởi|người ký|cơ quan|thời gian ký|ngày ký|e-?mail) ?:|digitally signed|signature )`)

// collector joins lines to items.
type collector struct {
	x        *extractor
	b        *block
	cur      strings.Builder
	started  bool
	marked   bool // items begin with a bullet
	bullet   rune // the first one
	ended    bool // an item has ended with a mark
	loose    bool // an item has ended without one
	numbered bool // items begin with a typed number
	plus     bool // the current item is a "+" sub-item
	prev     int  // line of the last piece
	blank    int
	done     bool
	conf     float64
}

// all takes pieces until the block is over.
func (c *collector) all(segs []seg) {
	c.numbered = c.numbered || typedNumbers(segs)
	for _, q := range segs {
		if c.done || !c.add(q) {
			break
		}
	}
	c.finish()
}

// itemNumber is a typed number that stands for a bullet.
var itemNumber = regexp.MustCompile(`^\d{1,2} ?[.)/] *`)

// typedNumbers reports whether items are numbered by hand: the first is 1, another 2.
func typedNumbers(segs []seg) bool {
	want := "1"
	for _, q := range segs {
		if q.text == "" {
			continue
		}
		n := itemNumber.FindString(q.text)
		if strings.TrimRight(n, " .)/") == want {
			if want == "2" {
				return true
			}
			want = "2"
		} else if want == "1" {
			return false
		}
	}
	return false
}

// add takes the next piece. It returns false when the block is over.
func (c *collector) add(s seg) bool {
	x := c.x
	t := strings.TrimSpace(s.text)
	if t == "" {
		c.blank++
		return c.blank < 4 || len(c.b.items) == 0 && c.blank < 8
	}
	gap := c.blank
	c.blank = 0
	if isRule(t) || stampText.MatchString(viet.Key(t)) || !c.started && !strings.ContainsFunc(t, unicode.IsLetter) {
		return true
	}
	if len(c.b.items) >= maxItems || x.endsBlock(s.line, t) {
		return false
	}
	if c.numbered && itemNumber.MatchString(t) {
		t = "- " + itemNumber.ReplaceAllString(t, "")
	}
	marked := x.p.lines[s.line].auto || bullet.MatchString(t) && !c.dash(t, s.line)
	body := bullet.ReplaceAllString(t, "")
	archive := store.MatchString(viet.Key(body))
	if isSignLine(t) && !marked && !archive {
		return c.b.archive == false && !c.open("lưu")
	}
	switch {
	case c.open("lưu") && !marked && !c.unfinished(s.line):
		c.flush()
		return false
	case c.open("lưu") && marked && !strings.HasSuffix(strings.TrimSpace(c.cur.String()), ";"):
		if gap > 0 || strings.HasSuffix(strings.TrimSpace(c.cur.String()), ".") {
			c.flush()
			return false
		}
		c.begin(t, marked, s.line)
	case !c.started, marked, archive, c.complete(s.line, t):
		if c.started && !marked && !archive {
			c.doubtSplit(t)
		}
		c.begin(t, marked, s.line)
	default:
		c.doubt(t)
		if c.dash(t, s.line) {
			body = t
		}
		c.cur.WriteString(" " + body)
		if strings.HasPrefix(t, "+") {
			c.cur.Reset()
		}
	}
	c.prev, c.b.last = s.line, max(c.b.last, s.line)
	c.b.lines = append(c.b.lines, s.line)
	if cf := x.p.lines[s.line].conf; cf > 0 && (c.conf == 0 || cf < c.conf) {
		c.conf = cf
	}
	return true
}

// begin closes the current item and begins another.
func (c *collector) begin(t string, marked bool, line int) {
	cur := strings.TrimSpace(c.cur.String())
	header := strings.HasSuffix(cur, ":") || c.plus
	mark := strings.HasSuffix(cur, ";") || strings.HasSuffix(cur, ",")
	c.ended, c.loose = c.ended || mark, c.loose || cur != "" && !mark
	c.flush()
	if marked && c.bullet == 0 {
		c.bullet = []rune(t)[0]
	}
	c.marked = c.marked || marked
	c.plus = strings.HasPrefix(t, "+") && header
	body := strings.TrimSpace(bullet.ReplaceAllString(t, ""))
	if c.plus {
		body = "+ " + body
	}
	c.cur.WriteString(body)
	c.started = true
}

// complete reports whether the item so far has ended, so that a line without a
// bullet, t, begins a new one.
func (c *collector) complete(line int, t string) bool {
	cur := strings.TrimSpace(c.cur.String())
	if strings.HasSuffix(cur, ";") || strings.HasSuffix(cur, ".") && !strings.HasSuffix(cur, "TP.") && !strings.HasSuffix(cur, "Tx.") {
		return true
	}
	if c.marked || strings.Count(cur, "(") > strings.Count(cur, ")") {
		return false
	}
	printed := c.x.p.lines[line].printed
	if first, _ := utf8.DecodeRuneInString(t); printed && unicode.IsLower(first) || !printed && strings.HasSuffix(cur, ",") {
		return false
	}
	return !c.x.wraps(c.prev, line)
}

// dash reports whether t, a printed line, begins with a dash that belongs to the
// item above: "chính trị" / "- xã hội", "Cục Kiểm tra văn bản" / "- Bộ Tư pháp".
// The items so far end with a mark that is missing here, or begin with another
// bullet; and its first letter is small, or the line above had no room even for
// the dash and was the only one without a mark.
func (c *collector) dash(t string, line int) bool {
	r := []rune(bullet.ReplaceAllString(t, ""))
	cur := strings.TrimSpace(c.cur.String())
	if !c.started || len(r) == 0 || !strings.ContainsRune("-–", []rune(t)[0]) || strings.HasSuffix(cur, ";") || strings.HasSuffix(cur, ".") || strings.HasSuffix(cur, ",") {
		return false
	}
	if !unicode.IsLower(r[0]) {
		return c.ended && !c.loose && c.x.p.lines[line].tight
	}
	return c.bullet != 0 && c.bullet != []rune(t)[0] || c.ended
}

// doubt notes a join that only the width of the line before speaks for.
func (c *collector) doubt(t string) {
	first, _ := utf8.DecodeRuneInString(bullet.ReplaceAllString(t, ""))
	if (!c.marked || bullet.MatchString(t)) && c.x.p.lines[c.prev].printed && unicode.IsUpper(first) && c.b.joined == "" {
		c.b.joined = strings.TrimSpace(c.cur.String()) + " " + t
	}
}

// doubtSplit notes a printed line that begins an item only because the line before
// ended with a mark: "Các phòng thuộc Sở;" / "các đơn vị trực thuộc;" may be one.
func (c *collector) doubtSplit(t string) {
	first, _ := utf8.DecodeRuneInString(t)
	if c.x.p.lines[c.prev].printed && unicode.IsLower(first) && c.b.joined == "" {
		c.b.joined = strings.TrimSpace(c.cur.String()) + " " + t
	}
}

// unfinished reports whether the Lưu line goes on in the next line.
func (c *collector) unfinished(line int) bool {
	t := strings.TrimSpace(c.cur.String())
	if strings.HasSuffix(t, ".") || strings.HasSuffix(t, ";") {
		return false
	}
	return strings.HasSuffix(t, ",") || strings.HasSuffix(t, ":") || strings.Count(t, "(") > strings.Count(t, ")") || c.x.wraps(c.prev, line)
}

// wraps reports whether line b goes on from line a: one paragraph with a forced
// break, or a printed line that was full.
func (x *extractor) wraps(a, b int) bool {
	return a != b && x.p.lines[a].printed && x.p.lines[a].para == x.p.lines[b].para
}

// open reports whether the current item is the archive line.
func (c *collector) open(string) bool {
	return c.started && store.MatchString(viet.Key(c.cur.String()))
}

// inline takes items written behind the label on its line.
func (c *collector) inline(rest string, line int) {
	parts := []string{rest}
	if strings.Count(rest, ";") >= 1 && store.MatchString(viet.Key(strings.TrimSpace(bullet.ReplaceAllString(strings.TrimSpace(rest[strings.LastIndex(strings.TrimRight(rest, "; "), ";")+1:]), "")))) {
		parts = strings.SplitAfter(rest, ";")
	}
	for _, t := range parts {
		if t = strings.TrimSpace(t); t != "" && !isRule(t) {
			c.begin(t, bullet.MatchString(t), line)
			c.prev = line
		}
	}
}

// flush writes the current item.
func (c *collector) flush() {
	raw := strings.TrimSpace(c.cur.String())
	c.cur.Reset()
	c.started = false
	conf := c.conf
	c.conf = 0
	if dotted.MatchString(raw) {
		c.b.form = true
	}
	if raw == "" || isRule(raw) {
		return
	}
	if conf > 0 {
		raw = speckles.ReplaceAllString(raw, "$1")
	}
	for _, t := range splitGlued(raw) {
		if t = trimItem(t); t == "" || len(t) > maxItemSize || len(c.b.items) >= maxItems {
			continue
		}
		c.b.items = append(c.b.items, t)
		c.b.conf = append(c.b.conf, conf)
		if store.MatchString(viet.Key(t)) {
			c.b.archive = true
		}
	}
}

func (c *collector) finish() {
	if c.started {
		c.flush()
	}
}

// speckles are marks that OCR sees behind the end of an item: dust, a stroke of
// the signature.
var speckles = regexp.MustCompile(`([;.])(?: *[:'"|,~*_^-])+$`)

// splitGlued divides "Như trên; - UBND tỉnh; - Lưu: VT" typed in one line.
func splitGlued(s string) []string { return glued.Split(s, -1) }

var glued = regexp.MustCompile(`; *[-–—+•] ?`)

// trimItem drops the closing ";" or "." and spaces.
func trimItem(s string) string {
	s = strings.TrimSpace(s)
	s = strings.TrimSuffix(s, "./.")
	s = strings.TrimRight(s, " ;,")
	if strings.HasSuffix(s, ".") && !strings.HasSuffix(s, "..") {
		s = s[:len(s)-1]
	}
	return strings.TrimRight(s, " ;,")
}

// endsBlock reports whether a line cannot belong to a recipients block.
func (x *extractor) endsBlock(i int, t string) bool {
	key := viet.Key(t)
	return x.opensAppendix(i) || motto.MatchString(key) || labelText(t) || attached.MatchString(key) ||
		copyHead.MatchString(key) && isCaps(t) || len(t) > maxItemSize || x.typeName(t) != ""
}

// findAppendix notes where the appendices begin, after the chosen block.
func (x *extractor) findAppendix() {
	for i := max(x.last, x.heads[0].to); i < len(x.p.lines); i++ {
		if i != x.last && x.opensAppendix(i) && (x.label >= 0 || i > x.heads[0].to) {
			x.appendix = i
			return
		}
	}
}
