package document

import (
	"regexp"
	"strings"
)

// Bounds of what a structured document may hold. An issued document has a few
// thousand lines at most; these leave room for long annexes.
const (
	maxDepth = 256     // nesting of elements, flows and styles
	maxText  = 6 << 20 // bytes of text, some two thousand pages
	maxLines = 100_000
	maxFlows = 50_000
	maxLine  = 64 << 10 // bytes of one line; the rest begins a new line
)

// look is how a run or a paragraph is set, as far as reading needs it.
type look struct {
	font    string
	bold    bool
	upper   bool // shown in capitals
	hidden  bool
	centred bool
	auto    bool
}

// builder receives text from a format's walker and writes lines and flows.
// The first bound that is broken stays in err; all calls after it do nothing.
type builder struct {
	p     *paper
	flow  []int   // open flows, innermost last
	open  []*para // open paragraphs, one a flow at most
	paras int
	bytes int
	err   error
}

// para is a paragraph that is being read.
type para struct {
	id     int
	look   look
	parts  []part // the line so far
	broken bool   // a line of it was already written
}

// part is text of one encoding.
type part struct {
	text  strings.Builder
	enc   encoding
	upper bool
	bold  bool
	soft  bool // holds only white space
}

func newBuilder(kind string) *builder {
	b := &builder{p: &paper{kind: kind}}
	b.p.flows = []flow{{kind: inBody, parent: -1}}
	b.flow = []int{0}
	return b
}

func (b *builder) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

// enter opens a flow inside the current one.
func (b *builder) enter(f flow) {
	if len(b.p.flows) >= maxFlows || len(b.flow) >= maxDepth {
		b.fail(errHostile)
	}
	if b.err != nil {
		return
	}
	f.parent = b.flow[len(b.flow)-1]
	f.after = len(b.p.lines)
	b.p.flows = append(b.p.flows, f)
	b.flow = append(b.flow, len(b.p.flows)-1)
}

// leave closes the innermost flow.
func (b *builder) leave() {
	if len(b.flow) > 1 {
		b.flow = b.flow[:len(b.flow)-1]
	}
}

// table numbers a new table.
func (b *builder) table() int {
	b.p.tables++
	return b.p.tables
}

// begin opens a paragraph in the current flow.
func (b *builder) begin(l look) {
	b.paras++
	if len(b.open) >= maxDepth {
		b.fail(errHostile)
		return
	}
	b.open = append(b.open, &para{id: b.paras, look: l})
}

// end closes the paragraph and writes its last line.
func (b *builder) end() {
	if len(b.open) == 0 {
		return
	}
	b.newline()
	b.open = b.open[:len(b.open)-1]
}

// inParagraph reports whether text has somewhere to go.
func (b *builder) inParagraph() bool { return len(b.open) > 0 }

// text adds characters set as l to the open paragraph.
func (b *builder) text(s string, l look) {
	if b.err != nil || len(b.open) == 0 || s == "" || l.hidden {
		return
	}
	if b.bytes += len(s); b.bytes > maxText {
		b.fail(errTooLarge)
		return
	}
	p := b.open[len(b.open)-1]
	enc, upper := fontEncoding(l.font)
	upper = upper || l.upper
	soft := strings.TrimSpace(s) == ""
	if n := len(p.parts); n > 0 {
		last := &p.parts[n-1]
		same := last.enc == enc && last.upper == upper && last.bold == l.bold
		if (same || soft) && last.text.Len() < maxLine {
			last.text.WriteString(s)
			last.soft = last.soft && soft
			return
		}
	}
	p.parts = append(p.parts, part{enc: enc, upper: upper, bold: l.bold, soft: soft})
	p.parts[len(p.parts)-1].text.WriteString(s)
}

// maxImages bounds the pictures whose places are kept.
const maxImages = 256

// picture notes a picture at the current place.
func (b *builder) picture() {
	if len(b.p.images) < maxImages {
		b.p.images = append(b.p.images, len(b.p.lines))
	}
}

// newline writes the line so far; the paragraph goes on.
func (b *builder) newline() {
	if b.err != nil || len(b.open) == 0 {
		return
	}
	if len(b.p.lines) >= maxLines {
		b.fail(errTooLarge)
		return
	}
	p := b.open[len(b.open)-1]
	var s strings.Builder
	bold, any, legacy := true, false, false
	for i := range p.parts {
		q := &p.parts[i]
		t := decode(q.text.String(), q.enc)
		if q.upper {
			t = strings.ToUpper(t)
		}
		s.WriteString(t)
		if !q.soft {
			bold, any = bold && q.bold, true
			legacy = legacy || q.enc != unicodeText
		}
	}
	if legacy {
		b.p.legacy = "font"
	}
	p.parts = p.parts[:0]
	b.p.lines = append(b.p.lines, line{
		text: clean(s.String()), flow: b.flow[len(b.flow)-1], para: p.id,
		auto: p.look.auto && !p.broken, bold: bold && any, centred: p.look.centred, font8: legacy,
	})
	p.broken = true
}

// done ends the reading: text of 8-bit fonts whose names are lost is decoded by
// its syllables.
func (b *builder) done() (*paper, error) {
	if b.err != nil {
		return nil, b.err
	}
	b.p.heal()
	return b.p, nil
}

// heal decodes a whole document whose text reads well only as TCVN3 or VNI.
// Lines that a font already decoded are left alone.
func (p *paper) heal() {
	var all strings.Builder
	for _, l := range p.lines {
		if !l.font8 && all.Len() < maxScored {
			all.WriteString(l.text)
			all.WriteByte('\n')
		}
	}
	if plainlyUnicode(all.String()) {
		return
	}
	e, best, asUnicode := bestEncoding(all.String())
	p.score = best
	if e == unicodeText || asUnicode > 0.75 || best < 0.75 {
		if e != unicodeText && p.legacy == "" {
			p.score = asUnicode
		}
		return
	}
	for i := range p.lines {
		if l := &p.lines[i]; !l.font8 {
			l.text = clean(decode(l.text, e))
		}
	}
	p.markLegacy()
}

// markLegacy notes that the text was decoded by its syllables, without fonts,
// and repairs what that loses.
func (p *paper) markLegacy() {
	p.legacy = "score"
	for i := range p.lines {
		l := &p.lines[i]
		l.font8 = true
		parts := strings.Split(l.text, "\t")
		for k, t := range parts {
			parts[k] = capitalsBack(t)
		}
		l.text = lostArchive.ReplaceAllString(strings.Join(parts, "\t"), "${1}Lưu:")
	}
}

// lostArchive is "Lưu:" whose "ư" was lost.
var lostArchive = regexp.MustCompile(`^([-–•* ]*)Lu ?:`)
