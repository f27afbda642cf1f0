package mime

import (
	"bytes"
	"iter"
	"slices"
)

// Field is one header field: the name as written and the raw value, unfolded,
// without the white space around it.
type Field struct {
	Name  string
	Value []byte
}

// HeaderFields yields the fields of a header in order. Lines that are no field
// (no colon, "From " of an mbox, a continuation of nothing) are passed over.
// Raw is the field as it stands, with its line endings.
func HeaderFields(header []byte) iter.Seq2[[]byte, Field] {
	return func(yield func(raw []byte, f Field) bool) {
		for len(header) > 0 {
			n := fieldLen(header)
			raw := header[:n]
			header = header[n:]
			if f, ok := splitField(raw); ok && !yield(raw, f) {
				return
			}
		}
	}
}

// fieldLen returns the length of the first line and its continuations.
func fieldLen(b []byte) int {
	n := 0
	for {
		i := bytes.IndexByte(b[n:], '\n')
		if i < 0 {
			return len(b)
		}
		n += i + 1
		if n == len(b) || b[n] != ' ' && b[n] != '\t' {
			return n
		}
	}
}

func splitField(raw []byte) (Field, bool) {
	name, value, ok := cutField(raw)
	if !ok {
		return Field{}, false
	}
	return Field{Name: string(name), Value: unfold(value)}, true
}

// cutField cuts a field at its colon; the value is as it stands.
func cutField(raw []byte) (name, value []byte, ok bool) {
	if len(raw) == 0 || raw[0] == ' ' || raw[0] == '\t' {
		return nil, nil, false
	}
	colon := bytes.IndexByte(raw, ':')
	if colon <= 0 {
		return nil, nil, false
	}
	name = bytes.TrimRight(raw[:colon], " \t")
	if len(name) == 0 || bytes.ContainsAny(name, " \t\r\n") {
		return nil, nil, false
	}
	return name, raw[colon+1:], true
}

// unfold removes line endings and NUL, which no IMAP string may hold, and the
// white space around the value. The result shares no memory with v.
func unfold(v []byte) []byte {
	return bytes.Trim(appendUnfolded(make([]byte, 0, len(v)), v), " \t")
}

func appendUnfolded(out, v []byte) []byte {
	for i, c := range v {
		switch {
		case c == 0, c == '\n':
		case c == '\r' && (i+1 == len(v) || v[i+1] == '\n'):
		default:
			out = append(out, c)
		}
	}
	return out
}

// unfold is the function of that name that uses memory of the scanner, which holds
// until the header has been parsed.
func (s *scanner) unfold(v []byte) []byte {
	from := len(s.values)
	s.values = appendUnfolded(s.values, v)
	return bytes.Trim(s.values[from:len(s.values):len(s.values)], " \t")
}

// rawHeader is what the scanner keeps of a header until it has been written
// into the part. nil means that the field is absent.
type rawHeader struct {
	contentType, encoding, id, description, md5, disposition, language, location []byte

	date, subject, inReplyTo, messageID, references []byte
	from, sender, replyTo, to, cc, bcc              []byte
}

// slot returns where a field's value belongs, nil if nobody asks for it. more
// says that several fields of the name make one list.
func (h *rawHeader) slot(name string, message bool) (at *[]byte, more bool) {
	switch name {
	case "content-type":
		return &h.contentType, false
	case "content-transfer-encoding":
		return &h.encoding, false
	case "content-id":
		return &h.id, false
	case "content-description":
		return &h.description, false
	case "content-md5":
		return &h.md5, false
	case "content-disposition":
		return &h.disposition, false
	case "content-language":
		return &h.language, false
	case "content-location":
		return &h.location, false
	}
	if !message {
		return nil, false
	}
	switch name {
	case "date":
		return &h.date, false
	case "subject":
		return &h.subject, false
	case "in-reply-to":
		return &h.inReplyTo, false
	case "message-id":
		return &h.messageID, false
	case "references":
		return &h.references, false
	case "from":
		return &h.from, true
	case "sender":
		return &h.sender, false
	case "reply-to":
		return &h.replyTo, true
	case "to":
		return &h.to, true
	case "cc":
		return &h.cc, true
	case "bcc":
		return &h.bcc, true
	}
	return nil, false
}

// maxFieldName is longer than any name that slot knows.
const maxFieldName = 32

func (s *scanner) readRaw(message bool) *rawHeader {
	h := &s.raw
	*h, s.values = rawHeader{}, s.values[:0]
	for header := s.header; len(header) > 0; {
		n := fieldLen(header)
		name, value, ok := cutField(header[:n])
		header = header[n:]
		if !ok || len(name) > maxFieldName {
			continue
		}
		var low [maxFieldName]byte
		at, more := h.slot(string(appendLower(low[:0], name)), message)
		if at == nil || *at != nil && !more {
			continue
		}
		switch v := s.unfold(value); {
		case *at == nil:
			*at = s.keep(v)
			if *at == nil { // there, and empty: ENVELOPE tells that from absent
				*at = []byte{}
			}
		case len(v) > 0:
			*at = append(append(*at, ", "...), s.keep(v)...)
		}
	}
	return h
}

// appendLower appends b with its ASCII letters made small.
func appendLower(dst, b []byte) []byte {
	for _, c := range b {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		dst = append(dst, c)
	}
	return dst
}

// keep returns v, cut to what may still be kept of this message.
func (s *scanner) keep(v []byte) []byte {
	if room := MaxKept - s.kept; len(v) > room {
		s.limited = true
		v = v[:room]
	}
	s.kept += len(v)
	return v
}

// parseHeader fills in the part whose header has ended.
func (s *scanner) parseHeader(f *frame) {
	h := s.readRaw(f.message)
	p := f.part
	p.Type, p.Subtype, p.Params = parseMediaType(h.contentType, p.Type == "message")
	p.Encoding = parseEncoding(h.encoding)
	p.ID, p.Description, p.MD5 = string(h.id), string(h.description), string(h.md5)
	p.Disposition, p.DispParams = parseDisposition(h.disposition)
	p.Language, p.Location = parseLanguages(h.language), string(h.location)
	if !f.message {
		return
	}
	e := s.envelope(h)
	s.wire = e.appendWire(s.wire[:0])
	p.Envelope = slices.Clone(s.wire)
	if p == s.root {
		s.fields = makeFields(h)
	}
}
