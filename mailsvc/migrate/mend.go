package migrate

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// mender repairs lines. go-imap's client ends the connection at a folder's name
// that is not modified UTF-7, at a date or a keyword out of the grammar: all of
// them are found on servers that have served for long.
//
// Names of folders never go through the client at all: it gets a made-up one for
// each, which is exchanged for the server's own spelling on the way back. So a
// folder is opened by the very bytes that the server listed.
type mender struct {
	mu    sync.Mutex
	names []string // the server's own spelling, by number
	// lsub makes the next LIST an LSUB, which the client does not know.
	lsub bool
}

const standIn = "vanthu-folder-"

// mend returns the line as the client gets it.
func (m *mender) mend(line []byte) []byte {
	switch {
	case isList(line):
		return m.list(line)
	case hasPrefixFold(line, "* CAPABILITY") || bytes.Contains(line, []byte("[CAPABILITY")):
		// It would write names in UTF-8 to a server that says so, though nobody
		// enabled that.
		if bytes.Contains(line, []byte("IMAP4rev1")) {
			line = bytes.ReplaceAll(line, []byte("IMAP4rev2"), []byte("X-REV2"))
		}
		return line
	}
	// A body may stand in the line itself: not a byte of it is changed.
	if at := bytes.Index(line, []byte(`BODY[] "`)); at >= 0 {
		return append(mendDate(mendFlags(bytes.Clone(line[:at]))), line[at:]...)
	}
	return mendDate(mendFlags(line))
}

// restore puts the server's spelling of names into what the client sends.
func (m *mender) restore(p []byte) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.lsub && bytes.Contains(p, []byte(" LIST ")) {
		p = bytes.Replace(p, []byte(" LIST "), []byte(" LSUB "), 1)
		m.lsub = false
	}
	at := bytes.Index(p, []byte(`"`+standIn))
	if at < 0 {
		return p
	}
	rest := p[at+1+len(standIn):]
	digits, after, ok := bytes.Cut(rest, []byte(`"`))
	n, err := strconv.Atoi(string(digits))
	if !ok || err != nil || n >= len(m.names) {
		return p
	}
	out := append([]byte{}, p[:at]...)
	out = append(out, quoted(m.names[n])...)
	return append(out, after...)
}

// original returns the server's own spelling of a name that the client has.
func (m *mender) original(name string) (string, bool) {
	digits, ok := strings.CutPrefix(name, standIn)
	n, err := strconv.Atoi(digits)
	m.mu.Lock()
	defer m.mu.Unlock()
	if !ok || err != nil || n >= len(m.names) {
		return "", false
	}
	return m.names[n], true
}

// forget drops all names, before a new list.
func (m *mender) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.names = nil
}

// subscribed makes the next LIST ask for subscribed folders.
func (m *mender) subscribed() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lsub = true
}

func hasPrefixFold(line []byte, prefix string) bool {
	return len(line) >= len(prefix) && strings.EqualFold(string(line[:len(prefix)]), prefix)
}

func isList(line []byte) bool {
	return hasPrefixFold(line, "* LIST ") || hasPrefixFold(line, "* LSUB ")
}

// list replaces the name in a LIST answer. What does not look like one is left
// to the client.
func (m *mender) list(line []byte) []byte {
	const head = len("* LIST ")
	attrs, rest, ok := strings.Cut(string(line[head:]), ")")
	if !ok || !strings.HasPrefix(attrs, "(") {
		return line
	}
	rest = strings.TrimLeft(rest, " ")
	delimiter, rest, ok := token(rest)
	if !ok {
		return line
	}
	start := strings.TrimLeft(rest, " ")
	_, tail, ok := token(start)
	if !ok {
		return line
	}
	name := unquoted(start[:len(start)-len(tail)])
	m.mu.Lock()
	defer m.mu.Unlock()
	m.names = append(m.names, name)
	return fmt.Appendf(nil, "* LIST %s) %s \"%s%d\"\r\n", validWords(attrs), delimiter, standIn, len(m.names)-1)
}

// token cuts a quoted string or a word off, and returns it as it is written.
func token(s string) (t, rest string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		end := strings.IndexAny(s, " \r\n")
		if end <= 0 {
			return "", s, false
		}
		return s[:end], s[end:], true
	}
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return s[:i+1], s[i+1:], true
		}
	}
	return "", s, false
}

func unquoted(s string) string {
	if !strings.HasPrefix(s, `"`) {
		return s
	}
	var b strings.Builder
	for i := 1; i < len(s)-1; i++ {
		if s[i] == '\\' {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// quoted writes a name as the server must see it. Line breaks cannot be quoted,
// and a name with one cannot be opened: they are dropped, and the server says no.
func quoted(s string) string {
	return `"` + strings.NewReplacer("\r", "", "\n", "", "\x00", "", `\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// mendFlags drops what is no flag from FLAGS (…).
func mendFlags(line []byte) []byte {
	const mark = "FLAGS ("
	at := bytes.Index(line, []byte(mark))
	if at < 0 {
		return line
	}
	at += len(mark)
	end := bytes.IndexByte(line[at:], ')')
	if end < 0 {
		return line
	}
	words := string(line[at : at+end])
	if good := validWords(words); good != words {
		return append([]byte(string(line[:at])+good), line[at+end:]...)
	}
	return line
}

// validWords returns the words of a list that are flags; a "(" before the first
// one stays.
func validWords(s string) string {
	open := ""
	if strings.HasPrefix(s, "(") {
		open, s = "(", s[1:]
	}
	var good []string
	for _, w := range strings.Fields(s) {
		if w == `\*` || isAtom(strings.TrimPrefix(w, `\`)) {
			good = append(good, w)
		}
	}
	return open + strings.Join(good, " ")
}

func isAtom(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7F || strings.IndexByte(`(){%*"\]`, c) >= 0 {
			return false
		}
	}
	return s != ""
}

const dateLayout = "_2-Jan-2006 15:04:05 -0700"

// noDate stands for a date that cannot be read.
var noDate = time.Unix(0, 0).UTC()

// mendDate replaces an INTERNALDATE that is no date, or one that no mail can
// have, by noDate.
func mendDate(line []byte) []byte {
	const mark = "INTERNALDATE "
	at := bytes.Index(line, []byte(mark))
	if at < 0 {
		return line
	}
	at += len(mark)
	date, tail, ok := token(string(line[at:]))
	if !ok {
		return line
	}
	t, err := time.Parse(dateLayout, unquoted(date))
	if err == nil && strings.HasPrefix(date, `"`) && t.Year() >= 1970 && t.Year() < 2200 {
		return line
	}
	tail = strings.TrimPrefix(tail, `"`)
	if !strings.HasPrefix(date, `"`) && strings.HasSuffix(date, ")") { // NIL)
		tail = ")" + tail
	}
	return append([]byte(string(line[:at])+`"`+noDate.Format(dateLayout)+`"`), tail...)
}

var base64Names = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,").WithPadding(base64.NoPadding)

// readable decodes modified UTF-7 (RFC 3501 section 5.1.3) as far as it is that,
// and takes the rest as it stands: UTF-8, or else Latin-1.
func readable(raw string) string {
	if !utf8.ValidString(raw) {
		runes := make([]rune, len(raw))
		for i := range len(raw) {
			runes[i] = rune(raw[i])
		}
		raw = string(runes)
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(raw, "&")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		code, after, ended := strings.Cut(rest, "-")
		text, ok := decodeShift(code)
		if !ended || !ok {
			b.WriteByte('&')
			raw = rest
			continue
		}
		b.WriteString(text)
		raw = after
	}
}

// decodeShift decodes what stands between "&" and "-".
func decodeShift(code string) (string, bool) {
	if code == "" {
		return "&", true
	}
	raw, err := base64Names.DecodeString(code)
	if err != nil || len(raw)%2 != 0 || len(raw) == 0 {
		return "", false
	}
	units := make([]uint16, len(raw)/2)
	for i := range units {
		units[i] = uint16(raw[2*i])<<8 | uint16(raw[2*i+1])
	}
	text := string(utf16.Decode(units))
	return text, !strings.ContainsRune(text, utf8.RuneError)
}
