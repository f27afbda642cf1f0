package mime

import (
	"bytes"
	"html"
	"io"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"quangtri.gov.vn/vanthu/internal/viet"
)

// Texts yields what people read in a message, for SEARCH and PREVIEW: each text
// part with its transfer encoding and charset undone, HTML without its tags, the
// names of attached files, and the headers of embedded messages; valid UTF-8 in NFC. At most limit bytes of
// parts are read; memory is bounded by a small multiple of that.
func Texts(r io.ReaderAt, x *Index, limit int64) iter.Seq[string] {
	return func(yield func(string) bool) {
		t := texts{r: r, left: limit, yield: yield}
		t.part(x.Root, true)
	}
}

type texts struct {
	r     io.ReaderAt
	head  []byte // the beginning of r, if it is at hand
	plain []byte // of a text, decoded; to be used again
	left  int64
	// takes, if it is set, may take a text part by its decoded body, so that it
	// need not be yielded; it says whether it did.
	takes func(p *Part, body []byte) bool
	yield func(string) bool
}

// part yields the texts at and below p; false means that nobody wants more.
func (t *texts) part(p *Part, root bool) bool {
	if t.left <= 0 {
		return false
	}
	if p.Envelope != nil && !root {
		if raw := t.read(p.HeaderStart, p.BodyStart); len(raw) > 0 && !t.yield(headerText(raw)) {
			return false
		}
	}
	for _, c := range p.Children {
		if !t.part(c, false) {
			return false
		}
	}
	if p.Type == "text" {
		t.plain = appendDecoded(t.plain[:0], p.Encoding, t.read(p.BodyStart, p.BodyEnd))
		if t.takes == nil || !t.takes(p, t.plain) {
			if text := decodedText(p, t.plain); text != "" && !t.yield(text) {
				return false
			}
		}
	}
	name := FileName(p)
	return name == "" || t.yield(name)
}

// read returns bytes of the message within what is left of the limit, for reading only.
func (t *texts) read(from, to int64) []byte {
	n := min(to-from, t.left)
	if n <= 0 {
		return nil
	}
	t.left -= n
	if from+n <= int64(len(t.head)) {
		return t.head[from : from+n]
	}
	buf := make([]byte, n)
	k, _ := t.r.ReadAt(buf, from)
	return buf[:max(k, 0)]
}

func headerText(raw []byte) string {
	var b strings.Builder
	for _, f := range HeaderFields(raw) {
		switch strings.ToLower(f.Name) {
		case "subject", "from", "to", "cc":
			b.WriteString(DecodeText(f.Value))
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// PartText returns the readable text of a text part whose body is raw: decoded,
// without tags if it is HTML, NFC.
func PartText(p *Part, raw []byte) string { return decodedText(p, DecodeBody(p.Encoding, raw)) }

// decodedText is PartText of a body whose transfer encoding is undone.
func decodedText(p *Part, body []byte) string {
	s := toUTF8(p.Param("charset"), body)
	if isHTML(p) {
		s = stripHTML(s)
	}
	if plainVietnamese(s) {
		return s
	}
	return viet.NFC(s)
}

func isHTML(p *Part) bool { return p.Subtype == "html" || p.Subtype == "xhtml+xml" }

// plainVietnamese reports whether s is UTF-8 in NFC at a glance: nothing but ASCII,
// letters of Latin-1 and Latin Extended with their marks, and common punctuation.
// None of them is or takes a mark of its own, and any other lead byte, such as
// those of the combining marks, ends it.
func plainVietnamese[S string | []byte](s S) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c < utf8.RuneSelf:
		case c >= 0xC3 && c <= 0xC6 && i+1 < len(s) && s[i+1]&0xC0 == 0x80: // U+00C0 to U+01BF
			i++
		case c == 0xE1 && i+2 < len(s) && (s[i+1] == 0xBA || s[i+1] == 0xBB) && s[i+2]&0xC0 == 0x80: // U+1E80 to U+1EFF
			i += 2
		case c == 0xE2 && i+2 < len(s) && s[i+1] == 0x80 && s[i+2] >= 0x90 && s[i+2] <= 0xA7: // U+2010 to U+2027
			i += 2
		default:
			return false
		}
	}
	return true
}

// DecodeBody undoes a Content-Transfer-Encoding, as far as the bytes allow. An
// unknown one leaves raw as it is.
func DecodeBody(encoding string, raw []byte) []byte {
	switch encoding {
	case "base64", "quoted-printable":
		return appendDecoded(nil, encoding, raw)
	}
	return raw
}

// appendDecoded is DecodeBody that appends to dst.
func appendDecoded(dst []byte, encoding string, raw []byte) []byte {
	switch encoding {
	case "base64":
		return new(base64Decoder).decode(slices.Grow(dst, len(raw)*3/4+3), raw)
	case "quoted-printable":
		return appendQuotedPrintable(slices.Grow(dst, len(raw)), raw)
	}
	return append(dst, raw...)
}

// KnownEncoding reports whether BINARY can undo the transfer encoding.
func KnownEncoding(encoding string) bool {
	return identity(encoding) || encoding == "base64" || encoding == "quoted-printable"
}

// base64Decoder passes over foreign characters, begins anew after padding and
// needs none.
type base64Decoder struct {
	acc uint32
	n   uint8 // sextets in acc
}

// decode appends what p holds, and what is left at its end, to dst.
func (d *base64Decoder) decode(dst, p []byte) []byte { return d.rest(d.feed(dst, p)) }

func (d *base64Decoder) feed(dst, p []byte) []byte {
	for i := 0; i < len(p); i++ {
		for ; d.n == 0 && i+4 <= len(p); i += 4 {
			a, b, c, e := base64Value[p[i]], base64Value[p[i+1]], base64Value[p[i+2]], base64Value[p[i+3]]
			if a|b|c|e >= 64 {
				break
			}
			dst = append(dst, a<<2|b>>4, b<<4|c>>2, c<<6|e)
		}
		if i == len(p) {
			break
		}
		c := p[i]
		v := base64Value[c]
		switch {
		case v < 64:
			d.acc = d.acc<<6 | uint32(v)
			if d.n++; d.n == 4 {
				dst = append(dst, byte(d.acc>>16), byte(d.acc>>8), byte(d.acc))
				d.n = 0
			}
		case c == '=':
			dst = d.rest(dst)
		}
	}
	return dst
}

func (d *base64Decoder) rest(dst []byte) []byte {
	switch d.n {
	case 2:
		dst = append(dst, byte(d.acc>>4))
	case 3:
		dst = append(dst, byte(d.acc>>10), byte(d.acc>>2))
	}
	d.n = 0
	return dst
}

// base64Value maps a character to its six bits, others to 255.
var base64Value = func() (t [256]byte) {
	for i := range t {
		t[i] = 255
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for i := range alphabet {
		t[alphabet[i]] = byte(i)
	}
	return t
}()

// appendQuotedPrintable follows RFC 2045 section 6.7 and leaves what is no
// encoding as it stands. In Vietnamese text few bytes stand between two escapes, so
// they are copied one by one; where there are many, the rest of them is looked for.
func appendQuotedPrintable(out, b []byte) []byte {
	const many = 16
	n := len(out)
	out = slices.Grow(out, len(b))[:n+len(b)] // never longer than it is encoded
	for i, run := 0, 0; i < len(b); {
		switch c := b[i]; {
		case c != '=' && run < many:
			out[n] = c
			n, i, run = n+1, i+1, run+1
		case c != '=':
			end := bytes.IndexByte(b[i:], '=')
			if end < 0 {
				end = len(b) - i
			}
			n += copy(out[n:], b[i:i+end])
			i, run = i+end, 0
		case i+2 < len(b) && hexValue[b[i+1]]|hexValue[b[i+2]] < 16:
			out[n] = hexValue[b[i+1]]<<4 | hexValue[b[i+2]]
			n, i, run = n+1, i+3, 0
		default:
			run = 0
			if skip := softBreak(b[i+1:]); skip > 0 {
				i += 1 + skip
				continue
			}
			out[n] = c
			n, i = n+1, i+1
		}
	}
	return out[:n]
}

// hexValue is unhex.
var hexValue = func() (t [256]byte) {
	for c := range t {
		t[c] = unhex(byte(c))
	}
	return t
}()

// softBreak returns the length of blanks and a line ending at the start of b, 0
// if there is no line ending. Only a few blanks are looked at: time stays linear.
func softBreak(b []byte) int {
	const maxBlanks = 80
	for i := 0; i < len(b) && i <= maxBlanks; i++ {
		switch b[i] {
		case ' ', '\t':
		case '\n':
			return i + 1
		case '\r':
			if i+1 < len(b) && b[i+1] == '\n' {
				return i + 2
			}
			return 0
		default:
			return 0
		}
	}
	return 0
}

// stripHTML returns the text between tags. Tags that begin a block become a
// line break, others vanish, since "<b>Đ</b>ấu" is one word; what script and
// style hold is no text, and a title is not shown.
func stripHTML(s string) string {
	var b strings.Builder
	b.Grow(len(s) / 2)
	var quotes quoteEnds
	for {
		i := strings.IndexByte(s, '<')
		if i < 0 {
			break
		}
		b.WriteString(s[:i])
		s = s[i:]
		n, name := quotes.htmlTag(s)
		switch {
		case n == 0:
			b.WriteByte('<')
			s = s[1:]
			continue
		case name == "script" || name == "style" || name == "title":
			n += hidden(s[n:], "</"+name)
		case name == "": // a comment or a declaration
		case !inlineTag(name):
			b.WriteByte('\n')
		}
		s = s[n:]
	}
	b.WriteString(s)
	return html.UnescapeString(b.String())
}

// quoteEnds remembers which quotes, " and ', are known not to come any more.
type quoteEnds struct{ noDouble, noSingle bool }

// tagLength returns the length of the tag at the start of s. A ">" in the quoted
// value of an attribute does not end it; a quote that is never closed is none, and
// a tag that never ends takes all that is left. Every call consumes what it looked
// at or remembers that there is nothing to look for, so the whole stays linear.
func (q *quoteEnds) tagLength(s string) int {
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '>':
			return i + 1
		case c == '"' || c == '\'':
			none := &q.noDouble
			if c == '\'' {
				none = &q.noSingle
			}
			if *none || s[i-1] != '=' {
				continue
			}
			end := strings.IndexByte(s[i+1:], c)
			if *none = end < 0; end >= 0 {
				i += end + 1
			}
		}
	}
	return len(s)
}

// htmlTag returns the length of the tag at the start of s and its name in lower
// case, with "/" of a closing tag left out, "" for a comment or a declaration; 0 if
// "<" begins no tag.
func (q *quoteEnds) htmlTag(s string) (n int, name string) {
	if strings.HasPrefix(s, "<!--") {
		return min(hidden(s, "-->")+len("-->"), len(s)), ""
	}
	body := strings.TrimPrefix(s[1:], "/")
	if body == "" || !(body[0]|0x20 >= 'a' && body[0]|0x20 <= 'z' || body[0] == '!' || body[0] == '?') {
		return 0, ""
	}
	n = q.tagLength(s)
	const maxName = 16
	end := 0
	for end < len(body) && end < maxName && (body[end]|0x20 >= 'a' && body[end]|0x20 <= 'z' || body[end] >= '0' && body[end] <= '9') {
		end++
	}
	name = strings.ToLower(body[:end])
	if len(body) < len(s)-1 {
		return n, "/" + name
	}
	return n, name
}

// hidden returns how much of s comes before the end mark (lower case ASCII), all
// of it if there is none. Every call either ends the text or consumes what it
// looked at, so the whole stays linear.
func hidden(s, end string) int {
	for i := 0; i+len(end) <= len(s); i++ {
		if strings.EqualFold(s[i:i+len(end)], end) {
			return i
		}
	}
	return len(s)
}

func inlineTag(name string) bool {
	switch strings.TrimPrefix(name, "/") {
	case "a", "abbr", "b", "big", "em", "font", "i", "mark", "o", "s", "small", "span", "strike", "strong", "sub", "sup", "u", "wbr":
		return true
	}
	return false
}
