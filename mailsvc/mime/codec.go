package mime

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// formatVersion is the first byte of the stored form: 1 had no sketches of words.
// Another byte means that the index must be made again from the message.
const (
	formatVersion = 2
	oldestVersion = 1
)

// Sections of the stored form, in order; each has its length before it, so that
// one can be read without the others.
const (
	secEnvelope = iota
	secStructure
	secSearch // folded fields, for a first look
	secFields
	secWords
	secTree
	sections
)

// ErrFormat is what [Decode] wraps: the bytes are no stored index.
var ErrFormat = errors.New("mime: not a stored index")

// words that messages repeat are stored as one byte. The order is part of the
// format: only append.
var commonWords = [...]string{
	"", "text", "plain", "html", "multipart", "mixed", "alternative", "related", "application", "octet-stream",
	"message", "rfc822", "image", "jpeg", "png", "pdf", "7bit", "8bit", "base64", "quoted-printable",
	"charset", "utf-8", "UTF-8", "us-ascii", "boundary", "name", "filename", "format", "flowed", "attachment",
	"inline", "vnd.openxmlformats-officedocument.wordprocessingml.document", "vnd.oasis.opendocument.text", "msword",
	"report", "delivery-status", "report-type", "disposition-notification", "signed", "pkcs7-signature", "protocol", "micalg",
	"filename*", "name*", "filename*0*", "filename*1*", "delsp", "yes", "binary", "encrypted", "digest", "calendar",
	"method", "zip", "vnd.ms-excel", "vnd.openxmlformats-officedocument.spreadsheetml.sheet", "csv", "gif", "creation-date", "modification-date", "size",
}

var wordCode = func() map[string]uint64 {
	m := make(map[string]uint64, len(commonWords))
	for i, w := range commonWords {
		m[w] = uint64(i)
	}
	return m
}()

// AppendBinary appends the index's stored form to b.
func (x *Index) AppendBinary(b []byte) []byte {
	f := &x.Fields
	folded := f.appendFolded(make([]byte, 0, f.size()))
	fields := f.append(make([]byte, 0, f.size()))
	tree := binary.AppendUvarint(make([]byte, 0, treeRoom), uint64(x.Size))
	tree = appendPart(appendBool(tree, x.Limited), x.Root, 0, true)
	all := [sections][]byte{secEnvelope: x.Root.Envelope, secStructure: x.Structure, secSearch: folded, secFields: fields, secWords: x.Words, secTree: tree}
	size := 1
	for _, s := range all {
		size += binary.MaxVarintLen32 + len(s)
	}
	b = append(slices.Grow(b, size), formatVersion)
	for _, s := range all {
		b = appendSection(b, s)
	}
	return b
}

// treeRoom is enough for the tree of most messages, bytes.
const treeRoom = 256

func appendSection(b, s []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

func appendWord[S ~string | ~[]byte](b []byte, s S) []byte {
	if code, ok := wordCode[string(s)]; ok {
		return binary.AppendUvarint(b, code<<1|1)
	}
	b = binary.AppendUvarint(b, uint64(len(s))<<1)
	return append(b, s...)
}

// appendPart writes a part; base is where the parent's body starts.
func appendPart(b []byte, p *Part, base int64, root bool) []byte {
	for _, n := range [...]int64{p.HeaderStart - base, p.BodyStart - p.HeaderStart, p.BodyEnd - p.BodyStart, p.Lines} {
		b = binary.AppendUvarint(b, uint64(n))
	}
	for _, s := range [...]string{p.Type, p.Subtype, p.ID, p.Description, p.Encoding, p.MD5, p.Disposition, p.Location} {
		b = appendWord(b, s)
	}
	b = appendWords(b, p.Params)
	b = appendWords(b, p.DispParams)
	b = binary.AppendUvarint(b, uint64(len(p.Language)))
	for _, l := range p.Language {
		b = appendWord(b, l)
	}
	if root {
		b = appendWord(b, "") // stands in a section of its own
	} else {
		b = appendWord(b, p.Envelope)
	}
	b = binary.AppendUvarint(b, uint64(len(p.Children)))
	for _, c := range p.Children {
		b = appendPart(b, c, p.BodyStart, false)
	}
	return b
}

func appendWords(b []byte, ps []Param) []byte {
	b = binary.AppendUvarint(b, uint64(len(ps)))
	for _, p := range ps {
		b = appendWord(appendWord(b, p.Name), p.Value)
	}
	return b
}

// Stored is the stored form of an index. Its methods read one thing without
// decoding the rest; the results share its memory. They return nil when the
// bytes are no index, which means that it must be made again.
type Stored []byte

// section returns section k.
func (b Stored) section(k int) []byte {
	if len(b) == 0 || b[0] < oldestVersion || b[0] > formatVersion {
		return nil
	}
	b = b[1:]
	for i := 0; ; i++ {
		n, w := binary.Uvarint(b)
		if w <= 0 || n > uint64(len(b)-w) {
			return nil
		}
		if i == k {
			return b[w : w+int(n) : w+int(n)]
		}
		b = b[w+int(n):]
	}
}

// Envelope returns the ENVELOPE for the wire.
func (b Stored) Envelope() []byte { return b.section(secEnvelope) }

// Structure returns the BODYSTRUCTURE for the wire.
func (b Stored) Structure() []byte { return b.section(secStructure) }

// Words returns the words of the text, see [Words].
func (b Stored) Words() Words { return b.section(secWords) }

// Decode reads what AppendBinary wrote. Its time and memory are bounded by len(b).
func Decode(b []byte) (*Index, error) {
	s := Stored(b)
	tree := s.section(secTree)
	if tree == nil {
		return nil, ErrFormat
	}
	d := decoder{b: tree}
	x := &Index{Size: d.int(), Limited: d.byte() != 0}
	x.Root = d.part(0, 0)
	if d.bad || len(d.b) > 0 {
		return nil, fmt.Errorf("%w: part tree", ErrFormat)
	}
	if !x.Root.within(0, x.Size) {
		return nil, fmt.Errorf("%w: offsets", ErrFormat)
	}
	x.Root.Envelope = slices.Clone(s.Envelope())
	x.Structure = slices.Clone(s.Structure())
	x.Words = slices.Clone(s.Words())
	var ok bool
	if x.Fields, ok = decodeFields(s.section(secFields)); !ok {
		return nil, fmt.Errorf("%w: fields", ErrFormat)
	}
	return x, nil
}

// decoder reads the tree; after an error everything is zero and bad is set.
type decoder struct {
	b     []byte
	bad   bool
	parts int
}

func (d *decoder) fail() { d.bad, d.b = true, nil }

func (d *decoder) uint() uint64 {
	n, w := binary.Uvarint(d.b)
	if w <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[w:]
	return n
}

// int reads a size; sums of a few cannot overflow.
func (d *decoder) int() int64 {
	n := d.uint()
	if n > 1<<56 {
		d.fail()
		return 0
	}
	return int64(n)
}

func (d *decoder) byte() byte {
	if len(d.b) == 0 {
		d.fail()
		return 0
	}
	c := d.b[0]
	d.b = d.b[1:]
	return c
}

func (d *decoder) word() string {
	n := d.uint()
	if n&1 == 1 {
		if n>>1 >= uint64(len(commonWords)) {
			d.fail()
			return ""
		}
		return commonWords[n>>1]
	}
	if n >>= 1; n > uint64(len(d.b)) {
		d.fail()
		return ""
	}
	s := string(d.b[:n])
	d.b = d.b[n:]
	return s
}

// count reads how many elements of at least one byte follow.
func (d *decoder) count() int {
	n := d.uint()
	if n > uint64(len(d.b)) {
		d.fail()
		return 0
	}
	return int(n)
}

func (d *decoder) params() []Param {
	n := d.count()
	if n == 0 || n > maxParams {
		if n > 0 {
			d.fail()
		}
		return nil
	}
	ps := make([]Param, n)
	for i := range ps {
		ps[i] = Param{d.word(), d.word()}
	}
	return ps
}

func (d *decoder) part(base int64, depth int) *Part {
	p := new(Part)
	if d.parts++; d.parts > 2*MaxParts+2 || depth > MaxDepth+2 {
		d.fail()
		return p
	}
	p.HeaderStart = base + d.int()
	p.BodyStart = p.HeaderStart + d.int()
	p.BodyEnd = p.BodyStart + d.int()
	p.Lines = d.int()
	for _, at := range [...]*string{&p.Type, &p.Subtype, &p.ID, &p.Description, &p.Encoding, &p.MD5, &p.Disposition, &p.Location} {
		*at = d.word()
	}
	p.Params, p.DispParams = d.params(), d.params()
	for n := min(d.count(), maxParams); n > 0; n-- {
		p.Language = append(p.Language, d.word())
	}
	if e := d.word(); e != "" {
		p.Envelope = []byte(e)
	}
	n := d.count()
	for range n {
		if d.bad {
			break
		}
		p.Children = append(p.Children, d.part(p.BodyStart, depth+1))
	}
	switch {
	case p.IsMultipart() && n > 0, p.IsMessage() && n == 1, !p.IsMultipart() && !p.IsMessage() && n == 0:
	default:
		d.fail()
	}
	return p
}

// within reports whether the offsets of the tree lie in [from, to].
func (p *Part) within(from, to int64) bool {
	if p.HeaderStart < from || p.BodyStart < p.HeaderStart || p.BodyEnd < p.BodyStart || p.BodyEnd > to {
		return false
	}
	for _, c := range p.Children {
		if !c.within(p.BodyStart, p.BodyEnd) {
			return false
		}
	}
	return true
}
