package mime

import (
	"strings"
	"unicode/utf8"
)

// Stand-ins for what an address lacks: NIL there would mean a group (RFC 9051
// section 7.5.2).
const (
	noMailbox = "unknown"
	noHost    = "unknown.invalid"
)

// Address is one element of an address list, raw: encoded words stay encoded,
// quoting is removed. An element with an empty Host opens a group named Mailbox,
// or closes one if that is empty too.
type Address struct {
	Name, Route, Mailbox, Host string
}

// ParseAddresses reads an address list, at most limit elements. It keeps what
// can be read: a stray semicolon separates like a comma, an unclosed bracket or
// quote ends where it must. Time is linear.
func ParseAddresses(list []byte, limit int) []Address {
	p := addressParser{s: string(list), limit: limit}
	p.list()
	return p.out
}

type addressParser struct {
	s       string
	i       int
	out     []Address
	limit   int
	inGroup bool

	noQuote, noParen bool // looked for the end and found none: later ones have none either

	text    []byte // the words of the element so far, quotes removed
	at      int    // index in text of the last "@" outside quotes, or -1
	comment string
	angle   *Address
}

func (p *addressParser) reset() {
	p.text = p.text[:0]
	p.at, p.comment, p.angle = -1, "", nil
}

func (p *addressParser) list() {
	p.reset()
	for p.i < len(p.s) && len(p.out) < p.limit {
		switch c := p.s[p.i]; c {
		case ',':
			p.i++
			p.element()
		case ';':
			p.i++
			p.element()
			p.closeGroup()
		case ':':
			p.i++
			p.colon()
		case '<':
			p.i++
			a := p.readAngle()
			if p.angle == nil {
				p.angle = &a
			}
		case '"':
			p.quoted()
		case '(':
			p.paren()
		default:
			p.i++
			if c == '@' {
				p.at = len(p.text)
			}
			p.text = append(p.text, c)
		}
	}
	if len(p.out) < p.limit {
		p.element()
	}
	p.closeGroup()
}

func (p *addressParser) colon() {
	if p.inGroup || p.at >= 0 || p.angle != nil {
		p.text = append(p.text, ':')
		return
	}
	name := phrase(string(p.text))
	p.reset()
	if name == "" {
		return
	}
	p.inGroup = true
	p.out = append(p.out, Address{Mailbox: name})
}

func (p *addressParser) closeGroup() {
	if p.inGroup {
		p.inGroup = false
		p.out = append(p.out, Address{})
	}
}

// element ends an element.
func (p *addressParser) element() {
	text, at, comment, angle := string(p.text), p.at, p.comment, p.angle
	p.reset()
	switch {
	case angle != nil:
		angle.Name = phrase(text)
		if angle.Name == "" {
			angle.Name = comment
		}
		p.out = append(p.out, *angle)
	case phrase(text) != "":
		a := split(text, at)
		a.Name = comment
		p.out = append(p.out, a)
	}
}

// phrase joins words with single blanks.
func phrase(s string) string {
	s = strings.TrimSpace(s)
	if oneBlankEach(s) {
		return s
	}
	return strings.Join(strings.Fields(s), " ")
}

// oneBlankEach reports whether s is ASCII with nothing but single blanks between
// its words.
func oneBlankEach(s string) bool {
	for i := range len(s) {
		if c := s[i]; c >= utf8.RuneSelf || c < ' ' || c == ' ' && s[i-1] == ' ' {
			return false
		}
	}
	return true
}

// split cuts an address at the "@" at index at, -1 for none.
func split(s string, at int) Address {
	a := Address{Mailbox: noMailbox, Host: noHost}
	local := s
	if at >= 0 {
		local = s[:at]
		if h := strings.TrimSpace(s[at+1:]); h != "" {
			a.Host = h
		}
	}
	if l := strings.TrimSpace(local); l != "" {
		a.Mailbox = l
	}
	return a
}

// readAngle reads what follows "<" to ">" or, if that is missing, to the comma.
func (p *addressParser) readAngle() Address {
	b := make([]byte, 0, 64)
	at, route, hasRoute := -1, "", strings.HasPrefix(strings.TrimLeft(p.s[p.i:min(len(p.s), p.i+8)], " \t"), "@")
	for p.i < len(p.s) {
		c := p.s[p.i]
		if c == '>' {
			p.i++
			break
		}
		if c == ',' && !hasRoute {
			break
		}
		p.i++
		switch {
		case c == ':' && hasRoute:
			route, hasRoute, at = strings.TrimSpace(string(b)), false, -1
			b = b[:0]
		case c == '"' && !p.noQuote:
			p.i--
			b = append(b, p.quotedText()...)
		default:
			if c == '@' {
				at = len(b)
			}
			b = append(b, c)
		}
	}
	a := split(string(b), at)
	a.Route = route
	return a
}

func (p *addressParser) quoted() { p.text = append(p.text, p.quotedText()...) }

// quotedText reads a quoted string at p.i; a quote that never closes is a
// character like any other.
func (p *addressParser) quotedText() string {
	if !p.noQuote {
		var b strings.Builder
		for j := p.i + 1; j < len(p.s); j++ {
			switch c := p.s[j]; {
			case c == '"':
				p.i = j + 1
				return b.String()
			case c == '\\' && j+1 < len(p.s):
				j++
				b.WriteByte(p.s[j])
			default:
				b.WriteByte(c)
			}
		}
		p.noQuote = true
	}
	p.i++
	return `"`
}

// paren reads a comment at p.i; the last one stands in for a missing name.
func (p *addressParser) paren() {
	if !p.noParen {
		depth := 0
		for j := p.i; j < len(p.s); j++ {
			switch p.s[j] {
			case '\\':
				j++
			case '(':
				depth++
			case ')':
				if depth--; depth == 0 {
					p.comment = phrase(p.s[p.i+1 : j])
					p.i = j + 1
					p.text = append(p.text, ' ')
					return
				}
			}
		}
		p.noParen = true
	}
	p.i++
	p.text = append(p.text, '(')
}
