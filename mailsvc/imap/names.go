package imap

import (
	"encoding/base64"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Modified UTF-7 is how mailbox names travel unless the client enabled
// UTF8=ACCEPT or IMAP4rev2 (RFC 3501 section 5.1.3).
var utf7 = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,").WithPadding(base64.NoPadding)

// encodeUTF7 returns a UTF-8 name in modified UTF-7.
func encodeUTF7(name string) string {
	var b strings.Builder
	for i := 0; i < len(name); {
		c := name[i]
		if c >= 0x20 && c < 0x7F {
			b.WriteByte(c)
			if c == '&' {
				b.WriteByte('-')
			}
			i++
			continue
		}
		end := i
		for end < len(name) && (name[end] < 0x20 || name[end] >= 0x7F) {
			end++
		}
		var raw []byte
		for _, u := range utf16.Encode([]rune(name[i:end])) {
			raw = append(raw, byte(u>>8), byte(u))
		}
		b.WriteByte('&')
		b.WriteString(utf7.EncodeToString(raw))
		b.WriteByte('-')
		i = end
	}
	return b.String()
}

// decodeUTF7 reverses encodeUTF7; ok is false if s is not modified UTF-7.
func decodeUTF7(s string) (name string, ok bool) {
	var b strings.Builder
	for {
		i := strings.IndexByte(s, '&')
		if i < 0 {
			break
		}
		b.WriteString(s[:i])
		code, rest, found := strings.Cut(s[i+1:], "-")
		if !found {
			return "", false
		}
		if s = rest; code == "" {
			b.WriteByte('&')
			continue
		}
		text, ok := decodeUTF16(code)
		if !ok {
			return "", false
		}
		b.WriteString(text)
	}
	b.WriteString(s)
	name = b.String()
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return "", false
		}
	}
	return name, utf8.ValidString(name)
}

func decodeUTF16(code string) (string, bool) {
	raw, err := utf7.DecodeString(code)
	if err != nil || len(raw)%2 != 0 {
		return "", false
	}
	units := make([]uint16, len(raw)/2)
	for i := range units {
		units[i] = uint16(raw[2*i])<<8 | uint16(raw[2*i+1])
	}
	for i := 0; i < len(units); i++ {
		if !utf16.IsSurrogate(rune(units[i])) {
			continue
		}
		if i+1 == len(units) || utf16.DecodeRune(rune(units[i]), rune(units[i+1])) == utf8.RuneError {
			return "", false
		}
		i++
	}
	return string(utf16.Decode(units)), true
}
