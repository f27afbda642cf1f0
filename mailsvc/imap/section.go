package imap

import (
	"bytes"
	"io"
	"strconv"
	"strings"
	"sync"

	imap "github.com/emersion/go-imap/v2"

	"quangtri.gov.vn/vanthu/mailsvc/mime"
)

// section is one BODY[...], BINARY[...], BINARY.SIZE[...] or RFC822 item.
type section struct {
	imap.FetchItemBodySection
	label  string          // how the answer names it, "BODY[1.MIME]"
	names  map[string]bool // of HeaderFields or HeaderFieldsNot, in lower case
	peek   bool
	binary binaryMode
}

// whole reports whether the section is the message as it is.
func (s *section) whole() bool {
	return s.binary == notBinary && len(s.Part) == 0 && s.Specifier == imap.PartSpecifierNone
}

type binaryMode uint8

const (
	notBinary binaryMode = iota
	binaryData
	binarySize
)

// payload is the bytes that answer a section: head, then n bytes of body at off.
type payload struct {
	head   []byte
	body   io.ReaderAt
	off, n int64
}

func (p *payload) size() int64 { return int64(len(p.head)) + p.n }

// cut keeps count bytes from offset on.
func (p *payload) cut(offset, count int64) {
	offset = min(offset, p.size())
	h := min(offset, int64(len(p.head)))
	p.head = p.head[h:]
	p.off += offset - h
	p.n -= offset - h
	if count < p.size() {
		p.head = p.head[:min(int64(len(p.head)), count)]
		p.n = count - int64(len(p.head))
	}
}

// writeSection writes one section's answer. If the message's bytes cannot be
// read the item is NIL and the command will fail.
func (f *fetcher) writeSection(o *opened, s *section) error {
	w := &f.c.w
	if s.binary != notBinary {
		return f.writeBinary(o, s)
	}
	p, err := o.payload(s)
	if err != nil {
		w.str(s.label, " NIL ")
		return err
	}
	w.str(s.label)
	if s.Partial != nil {
		w.str("<", strconv.FormatInt(s.Partial.Offset, 10), ">")
		p.cut(s.Partial.Offset, s.Partial.Size)
	}
	w.str(" ")
	w.payload(p)
	w.str(" ")
	return nil
}

func (w *writer) payload(p payload) {
	w.str("{", strconv.FormatInt(p.size(), 10), "}\r\n")
	w.raw(p.head)
	w.copyN(p.body, p.off, p.n)
}

// payload finds the bytes that a section names. A part that does not exist is
// empty (RFC 9051 section 6.4.5: the server may treat it so).
func (o *opened) payload(s *section) (payload, error) {
	b, err := o.blob()
	if err != nil {
		return payload{}, err
	}
	whole := len(s.Part) == 0
	if whole && s.Specifier == imap.PartSpecifierNone { // BINARY[] too
		return payload{head: o.m.Prefix, body: b, n: b.Size()}, nil
	}
	p := o.index().Part(s.Part)
	if p == nil {
		return payload{}, nil
	}
	switch s.Specifier {
	case imap.PartSpecifierNone:
		return payload{body: b, off: p.BodyStart, n: p.BodyEnd - p.BodyStart}, nil
	case imap.PartSpecifierMIME:
		return payload{body: b, off: p.HeaderStart, n: p.BodyStart - p.HeaderStart}, nil
	}
	head, prefix := p, o.m.Prefix
	if !whole {
		if !p.IsMessage() {
			return payload{}, nil // HEADER and TEXT belong to messages
		}
		head, prefix = p.Children[0], nil
	}
	if s.Specifier == imap.PartSpecifierText {
		return payload{body: b, off: head.BodyStart, n: head.BodyEnd - head.BodyStart}, nil
	}
	if s.HeaderFields == nil && s.HeaderFieldsNot == nil {
		return payload{head: prefix, body: b, off: head.HeaderStart, n: head.BodyStart - head.HeaderStart}, nil
	}
	fields, err := someFields(b, head, prefix, s)
	return payload{head: fields}, err
}

// someFields returns the fields that HEADER.FIELDS or HEADER.FIELDS.NOT names,
// as they stand, and the empty line.
func someFields(b io.ReaderAt, head *mime.Part, prefix []byte, s *section) ([]byte, error) {
	header := make([]byte, len(prefix)+int(min(head.BodyStart-head.HeaderStart, 4*mime.MaxHeader)))
	n := copy(header, prefix)
	if _, err := b.ReadAt(header[n:], head.HeaderStart); err != nil && err != io.EOF {
		return nil, err
	}
	out := make([]byte, 0, 512)
	for raw, f := range mime.HeaderFields(header) {
		if s.names[strings.ToLower(f.Name)] == (s.HeaderFields != nil) {
			out = append(out, raw...)
		}
	}
	return append(out, "\r\n"...), nil
}

// writeBinary answers BINARY[n] and BINARY.SIZE[n] (RFC 3516): the part with
// its transfer encoding undone. It is read twice, to count and to send, so that
// memory does not depend on its size.
func (f *fetcher) writeBinary(o *opened, s *section) error {
	w := &f.c.w
	p, err := o.payload(s)
	encoding := "binary"
	if err == nil && len(s.Part) > 0 {
		if part := o.index().Part(s.Part); part != nil && !part.IsMultipart() && !part.IsMessage() {
			encoding = part.Encoding
		}
	}
	if err == nil && !mime.KnownEncoding(encoding) {
		err = no(imap.ResponseCodeUnknownCTE, "unknown transfer encoding")
	}
	if err != nil {
		if s.binary == binaryData {
			w.str(s.label, " NIL ")
		} else {
			w.str(s.label, " 0 ")
		}
		return err
	}
	size, nul, err := measure(decoded(&p, encoding))
	if err != nil {
		w.str(s.label, " NIL ")
		return err
	}
	if s.binary == binarySize {
		w.str(s.label, " ", strconv.FormatInt(size, 10), " ")
		return nil
	}
	w.str(s.label)
	from, count := int64(0), size
	if s.Partial != nil {
		w.str("<", strconv.FormatInt(s.Partial.Offset, 10), ">")
		from = min(s.Partial.Offset, size)
		count = min(s.Partial.Size, size-from)
	}
	w.str(" ")
	if nul {
		w.str("~")
	}
	w.str("{", strconv.FormatInt(count, 10), "}\r\n")
	w.copyFrom(decoded(&p, encoding), from, count)
	w.str(" ")
	return nil
}

func decoded(p *payload, encoding string) io.Reader {
	return mime.NewBodyReader(encoding, io.MultiReader(bytes.NewReader(p.head), io.NewSectionReader(orEmpty(p.body), p.off, p.n)))
}

func orEmpty(r io.ReaderAt) io.ReaderAt {
	if r == nil {
		return emptyReader{}
	}
	return r
}

// emptyReader has no bytes.
type emptyReader struct{}

// ReadAt implements [io.ReaderAt].
func (emptyReader) ReadAt([]byte, int64) (int, error) { return 0, io.EOF }

// decodeBuffers are what decoded bytes go through.
var decodeBuffers = sync.Pool{New: func() any { return new([16 << 10]byte) }}

func measure(r io.Reader) (size int64, nul bool, err error) {
	pooled := decodeBuffers.Get().(*[16 << 10]byte)
	defer decodeBuffers.Put(pooled)
	buf := pooled[:]
	for {
		n, err := r.Read(buf)
		size += int64(n)
		nul = nul || bytes.IndexByte(buf[:n], 0) >= 0
		if err == io.EOF {
			return size, nul, nil
		}
		if err != nil {
			return size, nul, err
		}
	}
}

// copyFrom sends count bytes of r after the first skip ones.
func (w *writer) copyFrom(r io.Reader, skip, count int64) {
	if _, err := io.CopyN(io.Discard, r, skip); err != nil && skip > 0 {
		w.err = err
		return
	}
	pooled := decodeBuffers.Get().(*[16 << 10]byte)
	defer decodeBuffers.Put(pooled)
	buf := pooled[:]
	for count > 0 && w.err == nil {
		n, err := r.Read(buf[:min(count, int64(len(buf)))])
		w.raw(buf[:n])
		count -= int64(n)
		if w.settle() == nil && err != nil && count > 0 {
			w.err = io.ErrUnexpectedEOF // the literal's length is already promised
		}
	}
}
