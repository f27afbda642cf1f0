package imap

import (
	"strconv"
	"strings"

	imap "github.com/emersion/go-imap/v2"
)

// maxSections bounds the BODY[] items of one FETCH, maxFieldNames the header
// names of one item, maxPath the depth of a section number.
const (
	maxSections   = 100
	maxFieldNames = 200
	maxPath       = 110
)

// fetchArgs reads what follows the set.
func (p *parser) fetchArgs() *fetchArgs {
	a := new(fetchArgs)
	if p.peek() == '(' {
		p.filledList(func() { p.fetchItem(a) })
	} else if !p.fetchMacro(a) {
		p.fetchItem(a)
	}
	if p.more() {
		p.list(func() { p.fetchModifier(a) })
	}
	return a
}

func (p *parser) fetchMacro(a *fetchArgs) bool {
	at := p.pos
	switch p.word() {
	case "FULL":
		a.body = true
		fallthrough
	case "ALL":
		a.Envelope = true
		fallthrough
	case "FAST":
		a.Flags, a.InternalDate, a.RFC822Size = true, true, true
		return true
	}
	p.pos = at
	return false
}

func (p *parser) fetchModifier(a *fetchArgs) {
	switch p.word() {
	case "CHANGEDSINCE":
		p.sp()
		a.ChangedSince, a.changed = p.bigNumber(1<<63-1), true
	case "VANISHED":
		a.vanished = true
	default:
		p.fail("unknown FETCH modifier")
	}
}

func (p *parser) fetchItem(a *fetchArgs) {
	switch name := p.word(); name {
	case "UID":
		a.UID = true
	case "FLAGS":
		a.Flags = true
	case "INTERNALDATE":
		a.InternalDate = true
	case "RFC822.SIZE":
		a.RFC822Size = true
	case "MODSEQ":
		a.ModSeq = true
	case "ENVELOPE":
		a.Envelope = true
	case "BODYSTRUCTURE":
		a.BodyStructure = &imap.FetchItemBodyStructure{Extended: true}
	case "EMAILID":
		a.emailID = true
	case "THREADID":
		a.threadID = true
	case "SAVEDATE":
		a.saveDate = true
	case "PREVIEW":
		a.preview = p.previewMode()
	case "RFC822":
		p.addSection(a, section{label: name})
	case "RFC822.HEADER":
		p.addSection(a, section{label: name, peek: true, FetchItemBodySection: imap.FetchItemBodySection{Specifier: imap.PartSpecifierHeader}})
	case "RFC822.TEXT":
		p.addSection(a, section{label: name, FetchItemBodySection: imap.FetchItemBodySection{Specifier: imap.PartSpecifierText}})
	case "BODY", "BODY.PEEK", "BINARY", "BINARY.PEEK", "BINARY.SIZE":
		if name == "BODY" && p.peek() != '[' {
			a.body = true
			return
		}
		p.bracketItem(a, name)
	default:
		p.fail("unknown FETCH item")
	}
}

func (p *parser) addSection(a *fetchArgs, s section) {
	if a.sections = append(a.sections, s); len(a.sections) > maxSections {
		p.fail("too many FETCH items")
	}
}

// bracketItem reads "[section]<partial>" after the name.
func (p *parser) bracketItem(a *fetchArgs, name string) {
	var s section
	word, peek := strings.CutSuffix(name, ".PEEK")
	s.peek = peek
	p.expect('[')
	s.Part = p.path()
	switch word {
	case "BINARY":
		s.binary = binaryData
	case "BINARY.SIZE":
		s.binary, s.peek = binarySize, true
	default:
		p.specifier(&s)
	}
	p.expect(']')
	s.label = word + "[" + sectionText(&s) + "]"
	if p.peek() == '<' && s.binary != binarySize {
		p.partial(&s)
	}
	p.addSection(a, s)
}

// path reads "1.2.3", and the dot before a specifier.
func (p *parser) path() []int {
	var path []int
	for c := p.peek(); c >= '0' && c <= '9'; c = p.peek() {
		n := p.number()
		if n == 0 {
			p.fail("0 is no part number")
		}
		if path = append(path, int(n)); len(path) > maxPath {
			p.fail("section too deep")
		}
		if !p.accept('.') {
			return path
		}
	}
	return path
}

// specifier reads HEADER, HEADER.FIELDS (...), TEXT or MIME.
func (p *parser) specifier(s *section) {
	if p.peek() == ']' {
		if n := len(s.Part); n > 0 && p.line[p.pos-1] == '.' {
			p.fail("section ends with a dot")
		}
		return
	}
	if len(s.Part) > 0 && p.pos > 0 && p.pos <= len(p.line) && p.line[p.pos-1] != '.' {
		p.fail("expected ]")
	}
	switch w := upper(p.span(func(c byte) bool { return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '.' })); w {
	case "HEADER":
		s.Specifier = imap.PartSpecifierHeader
	case "TEXT":
		s.Specifier = imap.PartSpecifierText
	case "MIME":
		s.Specifier = imap.PartSpecifierMIME
		if len(s.Part) == 0 {
			p.fail("MIME needs a part number")
		}
	case "HEADER.FIELDS", "HEADER.FIELDS.NOT":
		s.Specifier = imap.PartSpecifierHeader
		p.sp()
		names := p.fieldNames()
		if w == "HEADER.FIELDS" {
			s.HeaderFields = names
		} else {
			s.HeaderFieldsNot = names
		}
		s.names = make(map[string]bool, len(names))
		for _, n := range names {
			s.names[strings.ToLower(n)] = true
		}
	default:
		p.fail("unknown section")
	}
}

func (p *parser) fieldNames() []string {
	var names []string
	p.list(func() {
		if names = append(names, p.astring()); len(names) > maxFieldNames {
			p.fail("too many field names")
		}
	})
	if len(names) == 0 {
		p.fail("expected field names")
	}
	return names
}

// partial reads "<offset.count>".
func (p *parser) partial(s *section) {
	p.expect('<')
	off := p.bigNumber(1<<62 - 1)
	p.expect('.')
	n := p.bigNumber(1<<62 - 1)
	if n == 0 {
		p.fail("empty partial")
	}
	p.expect('>')
	s.Partial = &imap.SectionPartial{Offset: int64(off), Size: int64(n)}
}

// sectionText writes a section as the answer names it.
func sectionText(s *section) string {
	var b strings.Builder
	for i, n := range s.Part {
		if i > 0 {
			b.WriteByte('.')
		}
		b.WriteString(strconv.Itoa(n))
	}
	if s.Specifier != imap.PartSpecifierNone {
		if len(s.Part) > 0 {
			b.WriteByte('.')
		}
		b.WriteString(string(s.Specifier))
	}
	names := s.HeaderFields
	if s.HeaderFieldsNot != nil {
		b.WriteString(".FIELDS.NOT (")
		names = s.HeaderFieldsNot
	} else if names != nil {
		b.WriteString(".FIELDS (")
	}
	for i, name := range names {
		if i > 0 {
			b.WriteByte(' ')
		}
		if isAtom(name) {
			b.WriteString(name)
		} else {
			b.Write(appendString(nil, name, false))
		}
	}
	if names != nil {
		b.WriteByte(')')
	}
	return b.String()
}

func isAtom(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isAtomChar(s[i]) {
			return false
		}
	}
	return s != ""
}
