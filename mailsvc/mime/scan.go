package mime

import (
	"bytes"
	"slices"
	"sync"
)

// maxBodyLine bounds what is kept of a line outside headers: a boundary is
// shorter, a longer line is only counted.
const maxBodyLine = 1000

// scanner takes a message as it comes, in pieces of any size.
type scanner struct {
	pos   int64 // bytes taken
	lines int64 // lines ended so far

	line      []byte // the unfinished line, cut at its limit
	lineStart int64
	lineLen   int64
	last      byte // last byte taken

	prevLen, prevEOL int64 // the line before: its length and how much of that is its ending

	root   *Part
	open   []frame
	header []byte // of the part on top of open while inHeader
	inHead bool
	cut    bool           // the header is longer than MaxHeader
	delims map[string]int // boundary -> index in open of the innermost multipart that listens to it
	deaf   bool           // MaxParts reached: boundaries are ordinary lines
	parts  int

	kept      int // bytes of header values kept
	addresses int
	limited   bool
	fields    Fields

	raw    rawHeader // of the header that is being parsed
	values []byte    // that raw points into
	wire   []byte    // where what goes on the wire is made
}

// frame is a part that is being read.
type frame struct {
	part      *Part
	boundary  string
	listening bool
	lines     int64 // scanner.lines where the body starts
	digest    bool  // children are message/rfc822 unless they say otherwise
	message   bool  // heads a message: its header makes an ENVELOPE
	depth     int
}

// scanners hold the memory of earlier ones.
var scanners = sync.Pool{New: func() any { return &scanner{delims: make(map[string]int)} }}

func newScanner() *scanner {
	s := scanners.Get().(*scanner)
	s.root = s.begin(0, true, 0)
	return s
}

// maxSpareHeader is the size of header up to which a scanner's memory is used again.
const maxSpareHeader = 16 << 10

// release gives the scanner away, after finish.
func (s *scanner) release() {
	if max(cap(s.header), cap(s.line), cap(s.values), cap(s.wire)) > maxSpareHeader || len(s.delims) > 0 {
		return
	}
	clear(s.open[:cap(s.open)])
	*s = scanner{line: s.line[:0], open: s.open[:0], header: s.header[:0], values: s.values[:0], wire: s.wire[:0], delims: s.delims}
	scanners.Put(s)
}

// begin opens a part whose header starts at off.
func (s *scanner) begin(off int64, message bool, depth int) *Part {
	p := &Part{HeaderStart: off, BodyStart: -1}
	s.open = append(s.open, frame{part: p, message: message, depth: depth})
	s.header, s.inHead, s.cut = s.header[:0], true, false
	s.parts++
	return p
}

func (s *scanner) write(p []byte) {
	for len(p) > 0 {
		n := bytes.IndexByte(p, '\n') + 1
		if n == 0 {
			s.hold(p)
			return
		}
		line := p[:n]
		p = p[n:]
		if s.lineLen > 0 {
			s.hold(line)
			line = s.line
		} else {
			if n > 1 {
				s.last = line[n-2]
			}
			s.lineStart, s.lineLen = s.pos, int64(n)
			s.pos += int64(n)
		}
		eol := int64(1)
		if s.lineLen > 1 && s.last == '\r' {
			eol = 2
		}
		s.endLine(line, eol)
		s.line, s.lineLen = s.line[:0], 0
	}
}

// hold keeps a piece of an unfinished line. Afterwards last is the byte before
// the line feed if p ends with one.
func (s *scanner) hold(p []byte) {
	if s.lineLen == 0 {
		s.lineStart = s.pos
	}
	limit := maxBodyLine
	if s.inHead {
		limit = MaxHeader + 1
	}
	if room := limit - len(s.line); room > 0 {
		s.line = append(s.line, p[:min(room, len(p))]...)
	}
	s.pos += int64(len(p))
	s.lineLen += int64(len(p))
	if n := len(p); p[n-1] != '\n' {
		s.last = p[n-1]
	} else if n > 1 {
		s.last = p[n-2]
	}
}

// endLine takes one line, ending included; line is cut if lineLen says more.
func (s *scanner) endLine(line []byte, eol int64) {
	if len(s.delims) > 0 && !s.deaf && len(line) > 2 && line[0] == '-' && line[1] == '-' && s.lineLen <= maxBodyLine {
		if level, final, ok := s.boundary(line[2:]); ok && s.delimit(level, final) {
			s.endedLine(eol)
			return
		}
	}
	if s.inHead {
		s.headerLine(line)
		return
	}
	s.endedLine(eol)
}

func (s *scanner) endedLine(eol int64) {
	s.lines++
	s.prevLen, s.prevEOL = s.lineLen, eol
}

// boundary tells which open multipart's boundary follows the two dashes.
func (s *scanner) boundary(b []byte) (level int, final, ok bool) {
	b = bytes.TrimRight(b, " \t\r\n")
	if level, ok = s.delims[string(b)]; ok {
		return level, false, true
	}
	if b, ok = bytes.CutSuffix(b, []byte("--")); !ok {
		return 0, false, false
	}
	level, ok = s.delims[string(b)]
	return level, true, ok
}

// delimit ends what is open within the multipart at level, and begins its next
// part unless final. It reports false if no more parts are taken.
func (s *scanner) delimit(level int, final bool) bool {
	if !final && s.parts >= MaxParts {
		s.deaf, s.limited = true, true
		return false
	}
	for s.inHead { // more than once if an embedded message begins here
		s.endHeader(s.lineStart)
	}
	s.closeTo(level, s.lineStart-s.prevEOL, s.prevLen > 0 && s.prevLen == s.prevEOL)
	f := &s.open[level]
	if final {
		f.listening = false
		s.forget(f.boundary)
		return true
	}
	digest, depth := f.digest, f.depth
	child := s.begin(s.lineStart+s.lineLen, false, depth+1)
	s.open[level].part.Children = append(s.open[level].part.Children, child)
	if digest {
		child.Type = "message" // a default that its header may overrule
	}
	return true
}

// closeTo ends the frames above level. The bodies end at end, which is before
// the line ending that belongs to the boundary; emptyLast says that the line
// before the boundary is nothing but that ending.
func (s *scanner) closeTo(level int, end int64, emptyLast bool) {
	for i := len(s.open) - 1; i > level; i-- {
		f := &s.open[i]
		if f.listening {
			f.listening = false
			s.forget(f.boundary)
		}
		p := f.part
		p.BodyEnd = max(end, p.BodyStart)
		if n := len(p.Children); n > 0 { // its boundary line may already be beyond end
			p.BodyEnd = max(p.BodyEnd, p.Children[n-1].BodyEnd)
		}
		if p.Lines = s.lines - f.lines; p.Lines > 0 && emptyLast {
			p.Lines--
		}
		s.complete(p)
	}
	s.open = s.open[:level+1]
}

// forget stops listening to a boundary, or listens again to the outer multipart
// that has the same one.
func (s *scanner) forget(boundary string) {
	delete(s.delims, boundary)
	for i := range s.open {
		if s.open[i].listening && s.open[i].boundary == boundary {
			s.delims[boundary] = i
		}
	}
}

// complete makes the tree of a closed part what [Part.Children] promises. A
// multipart in which no part began shows its body as one text.
func (s *scanner) complete(p *Part) {
	if len(p.Children) > 0 || !p.IsMultipart() && !p.IsMessage() {
		return
	}
	child := &Part{HeaderStart: p.BodyStart, BodyStart: p.BodyStart, BodyEnd: p.BodyEnd, Lines: p.Lines,
		Type: "text", Subtype: "plain", Encoding: "7bit"}
	if p.IsMultipart() {
		child.Encoding = p.Encoding
	} else {
		child.Envelope = emptyEnvelope()
	}
	p.Children = []*Part{child}
}

// headerLine takes a line of the header on top.
func (s *scanner) headerLine(line []byte) {
	s.lines++
	s.prevLen, s.prevEOL = 0, 0 // its ending belongs to the header, not to a boundary after it
	if blank(line) {
		s.endHeader(s.lineStart + s.lineLen)
		return
	}
	if len(s.header)+len(line) > MaxHeader || s.lineLen > int64(len(line)) {
		s.cut, s.limited = true, true
	}
	if !s.cut {
		s.header = append(s.header, line...)
	}
}

// blank reports whether a line has nothing but its ending; a stray CR before it
// (CR CR LF) must not hide the end of a header.
func blank(line []byte) bool {
	for _, c := range line {
		if c != '\r' && c != '\n' {
			return false
		}
	}
	return true
}

// endHeader ends the header on top: its body starts at off.
func (s *scanner) endHeader(off int64) {
	s.inHead = false
	f := &s.open[len(s.open)-1]
	f.part.BodyStart, f.lines = off, s.lines
	s.parseHeader(f)
	p := f.part
	switch {
	case p.IsMultipart() && f.depth < MaxDepth:
		f.digest = p.Subtype == "digest"
		if b := trimBoundary(p.Param("boundary")); b != "" {
			f.boundary, f.listening = b, true
			s.delims[b] = len(s.open) - 1
		}
	case p.IsMessage() && f.depth < MaxDepth && s.parts < MaxParts:
		if identity(p.Encoding) {
			child := s.begin(off, true, f.depth+1)
			p.Children = []*Part{child}
		}
	case p.IsMultipart(), p.IsMessage():
		p.Type, p.Subtype, p.Params, s.limited = "application", "octet-stream", nil, true
	}
}

func trimBoundary(b string) string {
	if len(b) > maxBodyLine-4 {
		return ""
	}
	return string(bytes.TrimRight([]byte(b), " \t\r\n"))
}

func identity(encoding string) bool {
	return encoding == "7bit" || encoding == "8bit" || encoding == "binary"
}

// finish ends the message and returns its index.
func (s *scanner) finish() *Index {
	if s.lineLen > 0 {
		s.endLine(s.line, 0)
		s.line, s.lineLen = s.line[:0], 0
	}
	for s.inHead {
		s.endHeader(s.pos)
	}
	s.closeTo(-1, s.pos, false)
	x := &Index{Size: s.pos, Limited: s.limited, Root: s.root, Fields: s.fields}
	s.wire = appendStructure(s.wire[:0], s.root, true)
	x.Structure = slices.Clone(s.wire)
	return x
}
