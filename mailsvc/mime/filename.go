package mime

import (
	"strconv"
	"strings"

	"quangtri.gov.vn/vanthu/internal/viet"
)

// FileName returns the name of a part as people read it, "" if it has none: from
// Content-Disposition or Content-Type, written in the way of RFC 2231 or, as many
// programs do, in encoded words. It may hold any character; it is no path.
func FileName(p *Part) string {
	for _, from := range [...]struct {
		params []Param
		name   string
	}{{p.DispParams, "filename"}, {p.Params, "name"}} {
		if v := extendedParam(from.params, from.name); v != "" {
			return v
		}
		if v := param(from.params, from.name); v != "" {
			return DecodeText([]byte(v))
		}
	}
	return ""
}

// extendedParam returns a parameter that RFC 2231 cuts into pieces or encodes.
func extendedParam(ps []Param, name string) string {
	if v := param(ps, name+"*"); v != "" {
		charset, text := cutCharset(v)
		return viet.NFC(toUTF8(charset, unpercent(text)))
	}
	charset, found := "", false
	var all []byte
	for i := range maxParams {
		piece := name + "*" + strconv.Itoa(i)
		if v := param(ps, piece+"*"); v != "" {
			if i == 0 {
				charset, v = cutCharset(v)
			}
			all = append(all, unpercent(v)...)
		} else if v := param(ps, piece); v != "" {
			all = append(all, v...)
		} else {
			break
		}
		found = true
	}
	if !found {
		return ""
	}
	return viet.NFC(toUTF8(charset, all))
}

// cutCharset splits charset'language'text.
func cutCharset(v string) (charset, text string) {
	charset, rest, ok := strings.Cut(v, "'")
	if !ok {
		return "", v
	}
	if _, text, ok = strings.Cut(rest, "'"); !ok {
		return "", v
	}
	return charset, text
}

func unpercent(s string) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && unhex(s[i+1]) < 16 && unhex(s[i+2]) < 16 {
			out = append(out, unhex(s[i+1])<<4|unhex(s[i+2]))
			i += 2
			continue
		}
		out = append(out, s[i])
	}
	return out
}
