package mime

import "strconv"

// maxQuoted is how long a quoted string may get before a literal is kinder to
// clients with small line buffers.
const maxQuoted = 1000

// appendNString writes v as an nstring: NIL for nil.
func appendNString(b, v []byte) []byte {
	if v == nil {
		return append(b, "NIL"...)
	}
	return appendString(b, string(v))
}

// appendNil writes s as a string, NIL if it is empty.
func appendNil(b []byte, s string) []byte {
	if s == "" {
		return append(b, "NIL"...)
	}
	return appendString(b, s)
}

// appendString writes s as a quoted string if it is short and plain, else as a
// literal: a literal carries raw 8-bit headers whether or not the client
// enabled UTF8=ACCEPT. NUL, which neither may hold, is left out.
func appendString(b []byte, s string) []byte {
	if !quotable(s) {
		return appendLiteral(b, s)
	}
	b = append(b, '"')
	for i := 0; i < len(s); i++ {
		if s[i] == '"' || s[i] == '\\' {
			b = append(b, '\\')
		}
		b = append(b, s[i])
	}
	return append(b, '"')
}

func quotable(s string) bool {
	if len(s) > maxQuoted {
		return false
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; c >= 0x7F || c < ' ' && c != '\t' {
			return false
		}
	}
	return true
}

func appendLiteral(b []byte, s string) []byte {
	n := 0
	for i := 0; i < len(s); i++ {
		if s[i] != 0 {
			n++
		}
	}
	b = append(b, '{')
	b = strconv.AppendInt(b, int64(n), 10)
	b = append(b, "}\r\n"...)
	for i := 0; i < len(s); i++ {
		if s[i] != 0 {
			b = append(b, s[i])
		}
	}
	return b
}

func appendParams(b []byte, ps []Param) []byte {
	if len(ps) == 0 {
		return append(b, "NIL"...)
	}
	b = append(b, '(')
	for i, p := range ps {
		if i > 0 {
			b = append(b, ' ')
		}
		b = appendString(b, p.Name)
		b = append(b, ' ')
		b = appendString(b, p.Value)
	}
	return append(b, ')')
}

// AppendBody appends the BODY item, which is BODYSTRUCTURE without extension data.
func (x *Index) AppendBody(b []byte) []byte { return appendStructure(b, x.Root, false) }

// appendStructure writes a part as a body (RFC 9051 section 9). Depth is bounded by MaxDepth.
func appendStructure(b []byte, p *Part, extended bool) []byte {
	b = append(b, '(')
	if p.IsMultipart() {
		for _, c := range p.Children {
			b = appendStructure(b, c, extended)
		}
		b = append(b, ' ')
		b = appendString(b, p.Subtype)
		if extended {
			b = append(b, ' ')
			b = appendParams(b, p.Params)
			b = appendExtension(b, p)
		}
		return append(b, ')')
	}
	b = appendString(b, p.Type)
	b = append(b, ' ')
	b = appendString(b, p.Subtype)
	b = append(b, ' ')
	b = appendParams(b, p.Params)
	b = append(b, ' ')
	b = appendNil(b, p.ID)
	b = append(b, ' ')
	b = appendNil(b, p.Description)
	b = append(b, ' ')
	b = appendString(b, p.Encoding)
	b = appendInt(b, p.BodyEnd-p.BodyStart)
	switch {
	case p.IsMessage():
		b = append(b, ' ')
		b = append(b, p.Children[0].Envelope...)
		b = append(b, ' ')
		b = appendStructure(b, p.Children[0], extended)
		b = appendInt(b, p.Lines)
	case p.Type == "text":
		b = appendInt(b, p.Lines)
	}
	if extended {
		b = append(b, ' ')
		b = appendNil(b, p.MD5)
		b = appendExtension(b, p)
	}
	return append(b, ')')
}

// appendInt writes a blank and n. Sizes are 32 bits on the wire (RFC 9051 number).
func appendInt(b []byte, n int64) []byte {
	return strconv.AppendInt(append(b, ' '), min(n, 1<<32-1), 10)
}

// appendExtension writes disposition, language and location.
func appendExtension(b []byte, p *Part) []byte {
	if p.Disposition == "" {
		b = append(b, " NIL "...)
	} else {
		b = append(b, " ("...)
		b = appendString(b, p.Disposition)
		b = append(b, ' ')
		b = appendParams(b, p.DispParams)
		b = append(b, ") "...)
	}
	switch len(p.Language) {
	case 0:
		b = append(b, "NIL"...)
	case 1:
		b = appendString(b, p.Language[0])
	default:
		b = append(b, '(')
		for i, l := range p.Language {
			if i > 0 {
				b = append(b, ' ')
			}
			b = appendString(b, l)
		}
		b = append(b, ')')
	}
	b = append(b, ' ')
	return appendNil(b, p.Location)
}
