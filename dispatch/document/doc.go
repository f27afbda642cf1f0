package document

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unicode/utf16"

	"github.com/richardlehane/mscfb"
)

// Offsets in the file information block of Word 97 and later ([MS-DOC] 2.5).
const (
	fibIdent    = 0xA5EC
	fibFirst97  = 0xC1 // nFib of Word 97; below it is Word 6/95
	fibSize     = 0x2A0
	fibFlags    = 0x0A
	fibCcpText  = 0x4C
	fibStshf    = 0xA2
	fibHdd      = 0xF2
	fibBteChpx  = 0xFA
	fibBtePapx  = 0x102
	fibFonts    = 0x112
	fibClx      = 0x1A2
	fibSpaMom   = 0x1DA
	fibSpaHdr   = 0x1E2
	fibDggInfo  = 0x22A
	fibTxbx     = 0x25A
	fibHdrTxbx  = 0x26A
	maxStreams  = 4096
	maxDocRuns  = 400_000
	maxDocChars = maxText / 2 // over all stories
	maxPieces   = 1 << 16
	maxBoxes    = 512
)

var errDocBounds = errors.New("structure points outside its stream")

// readDOC reads a Word 97-2003 file: text by the piece table, looks by CHPX and
// PAPX, text boxes at their anchors, headers and footers.
func readDOC(data []byte) (p *paper, err error) {
	defer func() {
		if r := recover(); r != nil {
			p, err = nil, damaged("read doc", fmt.Errorf("%v", r))
		}
	}()
	main, tables, err := docStreams(data)
	if err != nil {
		return nil, err
	}
	d, err := newDocFile(main, tables)
	if err != nil {
		return nil, err
	}
	return d.read()
}

// docStreams takes the streams that are needed out of the OLE container.
func docStreams(data []byte) (main []byte, tables [2][]byte, err error) {
	r, err := mscfb.New(bytes.NewReader(data))
	if err != nil {
		return nil, tables, damaged("open ole", err)
	}
	other := false
	for n := 0; n < maxStreams; n++ {
		e, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, tables, damaged("list ole", err)
		}
		if len(e.Path) > 0 {
			continue
		}
		var dst *[]byte
		switch e.Name {
		case "WordDocument":
			dst = &main
		case "0Table":
			dst = &tables[0]
		case "1Table":
			dst = &tables[1]
		case "EncryptedPackage":
			return nil, tables, errEncrypted
		case "Workbook", "Book", "PowerPoint Document":
			other = true
		}
		if dst == nil || *dst != nil {
			continue
		}
		if *dst, err = io.ReadAll(io.LimitReader(e, int64(min(len(data), maxPart)))); err != nil {
			return nil, tables, damaged("read stream "+e.Name, err)
		}
	}
	if main == nil {
		if other {
			return nil, tables, errNotDocument
		}
		return nil, tables, damaged("find WordDocument", io.ErrUnexpectedEOF)
	}
	return main, tables, nil
}

// docFile is a Word file while it is read.
type docFile struct {
	main   []byte
	table  []byte
	pieces []docPiece
	styles []docxStyle // by istd
	fonts  []string
	chars  []docRun // sorted by file position
	paras  []docRun
	boxes  map[int32]cpRange // text box by shape id
	anchor map[int]int32     // main text position -> shape id
	inHead map[int]int32     // header story position -> shape id
	shapes map[int32]docShape
	b      *builder
	spent  int // characters read so far, over all stories
}

// docPiece is one piece of text: character positions and where they lie.
type docPiece struct {
	from, to int // character positions
	at       int // offset in the main stream
	narrow   bool
}

// docRun is a range of file offsets with the same properties.
type docRun struct {
	from, to int
	style    docxStyle
	istd     int
	inTable  bool
	rowEnd   bool
	inner    bool // ends a cell of a nested table
	deleted  bool
	picture  bool // a character that stands for an inline picture
	field    bool // a character that stands for data of a form field
}

// cpRange is a half-open range of character positions.
type cpRange struct{ from, to int }

func newDocFile(main []byte, tables [2][]byte) (*docFile, error) {
	if len(main) < fibSize || binary.LittleEndian.Uint16(main) != fibIdent {
		return nil, damaged("read fib", errDocBounds)
	}
	if binary.LittleEndian.Uint16(main[2:]) < fibFirst97 {
		return nil, errOldWord
	}
	flags := binary.LittleEndian.Uint16(main[fibFlags:])
	if flags&0x8100 != 0 {
		return nil, errEncrypted
	}
	d := &docFile{main: main, table: tables[flags>>9&1], boxes: map[int32]cpRange{}, anchor: map[int]int32{}, inHead: map[int]int32{}, shapes: map[int32]docShape{}, b: newBuilder("doc")}
	if d.table == nil {
		return nil, damaged("find table stream", io.ErrUnexpectedEOF)
	}
	if err := d.readPieces(); err != nil {
		return nil, err
	}
	d.readFonts()
	d.readStyles()
	d.readRuns()
	return d, nil
}

// u32 and u16 read little-endian values; callers stay inside the slices.
func u32(b []byte, at int) int { return int(binary.LittleEndian.Uint32(b[at:])) }
func u16(b []byte, at int) int { return int(binary.LittleEndian.Uint16(b[at:])) }

// part is the piece of the table stream that the FIB names at offset.
func (d *docFile) part(fib int) []byte {
	at, n := u32(d.main, fib), u32(d.main, fib+4)
	if n <= 0 || at < 0 || at > len(d.table) || n > len(d.table)-at {
		return nil
	}
	return d.table[at : at+n]
}

// readPieces reads the piece table ([MS-DOC] 2.9.38).
func (d *docFile) readPieces() error {
	clx := d.part(fibClx)
	for len(clx) > 3 && clx[0] == 1 {
		n := 3 + u16(clx, 1)
		if n > len(clx) {
			return damaged("read clx", errDocBounds)
		}
		clx = clx[n:]
	}
	if len(clx) < 5 || clx[0] != 2 {
		return damaged("read clx", errDocBounds)
	}
	plc := clx[5:]
	if n := u32(clx, 1); n < len(plc) {
		plc = plc[:n]
	}
	n := (len(plc) - 4) / 12
	for i := 0; i < n; i++ {
		p := docPiece{from: u32(plc, 4*i), to: u32(plc, 4*i+4)}
		fc := u32(plc, 4*(n+1)+8*i+2)
		p.narrow = fc&(1<<30) != 0
		if p.at = fc &^ (3 << 30); p.narrow {
			p.at /= 2
		}
		if p.to < p.from || p.to > 1<<30 || i >= maxPieces {
			return damaged("read pieces", errDocBounds)
		}
		d.pieces = append(d.pieces, p)
	}
	if len(d.pieces) == 0 {
		return damaged("read pieces", errDocBounds)
	}
	return nil
}

// size is the bytes of one character of the piece.
func (p docPiece) size() int {
	if p.narrow {
		return 1
	}
	return 2
}

// char is one character and its offset in the file.
type char struct {
	r  rune
	at int
}

// story returns the characters of a range of positions.
func (d *docFile) story(c cpRange) (out []char) {
	for _, p := range d.pieces {
		from, to := max(p.from, c.from), min(p.to, c.to)
		for cp := from; cp < to; cp++ {
			if d.spent++; d.spent > maxDocChars {
				d.b.fail(errTooLarge)
				return nil
			}
			at := p.at + (cp-p.from)*p.size()
			if at < 0 || at+p.size() > len(d.main) {
				break
			}
			r := rune(d.main[at])
			if p.narrow {
				r = fromCP1252(d.main[at])
			} else {
				r = rune(u16(d.main, at))
			}
			out = append(out, char{r, at})
		}
	}
	return out
}

// cp1252High are the codes 80..9F of Windows code page 1252.
const cp1252High = "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ"

var cp1252Runes = []rune(cp1252High)

func fromCP1252(b byte) rune {
	if b >= 0x80 && b < 0xA0 {
		return cp1252Runes[b-0x80]
	}
	return rune(b)
}

// readFonts reads the font names ([MS-DOC] 2.9.286).
func (d *docFile) readFonts() {
	f := d.part(fibFonts)
	if len(f) < 4 {
		return
	}
	n := u16(f, 0)
	for at := 4; len(d.fonts) < min(n, 4096) && at < len(f); {
		size := int(f[at]) + 1
		name := ""
		if size > 41 && at+size <= len(f) {
			name = utf16z(f[at+40 : at+size])
		}
		d.fonts = append(d.fonts, name)
		at += size
	}
}

// utf16z decodes UTF-16LE up to a zero.
func utf16z(b []byte) string {
	var u []uint16
	for i := 0; i+1 < len(b); i += 2 {
		c := binary.LittleEndian.Uint16(b[i:])
		if c == 0 {
			break
		}
		u = append(u, c)
	}
	return string(utf16.Decode(u))
}
