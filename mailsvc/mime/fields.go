package mime

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/mail"
	"strings"
	"time"

	"quangtri.gov.vn/vanthu/internal/viet"
)

// maxText bounds one decoded field in the index, bytes; longer ones are cut and
// the header itself must be read.
const maxText = 2 << 10

// Bounds of what THREAD sees.
const (
	maxParents   = 100
	maxMessageID = 250
)

// Date is when the Date field says that a message was written. The zero Date
// means that it says nothing readable.
type Date struct {
	Unix   int64 // seconds
	Offset int32 // of the writer's clock, seconds east of UTC
	Valid  bool
}

// Day returns the day on the writer's calendar, as days since 1970-01-01.
func (d Date) Day() int64 { return floorDiv(d.Unix+int64(d.Offset), 86400) }

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func parseDate(v []byte) Date {
	if len(v) == 0 || len(v) > 200 {
		return Date{}
	}
	s := string(v)
	t, err := time.Parse(usualDate, s) // mail.ParseDate tries layout after layout, an error each
	if err != nil {
		t, err = mail.ParseDate(s)
	}
	if err != nil {
		t, err = oddDate(s)
	}
	if err != nil || t.Year() < 1 || t.Year() > 9999 {
		return Date{}
	}
	_, off := t.Zone()
	return Date{Unix: t.Unix(), Offset: int32(off), Valid: true}
}

// usualDate is how nearly all programs write a date.
const usualDate = "Mon, 2 Jan 2006 15:04:05 -0700"

// oddLayouts are dates that programs write although no RFC has them. What does
// not name its zone is taken as UTC (RFC 5256 section 2.2).
var oddLayouts = [...]string{
	"2 Jan 2006 15:04:05 -0700", "2 Jan 2006 15:04:05 MST", "2 Jan 2006 15:04:05", "2 Jan 2006 15:04", "2 Jan 2006",
	"2-Jan-2006 15:04:05 -0700", "2 January 2006 15:04:05 -0700", "2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05", "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05",
	"Jan 2 15:04:05 2006",
}

// oddDate reads them, with a day of the week in any language before and a remark
// in parentheses after.
func oddDate(s string) (t time.Time, err error) {
	s, _, _ = strings.Cut(s, "(")
	words := strings.Fields(s)
	for len(words) > 0 {
		rest := strings.Join(words, " ")
		for _, layout := range oddLayouts {
			if t, err = time.Parse(layout, rest); err == nil {
				return t, nil
			}
		}
		if c := words[0][0]; c >= '0' && c <= '9' {
			break
		}
		words = words[1:]
	}
	return time.Time{}, errNoDate
}

var errNoDate = errors.New("mime: not a date")

// Time returns the instant, the zero time if the date is not valid.
func (d Date) Time() time.Time {
	if !d.Valid {
		return time.Time{}
	}
	return time.Unix(d.Unix, 0).In(time.FixedZone("", int(d.Offset)))
}

func makeFields(h *rawHeader) Fields {
	f := Fields{Date: parseDate(h.date), MessageID: firstID(h.messageID)}
	f.Parents = messageIDs(h.references)
	if len(f.Parents) == 0 {
		if id := firstID(h.inReplyTo); id != "" {
			f.Parents = []string{id}
		}
	}
	for _, c := range [...]struct {
		at  *string
		raw []byte
	}{{&f.Subject, h.subject}, {&f.From, h.from}, {&f.To, h.to}, {&f.Cc, h.cc}, {&f.Bcc, h.bcc}} {
		text := strings.ReplaceAll(DecodeText(c.raw), "\x00", "")
		if len(text) > maxText {
			text, f.Cut = strings.ToValidUTF8(text[:maxText], ""), true
		}
		*c.at = text
	}
	return f
}

// messageIDs returns the identifiers in a field, oldest first, the last
// maxParents of them.
func messageIDs(v []byte) []string {
	var out []string
	for {
		_, after, ok := bytes.Cut(v, []byte("<"))
		if !ok {
			break
		}
		id, rest, ok := bytes.Cut(after, []byte(">"))
		if !ok {
			break
		}
		if s := cleanID(id); s != "" {
			out = append(out, s)
		}
		v = rest
	}
	return out[max(0, len(out)-maxParents):]
}

// firstID returns the identifier of Message-ID or In-Reply-To; some programs
// leave the brackets out.
func firstID(v []byte) string {
	if ids := messageIDs(v); len(ids) > 0 {
		return ids[0]
	}
	if bytes.ContainsAny(v, "<> \t,") {
		return ""
	}
	return cleanID(v)
}

func cleanID(id []byte) string {
	id = bytes.TrimSpace(id)
	if len(id) == 0 || len(id) > maxMessageID || bytes.IndexByte(id, 0) >= 0 {
		return ""
	}
	return string(id)
}

// texts returns the searchable texts in the order of [SearchField].
func (f *Fields) texts() [fieldCount]string {
	return [...]string{f.Subject, f.From, f.To, f.Cc, f.Bcc}
}

// SearchField names one of the texts of [Fields].
type SearchField int

const (
	FieldSubject SearchField = iota
	FieldFrom
	FieldTo
	FieldCc
	FieldBcc
	fieldCount
)

// Text returns one of the texts.
func (f *Fields) Text(k SearchField) string { return f.texts()[k] }

// size is about how many bytes the fields take when they are stored.
func (f *Fields) size() int {
	n := 64 + len(f.MessageID)
	for _, s := range f.texts() {
		n += len(s)
	}
	for _, p := range f.Parents {
		n += 2 + len(p)
	}
	return n
}

// appendFolded writes, for each text, viet.Fold of it. First comes a byte that
// says whether a text is cut.
func (f *Fields) appendFolded(b []byte) []byte {
	b = appendBool(b, f.Cut)
	for _, s := range f.texts() {
		b = append(b, viet.Fold(s)...)
		b = append(b, 0)
	}
	return b
}

func (f *Fields) append(b []byte) []byte {
	b = appendBool(b, f.Date.Valid)
	b = binary.AppendVarint(b, f.Date.Unix)
	b = binary.AppendVarint(b, int64(f.Date.Offset))
	b = appendBool(b, f.Cut)
	for _, s := range f.texts() {
		b = appendSection(b, []byte(s))
	}
	b = appendSection(b, []byte(f.MessageID))
	b = binary.AppendUvarint(b, uint64(len(f.Parents)))
	for _, p := range f.Parents {
		b = appendSection(b, []byte(p))
	}
	return b
}

func decodeFields(b []byte) (f Fields, ok bool) {
	d := decoder{b: b}
	f.Date.Valid = d.byte() != 0
	f.Date.Unix = d.varint()
	f.Date.Offset = int32(d.varint())
	f.Cut = d.byte() != 0
	for _, at := range [...]*string{&f.Subject, &f.From, &f.To, &f.Cc, &f.Bcc, &f.MessageID} {
		*at = d.bytes()
	}
	for n := d.count(); n > 0 && !d.bad; n-- {
		f.Parents = append(f.Parents, d.bytes())
	}
	return f, !d.bad && len(d.b) == 0
}

func (d *decoder) varint() int64 {
	n, w := binary.Varint(d.b)
	if w <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[w:]
	return n
}

func (d *decoder) bytes() string {
	n := d.count()
	s := string(d.b[:n])
	d.b = d.b[n:]
	return s
}

// Folded returns viet.Fold of a text of the header, and whether it may be only
// the beginning of it. ok is false if the bytes are no index.
func (b Stored) Folded(k SearchField) (folded []byte, cut, ok bool) {
	s := b.section(secSearch)
	if len(s) == 0 {
		return nil, false, false
	}
	cut = s[0] != 0
	s = s[1:]
	for ; ; k-- {
		i := bytes.IndexByte(s, 0)
		if i < 0 {
			return nil, false, false
		}
		if k == 0 {
			return s[:i], cut, true
		}
		s = s[i+1:]
	}
}

// AllFolded returns viet.Fold of all texts of the header in one, with NUL between
// them; ok is false if the bytes are no index or a text is cut.
func (b Stored) AllFolded() (folded []byte, ok bool) {
	s := b.section(secSearch)
	if len(s) == 0 || s[0] != 0 {
		return nil, false
	}
	return s[1:], true
}

// Fields returns the header fields; ok is false if the bytes are no index.
func (b Stored) Fields() (f Fields, ok bool) {
	s := b.section(secFields)
	if len(s) == 0 {
		return Fields{}, false
	}
	return decodeFields(s)
}

// Text returns one of the texts alone; ok is false if the bytes are no index.
func (b Stored) Text(k SearchField) (text string, ok bool) {
	d := decoder{b: b.section(secFields)}
	d.byte()
	d.varint()
	d.varint()
	d.byte()
	for range k {
		d.b = d.b[d.count():]
	}
	text = d.bytes()
	return text, !d.bad
}

// Date returns the date alone.
func (b Stored) Date() Date {
	d := decoder{b: b.section(secFields)}
	return Date{Valid: d.byte() != 0, Unix: d.varint(), Offset: int32(d.varint())}
}
