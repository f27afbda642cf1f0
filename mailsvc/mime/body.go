package mime

import (
	"bytes"
	"io"
)

// NewBodyReader returns a reader of r's bytes with the transfer encoding
// undone, as [DecodeBody] does it, holding only a few KiB.
func NewBodyReader(encoding string, r io.Reader) io.Reader {
	switch encoding {
	case "base64":
		return &decodingReader{r: r, step: new(base64Decoder).step}
	case "quoted-printable":
		return &decodingReader{r: r, step: quotedStep}
	}
	return r
}

// decodingReader decodes piece by piece.
type decodingReader struct {
	r    io.Reader
	step func(dst, src []byte, end bool) (out []byte, used int)
	in   []byte // read, not decoded
	out  []byte // decoded, not given away
	err  error
}

const decodingChunk = 8 << 10

// Read implements [io.Reader].
func (d *decodingReader) Read(p []byte) (int, error) {
	for len(d.out) == 0 {
		if d.err != nil && len(d.in) == 0 {
			return 0, d.err
		}
		if d.err == nil {
			at := len(d.in)
			d.in = append(d.in, make([]byte, decodingChunk)...)
			n, err := d.r.Read(d.in[at:])
			d.in, d.err = d.in[:at+n], err
		}
		var used int
		d.out, used = d.step(d.out[:0], d.in, d.err != nil)
		d.in = append(d.in[:0], d.in[used:]...)
	}
	n := copy(p, d.out)
	d.out = d.out[n:]
	return n, nil
}

func (d *base64Decoder) step(dst, src []byte, end bool) ([]byte, int) {
	dst = d.feed(dst, src)
	if end {
		dst = d.rest(dst)
	}
	return dst, len(src)
}

// quotedStep decodes up to where an encoded byte or a soft line break may be
// cut off. What it leaves is short.
func quotedStep(dst, src []byte, end bool) ([]byte, int) {
	used := len(src)
	if !end {
		const longest = 128 // more than a soft break that is understood
		if i := bytes.LastIndexByte(src[max(0, len(src)-longest):], '='); i >= 0 {
			used = max(0, len(src)-longest) + i
		}
	}
	return appendQuotedPrintable(dst, src[:used]), used
}
