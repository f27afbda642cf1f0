package imap

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	imap "github.com/emersion/go-imap/v2"
)

// parser reads the arguments of one command, fetching literals and further
// lines as they come. After the first error every method returns zero values
// and err says what was wrong.
type parser struct {
	c     *conn
	line  []byte
	pos   int
	left  int    // bytes of lines and literals that the command may still hold
	given string // the last mailbox name as the client wrote it
	err   error
	io    bool // err is the connection's end, not the client's mistake
}

// maxNesting bounds parentheses and NOTs.
const maxNesting = 100

// bad is a syntax error; it is answered with BAD.
func bad(text string) *imap.Error {
	return &imap.Error{Type: imap.StatusResponseTypeBad, Text: text}
}

// no is a refusal.
func no(code imap.ResponseCode, text string) *imap.Error {
	return &imap.Error{Type: imap.StatusResponseTypeNo, Code: code, Text: text}
}

func (p *parser) fail(text string) {
	if p.err == nil {
		p.err = bad(text)
	}
}

func (p *parser) failIO(err error) {
	p.err, p.io = err, true
	p.line, p.pos = nil, 0
}

// peek returns the next byte, 0 at the end of the line.
func (p *parser) peek() byte {
	if p.err != nil || p.pos >= len(p.line) {
		return 0
	}
	return p.line[p.pos]
}

// accept takes c if it comes next.
func (p *parser) accept(c byte) bool {
	if p.peek() != c || c == 0 {
		return false
	}
	p.pos++
	return true
}

func (p *parser) expect(c byte) {
	if !p.accept(c) && p.err == nil {
		p.fail("expected " + strconv.QuoteRune(rune(c)))
	}
}

func (p *parser) sp() {
	if !p.accept(' ') {
		p.fail("expected a space")
	}
	for p.accept(' ') { // some clients send two
	}
}

// more reports whether another argument follows a space, and takes the space.
func (p *parser) more() bool {
	if p.peek() != ' ' {
		return false
	}
	p.sp()
	return p.pos < len(p.line) && p.err == nil
}

// end must be called when all arguments have been read.
func (p *parser) end() error {
	for p.accept(' ') {
	}
	if p.err == nil && p.pos < len(p.line) {
		p.fail("unexpected text after the arguments")
	}
	return p.err
}

// skip reads what is left of the command, literals included, so that none of it
// is taken for a command. done is false if the connection must end.
func (p *parser) skip() (done bool) {
	if p.io {
		return false
	}
	line := p.line[min(p.pos, len(p.line)):]
	for {
		l, _, ok := trailingLiteral(line)
		if !ok || !l.nonSync {
			return true // a client that waits sees the tagged answer instead of "+"
		}
		if err := p.c.r.discard(l.n); err != nil {
			p.failIO(err)
			return false
		}
		var err error
		if line, err = p.c.r.line(p.c.commandLimit()); err != nil && err != errLong {
			p.failIO(err)
			return false
		}
	}
}

func isAtomChar(c byte) bool {
	return c > ' ' && c < 0x7F && strings.IndexByte(`(){%*"\]`, c) < 0
}

// span takes bytes while ok holds.
func (p *parser) span(ok func(c byte) bool) string {
	if p.err != nil {
		return ""
	}
	start := p.pos
	for p.pos < len(p.line) && ok(p.line[p.pos]) {
		p.pos++
	}
	return string(p.line[start:p.pos])
}

func (p *parser) atom() string {
	s := p.span(isAtomChar)
	if s == "" {
		p.fail("expected an atom")
	}
	return s
}

// word returns an atom in upper case; in keywords such as "BODY.PEEK" the
// bracket ends it.
func (p *parser) word() string {
	return strings.ToUpper(p.span(func(c byte) bool { return isAtomChar(c) && c != '[' && c != '<' }))
}

// astring reads an atom, a quoted string or a literal.
func (p *parser) astring() string {
	switch p.peek() {
	case '"':
		return p.quotedString()
	case '{', '~':
		return p.literal()
	}
	s := p.span(func(c byte) bool { return isAtomChar(c) || c == ']' })
	if s == "" {
		p.fail("expected a string")
	}
	return s
}

// text reads a quoted string or a literal.
func (p *parser) text() string {
	if p.peek() == '"' {
		return p.quotedString()
	}
	return p.literal()
}

// nstring reads a string or NIL.
func (p *parser) nstring() (s string, isNil bool) {
	if c := p.peek(); c == '"' || c == '{' {
		return p.text(), false
	}
	if p.word() != "NIL" {
		p.fail("expected a string or NIL")
	}
	return "", true
}

func (p *parser) quotedString() string {
	p.expect('"')
	var b []byte
	for p.err == nil {
		if p.pos >= len(p.line) {
			p.fail("unclosed quoted string")
			return ""
		}
		c := p.line[p.pos]
		p.pos++
		switch {
		case c == '"':
			if !utf8.Valid(b) { // RFC 6855 section 3
				p.fail("8-bit text that is not UTF-8")
			}
			return string(b)
		case c == '\\':
			if c = p.peek(); c != '"' && c != '\\' {
				p.fail("bad escape in quoted string")
			}
			p.pos++
		case c == 0 || c == '\r':
			p.fail("control character in quoted string")
		}
		b = append(b, c)
	}
	return ""
}

// announce reads a literal's announcement, which must end the line.
func (p *parser) announce() (literalSpec, bool) {
	if p.err != nil {
		return literalSpec{}, false
	}
	l, at, ok := trailingLiteral(p.line)
	if !ok || at != p.pos {
		p.fail("expected a literal")
		return literalSpec{}, false
	}
	return l, true
}

// literal reads a literal into memory.
func (p *parser) literal() string {
	l, ok := p.announce()
	if !ok {
		return ""
	}
	if l.n > int64(p.left) {
		p.err = &imap.Error{Type: imap.StatusResponseTypeBad, Code: imap.ResponseCodeTooBig, Text: "literal too large for this command"}
		return "" // skip sees the announcement again
	}
	p.pos = len(p.line)
	if !l.nonSync {
		p.c.proceed("go on")
	}
	b, err := p.c.r.literal(int(l.n))
	if err != nil {
		p.failIO(err)
		return ""
	}
	p.left -= int(l.n)
	p.nextLine()
	if !l.binary && slices.Contains(b, 0) {
		p.fail("NUL in a literal")
	}
	return string(b)
}

// nextLine reads the line that continues the command after a literal.
func (p *parser) nextLine() {
	if p.io {
		return
	}
	line, err := p.c.r.line(p.left)
	if err != nil && err != errLong {
		p.failIO(err)
		return
	}
	p.line, p.pos = line, 0
	p.left -= len(line)
	if err == errLong {
		p.err = bad("command too long")
	}
}

// number reads a 32-bit number.
func (p *parser) number() uint32 { return uint32(p.bigNumber(1<<32 - 1)) }

// bigNumber reads a number up to limit.
func (p *parser) bigNumber(limit uint64) uint64 {
	s := p.span(func(c byte) bool { return c >= '0' && c <= '9' })
	n, err := strconv.ParseUint(s, 10, 64)
	if (err != nil || n > limit) && p.err == nil {
		p.fail("expected a number")
		return 0
	}
	return n
}

// list reads a parenthesised list, calling item for each element.
func (p *parser) list(item func()) {
	p.expect('(')
	if p.accept(')') {
		return
	}
	for p.err == nil {
		item()
		if p.accept(')') {
			return
		}
		p.sp()
	}
}

// filledList is list for one that must not be empty.
func (p *parser) filledList(item func()) {
	n := 0
	p.list(func() { n++; item() })
	if n == 0 {
		p.fail("empty list")
	}
}

// maxFlags bounds the flags of one command, maxFlagLen one keyword.
const (
	maxFlags   = 200
	maxFlagLen = 128
)

var systemFlags = map[string]imap.Flag{
	`\SEEN`: imap.FlagSeen, `\ANSWERED`: imap.FlagAnswered, `\FLAGGED`: imap.FlagFlagged,
	`\DELETED`: imap.FlagDeleted, `\DRAFT`: imap.FlagDraft,
}

func (p *parser) flag() string {
	if p.accept('\\') {
		f, ok := systemFlags[`\`+strings.ToUpper(p.atom())]
		if !ok {
			p.fail("no such system flag")
		}
		return string(f)
	}
	f := p.atom()
	if len(f) > maxFlagLen {
		p.fail("keyword too long")
	}
	return f
}

// flags reads a flag list; bare allows one without parentheses, as STORE does.
func (p *parser) flags(bare bool) []string {
	var out []string
	one := func() {
		if f := p.flag(); !slices.Contains(out, f) {
			out = append(out, f)
		}
		if len(out) > maxFlags {
			p.fail("too many flags")
		}
	}
	if p.peek() == '(' || !bare {
		p.list(one)
		return out
	}
	one()
	for p.more() {
		one()
	}
	return out
}

// dateTime reads a quoted date-time (RFC 9051 section 9).
func (p *parser) dateTime() time.Time {
	s := p.quotedString()
	t, err := time.Parse("_2-Jan-2006 15:04:05 -0700", strings.TrimLeft(s, " "))
	if err != nil {
		p.fail("bad date-time")
	}
	return t
}

// date reads a date and returns it as days since 1970-01-01.
func (p *parser) date() int64 {
	s := p.astring()
	t, err := time.Parse("2-Jan-2006", s)
	if err != nil {
		p.fail("bad date")
	}
	return t.Unix() / 86400
}
