// Package letter writes the mails of the issuing desk: the one that carries a
// document, the report to the clerk, and the notice of a refusal.
//
// It is pure: data in, bytes of an Internet message (RFC 5322) out. Lines end
// in CRLF, headers are ASCII (RFC 2047), bodies are base64, so the bytes pass
// every server unchanged. Text is NFC.
package letter

import (
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"

	"quangtri.gov.vn/vanthu/internal/viet"
)

// Head is what the header of every letter says.
type Head struct {
	From       mail.Address
	ReplyTo    *mail.Address
	To         *mail.Address // nil when it stands in the recipient's prefix
	Subject    string
	Date       time.Time
	MessageID  string // without angle brackets
	InReplyTo  string // with or without angle brackets, or ""
	References []string
	Extra      [][2]string // further fields, ASCII, in order
}

// Attachment is one file, carried untouched.
type Attachment struct {
	Name string
	Type string // media type without parameters
	Body io.Reader
}

// Write writes a letter with a plain text body and attachments. boundary must
// be unique to the letter and is used only if there are attachments.
func Write(w io.Writer, h Head, text, boundary string, files []Attachment) error {
	p := &printer{w: w}
	h.print(p)
	if len(files) == 0 {
		p.text(text)
		return p.err
	}
	p.line("Content-Type: multipart/mixed; boundary=\"" + boundary + "\"")
	p.line("")
	p.line("--" + boundary)
	p.text(text)
	for _, f := range files {
		p.line("--" + boundary)
		p.attachment(f)
	}
	p.line("--" + boundary + "--")
	return p.err
}

func (h Head) print(p *printer) {
	p.field("From", address(h.From))
	if h.ReplyTo != nil {
		p.field("Reply-To", address(*h.ReplyTo))
	}
	if h.To != nil {
		p.field("To", address(*h.To))
	}
	p.line(encodedField("Subject", h.Subject))
	p.field("Date", h.Date.Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	p.field("Message-ID", angle(h.MessageID))
	if h.InReplyTo != "" {
		p.field("In-Reply-To", angle(h.InReplyTo))
	}
	if len(h.References) > 0 {
		refs := make([]string, len(h.References))
		for i, r := range h.References {
			refs[i] = angle(r)
		}
		p.field("References", strings.Join(refs, "\r\n "))
	}
	for _, f := range h.Extra {
		p.field(f[0], f[1])
	}
	p.line("MIME-Version: 1.0")
}

// Address renders a mailbox for a header field, with its name as RFC 2047 words.
func Address(a mail.Address) string { return address(a) }

func address(a mail.Address) string {
	if a.Name == "" {
		return "<" + a.Address + ">"
	}
	name := viet.Clean(a.Name)
	if !plainPhrase(name) {
		name = words(name, len("Reply-To: "))
	}
	return name + "\r\n <" + a.Address + ">"
}

// plainPhrase reports whether s may stand unquoted as an RFC 5322 phrase.
func plainPhrase(s string) bool {
	for _, r := range s {
		if r >= utf8.RuneSelf || !(r == ' ' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z') {
			return false
		}
	}
	return s != ""
}

func angle(id string) string { return "<" + strings.Trim(id, "<>") + ">" }

// encodedField folds a header of free text; ASCII stays readable when short.
func encodedField(name, value string) string {
	value = viet.Clean(value)
	if isASCII(value) && len(name)+2+len(value) <= 76 {
		return name + ": " + value
	}
	return name + ": " + words(value, len(name)+2)
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf || s[i] < ' ' {
			return false
		}
	}
	return true
}

// words renders s as RFC 2047 encoded words, each within 75 octets and holding
// whole characters, folded one to a line. used is what stands before on the
// line. Text that fits one word is kept in one, and longer text is cut behind a
// space where it can be: some readers do not join adjacent words as they should.
func words(s string, used int) string {
	const open, shut = "=?utf-8?B?", "?="
	most := (75 - len(open) - len(shut)) / 4 * 3
	limit := (75 - used - len(open) - len(shut)) / 4 * 3
	lead := ""
	if len(s) > limit && len(s) <= most {
		lead, limit = "\r\n ", most
	}
	var out []string
	for s != "" {
		n := cut(s, limit)
		out = append(out, open+base64.StdEncoding.EncodeToString([]byte(s[:n]))+shut)
		s, limit = s[n:], most
	}
	return lead + strings.Join(out, "\r\n ")
}

// cut is how much of s goes into a word of at most limit octets.
func cut(s string, limit int) int {
	if len(s) <= limit {
		return len(s)
	}
	n := limit
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	if space := strings.LastIndexByte(s[:n], ' '); space > n/2 {
		return space + 1
	}
	return n
}

type printer struct {
	w   io.Writer
	err error
}

func (p *printer) raw(s string) {
	if p.err == nil {
		_, p.err = io.WriteString(p.w, s)
	}
}

func (p *printer) line(s string) { p.raw(s + "\r\n") }

// field writes one field. Values are built by this package or are ASCII
// constants; any stray line break would be an injection, so it is an error.
func (p *printer) field(name, value string) {
	if rest := strings.ReplaceAll(value, "\r\n ", ""); strings.ContainsAny(rest, "\r\n\x00") && p.err == nil {
		p.err = fmt.Errorf("header field %s: line break in value", name)
	}
	p.line(name + ": " + value)
}

func (p *printer) text(s string) {
	p.line("Content-Type: text/plain; charset=utf-8")
	p.line("Content-Transfer-Encoding: base64")
	p.line("")
	s = strings.ReplaceAll(viet.NFC(s), "\r\n", "\n")
	p.base64(strings.NewReader(strings.ReplaceAll(s, "\n", "\r\n")))
}

func (p *printer) attachment(f Attachment) {
	name := FileName(f.Name)
	fallback := viet.ASCIIFileName(name)
	p.line("Content-Type: " + mediaType(f.Type) + ";\r\n name=\"" + words(name, len(" name=\"")) + "\"")
	p.line("Content-Transfer-Encoding: base64")
	// The extended parameter comes first: readers that take the first of two
	// forms, and those that prefer the extended one, both see the real name.
	p.line("Content-Disposition: attachment;\r\n filename*=" + extended(name) + ";\r\n filename=\"" + fallback + "\"")
	p.line("")
	p.base64(f.Body)
}

// FileName makes a clerk's file name safe to carry: NFC, no path, no control
// characters, at most 100 characters with its extension kept.
func FileName(s string) string {
	s = viet.Clean(s)
	if i := strings.LastIndexAny(s, `/\`); i >= 0 {
		s = s[i+1:]
	}
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || strings.ContainsRune(`"<>:|?*`, r) {
			return '-'
		}
		return r
	}, s)
	s = strings.Trim(s, " .")
	if s == "" {
		return "van-ban"
	}
	const limit = 100
	if r := []rune(s); len(r) > limit {
		ext := ""
		if i := strings.LastIndexByte(s, '.'); i > 0 && len(s)-i <= 8 {
			ext = s[i:]
		}
		s = string(r[:limit-utf8.RuneCountInString(ext)]) + ext
	}
	return s
}

// extended renders an RFC 2231 extended value.
func extended(s string) string {
	var b strings.Builder
	b.WriteString("UTF-8''")
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || strings.IndexByte("-._~", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func mediaType(t string) string {
	if parsed, _, err := mime.ParseMediaType(t); err == nil && strings.Contains(parsed, "/") {
		return parsed
	}
	return "application/octet-stream"
}

// base64 writes the body in lines of 76 characters.
func (p *printer) base64(r io.Reader) {
	lines := &lineWriter{p: p}
	enc := base64.NewEncoder(base64.StdEncoding, lines)
	if _, err := io.Copy(enc, r); err != nil && p.err == nil {
		p.err = err
	}
	enc.Close()
	if lines.col > 0 {
		p.raw("\r\n")
	}
}

type lineWriter struct {
	p   *printer
	col int
}

func (l *lineWriter) Write(b []byte) (int, error) {
	total := len(b)
	for len(b) > 0 {
		n := min(76-l.col, len(b))
		l.p.raw(string(b[:n]))
		b, l.col = b[n:], l.col+n
		if l.col == 76 {
			l.p.raw("\r\n")
			l.col = 0
		}
	}
	return total, l.p.err
}
