package mime

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"quangtri.gov.vn/vanthu/internal/viet"
)

// The upper half of TCVN 5712-1:1993, which the fonts named .VnTime follow
// ("TCVN3", "ABC"), and of VISCII (RFC 1456).
const (
	tcvnUpper = "ÀẢÃÁẠẶẬÈẺẼÉẸỆÌỈĨÍỊÒỎÕÓỌỘỜỞỠỚỢÙỦŨ" +
		"\u00a0ĂÂÊÔƠƯĐăâêôơưđẰ\u0300\u0309\u0303\u0301\u0323àảãáạẲằẳẵắẴ" +
		"ẮẦẨẪẤỀặầẩẫấậèỂẻẽéẹềểễếệìỉỄẾỒĩ" +
		"íịòỔỏõóọồổỗốộờởỡớợùỖủũúụừửữứựỳỷỹýỵỐ"
	visciiUpper = "ẠẮẰẶẤẦẨẬẼẸẾỀỂỄỆỐỒỔỖỘỢỚỜỞỊỎỌỈỦŨỤỲ" +
		"ÕắằặấầẩậẽẹếềểễệốồổỗỠƠộờởịỰỨỪỬơớƯ" +
		"ÀÁÂÃẢĂẳẵÈÉÊẺÌÍĨỳĐứÒÓÔạỷừửÙÚỹỵÝỡư" +
		"àáâãảăữẫèéêẻìíĩỉđựòóôõỏọụùúũủýợỮ"
)

// table is a single-byte charset. Most tables keep ASCII; VISCII uses six
// control codes as letters.
type table [256]rune

func newTable(upper string, lower map[byte]rune) *table {
	t := new(table)
	for i := range 128 {
		t[i] = rune(i)
	}
	for b, r := range lower {
		t[b] = r
	}
	i := 128
	for _, r := range upper {
		t[i] = r
		i++
	}
	return t
}

// Transform implements [transform.Transformer].
func (t *table) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	for _, c := range src {
		r := t[c]
		if nDst+utf8.RuneLen(r) > len(dst) {
			return nDst, nSrc, transform.ErrShortDst
		}
		nDst += utf8.EncodeRune(dst[nDst:], r)
		nSrc++
	}
	return nDst, nSrc, nil
}

// Reset implements [transform.Transformer].
func (t *table) Reset() {}

// vni is VNI-Windows: a letter, then a byte that stands for its marks.
type vni struct{ transform.NopResetter }

// vniAlone are letters of one byte, vniMarks what the second byte adds.
var (
	vniAlone = map[byte]rune{
		0xF1: 'đ', 0xD1: 'Đ', 0xF4: 'ơ', 0xD4: 'Ơ', 0xF6: 'ư', 0xD6: 'Ư', 0xED: 'í', 0xCD: 'Í', 0xEC: 'ì', 0xCC: 'Ì',
		0xE6: 'ỉ', 0xC6: 'Ỉ', 0xF3: 'ĩ', 0xD3: 'Ĩ', 0xF2: 'ị', 0xD2: 'Ị', 0xEE: 'ỵ', 0xCE: 'Ỵ',
	}
	vniMarks = map[byte]string{
		0xF9: "\u0301", 0xF8: "\u0300", 0xFB: "\u0309", 0xF5: "\u0303", 0xEF: "\u0323",
		0xE2: "\u0302", 0xE1: "\u0302\u0301", 0xE0: "\u0302\u0300", 0xE5: "\u0302\u0309", 0xE3: "\u0302\u0303", 0xE4: "\u0302\u0323",
		0xEA: "\u0306", 0xE9: "\u0306\u0301", 0xE8: "\u0306\u0300", 0xFA: "\u0306\u0309", 0xFC: "\u0306\u0303", 0xEB: "\u0306\u0323",
	}
)

// vniMark returns the combining marks of a second byte; capitals have their own row.
func vniMark(c byte) (string, bool) {
	if c >= 0xC0 && c < 0xE0 {
		c += 0x20
	}
	m, ok := vniMarks[c]
	return m, ok
}

// Transform implements [transform.Transformer]. It writes letter and combining
// marks; normalisation joins them later.
func (vni) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	for _, c := range src {
		s := ""
		if r, ok := vniAlone[c]; ok {
			s = string(r)
		} else if m, ok := vniMark(c); ok {
			s = m
		} else {
			s = string(rune(c))
		}
		if nDst+len(s) > len(dst) {
			return nDst, nSrc, transform.ErrShortDst
		}
		nDst += copy(dst[nDst:], s)
		nSrc++
	}
	return nDst, nSrc, nil
}

var (
	tcvn   = newTable(tcvnUpper, nil)
	viscii = newTable(visciiUpper, map[byte]rune{0x02: 'Ẳ', 0x05: 'Ẵ', 0x06: 'Ẫ', 0x14: 'Ỷ', 0x19: 'Ỹ', 0x1E: 'Ỵ'})
)

// decoderOf returns what turns a charset into UTF-8, nil if the bytes are to be
// taken as UTF-8. Unknown names and ASCII, which nobody needs to declare, are
// guessed from the bytes (sample).
func decoderOf(name string, sample []byte) transform.Transformer {
	name = charsetName(name)
	if t := legacy(name); t != nil {
		return t
	}
	switch name {
	case "utf-8", "utf8":
		if utf8.Valid(sample) {
			return nil
		}
		return doubt(nil, sample)
	case "utf-16":
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewDecoder()
	case "", "us-ascii", "ascii", "unknown-8bit", "x-unknown", "8bit", "binary", "iso-8859-1", "latin1", "x-user-defined":
		return guess(sample)
	case "windows-1252", "cp1252", "x-cp1252", "x-ansi": // what programs write that do not know better
		return doubt(charmap.Windows1252.NewDecoder(), sample)
	case "iso-8859-15", "latin9":
		return doubt(charmap.ISO8859_15.NewDecoder(), sample)
	}
	if e, err := htmlindex.Get(name); err == nil && e != encoding.Replacement {
		return e.NewDecoder()
	}
	return guess(sample)
}

// FromCharset returns b, which is in the named charset, as UTF-8; ok is false if
// nobody here knows the charset. It may come out with combining marks and with
// U+FFFD.
func FromCharset(name string, b []byte) (text string, ok bool) {
	var t transform.Transformer
	switch name = strings.ToLower(name); {
	case name == "utf-8" || name == "us-ascii" || name == "ascii":
		return string(b), true
	case legacy(name) != nil:
		t = legacy(name)
	default:
		e, err := htmlindex.Get(name)
		if err != nil || e == encoding.Replacement {
			return "", false
		}
		t = e.NewDecoder()
	}
	out, _, err := transform.Bytes(t, b)
	return string(out), err == nil
}

// legacy returns the decoder of a Vietnamese charset that the web does not know.
func legacy(name string) transform.Transformer {
	switch name {
	case "tcvn", "tcvn3", "tcvn-5712", "tcvn5712", "tcvn5712-1", "tcvn5712-1:1993", "x-viet-tcvn5712", "x-viet-tcvn":
		return tcvn
	case "viscii", "viscii1.1-1", "csviscii", "x-viet-viscii":
		return viscii
	case "vni", "x-viet-vni", "vni-windows", "x-vni":
		return vni{}
	}
	return nil
}

func charsetName(name string) string { return strings.ToLower(strings.Trim(name, " \t\"';")) }

// standsForUTF8 reports whether bytes that are valid UTF-8 are taken for that
// under a name, whatever they are: decoderOf returns nil then.
func standsForUTF8(name string) bool {
	switch charsetName(name) {
	case "utf-8", "utf8", "", "us-ascii", "ascii", "iso-8859-1", "latin1", "windows-1252":
		return true
	}
	return false
}

// guess tells an undeclared charset: UTF-8 if it is that, else the one in which
// most words are Vietnamese. In doubt it is windows-1258, which agrees with
// Latin-1 in nearly all letters.
func guess(sample []byte) transform.Transformer {
	if validPrefix(sample) {
		return nil
	}
	best, _, _ := mostVietnamese(sample)
	return best
}

// doubt tells the charset of a text that says it is in declared (nil: UTF-8),
// which programs also say that do not know. Another one must make Vietnamese of
// seven words in ten, and of more than declared does.
func doubt(declared transform.Transformer, sample []byte) transform.Transformer {
	if validPrefix(sample) {
		return nil
	}
	best, good, bad := mostVietnamese(sample)
	most := 0
	if declared != nil {
		g, b := syllablesIn(declared, sample)
		declared.Reset()
		most = g - b
	}
	if 10*good >= 7*(good+bad) && good-bad > most {
		return best
	}
	return declared
}

// mostVietnamese returns the charset in which most words are Vietnamese, and how
// many are and are not.
func mostVietnamese(sample []byte) (best transform.Transformer, good, bad int) {
	for _, t := range [...]transform.Transformer{charmap.Windows1258.NewDecoder(), tcvn, viscii, vni{}} {
		if g, b := syllablesIn(t, sample); best == nil || g-b > good-bad {
			best, good, bad = t, g, b
		}
	}
	best.Reset()
	return best, good, bad
}

// maxGuessed is how much of a text is looked at to guess its charset, bytes.
const maxGuessed = 4 << 10

// syllablesIn counts the words with marks that are Vietnamese syllables, and
// those that are none.
func syllablesIn(t transform.Transformer, sample []byte) (good, bad int) {
	first := max(bytes.IndexFunc(sample, func(r rune) bool { return r >= utf8.RuneSelf }), 64) - 64
	text, _, _ := transform.Bytes(t, sample[first:min(len(sample), first+maxGuessed)])
	for word := range strings.FieldsFuncSeq(viet.NFC(string(text)), func(r rune) bool { return kindOf(r) != inWord }) {
		if ascii(word) {
			continue
		}
		if _, known := lookup(syllables(), viet.Key(word)); known {
			good++
		} else {
			bad++
		}
	}
	return good, bad
}

// validPrefix reports whether b is UTF-8, possibly cut within the last character.
func validPrefix(b []byte) bool {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n <= 1 {
			return len(b) < utf8.UTFMax && !utf8.FullRune(b)
		}
		b = b[n:]
	}
	return true
}

// toUTF8 decodes b; it may come out with combining marks and with U+FFFD.
func toUTF8(charset string, b []byte) string {
	t := decoderOf(charset, b)
	if t == nil {
		return string(b)
	}
	out, _, err := transform.Bytes(t, b)
	if err != nil {
		return string(b)
	}
	return string(out)
}
