package mime

import (
	"bytes"
	"strings"

	"quangtri.gov.vn/vanthu/internal/viet"
)

// DecodeText returns a raw header value as people read it: encoded words (RFC
// 2047) decoded, also where they split a character between two words, 8-bit
// text guessed, NFC. Time is linear.
func DecodeText(v []byte) string {
	if plain(v) {
		return string(v)
	}
	d := wordDecoder{rest: v}
	d.run()
	return viet.NFC(d.out.String())
}

func plain(v []byte) bool {
	for i, c := range v {
		if c >= 0x80 || c == '=' && i+1 < len(v) && v[i+1] == '?' {
			return false
		}
	}
	return true
}

type wordDecoder struct {
	rest    []byte
	out     strings.Builder
	charset string
	pending []byte // bytes of adjacent words in charset, not yet decoded
	noEnd   bool   // no "?=" follows any more
}

func (d *wordDecoder) run() {
	for len(d.rest) > 0 {
		i := bytes.Index(d.rest, []byte("=?"))
		if i < 0 {
			break
		}
		charset, text, n := d.word(d.rest[i:])
		if n == 0 {
			d.text(d.rest[:i+2])
			d.rest = d.rest[i+2:]
			continue
		}
		if gap := d.rest[:i]; d.pending == nil || len(bytes.TrimSpace(gap)) > 0 {
			d.text(gap)
		}
		if d.charset != charset {
			d.flush()
			d.charset = charset
		}
		d.pending = append(d.pending, text...)
		if d.pending == nil {
			d.pending = []byte{}
		}
		d.rest = d.rest[i+n:]
	}
	d.text(d.rest)
	d.flush()
}

// text writes what is no encoded word.
func (d *wordDecoder) text(v []byte) {
	if len(v) == 0 {
		return
	}
	d.flush()
	d.out.WriteString(toUTF8("", v))
}

func (d *wordDecoder) flush() {
	if len(d.pending) > 0 {
		d.out.WriteString(toUTF8(d.charset, d.pending))
	}
	d.pending = nil
}

// word reads =?charset?encoding?text?= at the start of b; n is 0 if there is none.
func (d *wordDecoder) word(b []byte) (charset string, text []byte, n int) {
	const maxCharset = 64
	i := bytes.IndexByte(b[2:min(len(b), 2+maxCharset)], '?')
	if i <= 0 || d.noEnd {
		return "", nil, 0
	}
	charset, _, _ = strings.Cut(strings.ToLower(string(b[2:2+i])), "*") // RFC 2231 language
	b = b[2+i+1:]
	if len(b) < 2 || b[1] != '?' {
		return "", nil, 0
	}
	enc := b[0] | 0x20
	if enc != 'b' && enc != 'q' {
		return "", nil, 0
	}
	end := bytes.Index(b[2:], []byte("?="))
	if end < 0 {
		d.noEnd = true
		return "", nil, 0
	}
	raw := b[2 : 2+end]
	if enc == 'b' {
		text = new(base64Decoder).decode(nil, raw)
	} else {
		text = decodeQ(raw)
	}
	return charset, text, 2 + i + 1 + 2 + end + 2
}

func decodeQ(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == '_':
			out = append(out, ' ')
		case c == '=' && i+2 < len(b) && unhex(b[i+1]) < 16 && unhex(b[i+2]) < 16:
			out = append(out, unhex(b[i+1])<<4|unhex(b[i+2]))
			i += 2
		default:
			out = append(out, c)
		}
	}
	return out
}

// unhex returns the value of a hexadecimal digit, 255 if it is none.
func unhex(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	}
	return 255
}
