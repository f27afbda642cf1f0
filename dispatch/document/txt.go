package document

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// A plain text is laid out on a grid: this is the size of its cells, in points.
const (
	gridWidth  = 6.0
	gridHeight = 14.0
	gridSize   = 10.0
	maxColumns = 2000
	maxTXT     = 8 << 20 // bytes of one plain text
)

// readTXT reads plain text in UTF-8, UTF-16, TCVN3 or VNI.
func readTXT(data []byte) (*paper, error) {
	if len(data) > maxTXT {
		return nil, errTooLarge
	}
	s, legacy, err := decodeText(data)
	if err != nil {
		return nil, err
	}
	w := newPageWriter("txt")
	w.add(gridSheet(s))
	p := w.done()
	if legacy {
		p.markLegacy()
	}
	if len(p.lines) == 0 {
		return p, errBlank
	}
	return p, nil
}

// decodeText finds the encoding of a plain text.
func decodeText(data []byte) (s string, legacy bool, err error) {
	switch {
	case bytes.HasPrefix(data, []byte{0xEF, 0xBB, 0xBF}):
		data = data[3:]
	case bytes.HasPrefix(data, []byte{0xFF, 0xFE}), len(data) > 3 && data[0] != 0 && data[1] == 0 && data[3] == 0:
		return fromUTF16(bytes.TrimPrefix(data, []byte{0xFF, 0xFE}), binary.LittleEndian)
	case bytes.HasPrefix(data, []byte{0xFE, 0xFF}), len(data) > 3 && data[0] == 0 && data[1] != 0 && data[2] == 0:
		return fromUTF16(bytes.TrimPrefix(data, []byte{0xFE, 0xFF}), binary.BigEndian)
	}
	if utf8.Valid(data) {
		s = string(data)
		if binaryShare(s) > 0.01 {
			return "", false, errUnknown
		}
		if e, best, asUnicode := bestEncoding(s); e != unicodeText && best > 0.75 && asUnicode < 0.75 {
			return decode(s, e), true, nil
		}
		return s, false, nil
	}
	var b strings.Builder
	for _, c := range data {
		b.WriteRune(fromCP1252(c))
	}
	s = b.String()
	e, best, _ := bestEncoding(s)
	if binaryShare(s) > 0.01 || best < 0.6 {
		return "", false, errUnknown
	}
	return decode(s, e), e != unicodeText, nil
}

func fromUTF16(data []byte, o binary.ByteOrder) (string, bool, error) {
	u := make([]uint16, len(data)/2)
	for i := range u {
		u[i] = o.Uint16(data[2*i:])
	}
	s := string(utf16.Decode(u))
	if binaryShare(s) > 0.01 {
		return "", false, errUnknown
	}
	return s, false, nil
}

// binaryShare is the share of characters that no text has.
func binaryShare(s string) float64 {
	bad, all := 0, 0
	for _, r := range s {
		all++
		if r == utf8.RuneError || unicode.IsControl(r) && !strings.ContainsRune("\t\n\r\f\v", r) {
			bad++
		}
	}
	return float64(bad) / float64(max(all, 1))
}

// gridSheet places the words of a text on a grid of equal cells.
func gridSheet(s string) sheet {
	out := sheet{width: 90 * gridWidth, blank: gridWidth}
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\v", "\n", "\f", "\n").Replace(norm.NFC.String(s))
	for n, l := range strings.Split(s, "\n") {
		if len(out.rows) >= maxLines {
			break
		}
		r := row{y: float64(n+1) * gridHeight, size: gridSize}
		col, from := 0, -1
		var b strings.Builder
		flush := func() {
			if b.Len() > 0 {
				r.words = append(r.words, word{text: b.String(), x0: float64(from) * gridWidth, x1: float64(col) * gridWidth, y: r.y, size: gridSize})
			}
			b.Reset()
			from = -1
		}
		for _, c := range l {
			switch {
			case c == '\t':
				flush()
				col += 8 - col%8
				continue
			case unicode.IsSpace(c):
				flush()
			default:
				if from < 0 {
					from = col
				}
				b.WriteRune(c)
			}
			if !unicode.Is(unicode.Mn, c) {
				col++
			}
			if col > maxColumns {
				break
			}
		}
		flush()
		if len(r.words) > 0 {
			out.width = max(out.width, min(r.x1()+gridWidth, 130*gridWidth))
			out.rows = append(out.rows, r)
		}
	}
	return out
}
