package queue

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// canonical reads a message with every line ending made CRLF (RFC 5321 section
// 2.3.8), a CR or LF alone being one, too, and the last line ended.
type canonical struct {
	r    io.Reader
	in   []byte
	out  []byte // not yet read, part of buf
	buf  []byte
	cr   bool // the last octet was CR, not yet written
	open bool // the last line is not ended
	err  error
}

func newCanonical(r io.Reader) *canonical {
	const size = 32 << 10
	return &canonical{r: r, in: make([]byte, size), buf: make([]byte, 0, 2*size+2)}
}

// Read implements io.Reader.
func (c *canonical) Read(p []byte) (int, error) {
	for len(c.out) == 0 {
		if c.err != nil {
			return 0, c.err
		}
		n, err := c.r.Read(c.in)
		c.buf = c.buf[:0]
		c.convert(c.in[:n])
		if err != nil {
			c.err = err
			if err == io.EOF {
				c.end()
			}
		}
		c.out = c.buf
	}
	n := copy(p, c.out)
	c.out = c.out[n:]
	return n, nil
}

func (c *canonical) line() {
	c.buf = append(c.buf, '\r', '\n')
	c.open, c.cr = false, false
}

func (c *canonical) convert(b []byte) {
	for len(b) > 0 {
		if c.cr {
			if b[0] == '\n' {
				b = b[1:]
			}
			c.line()
			continue
		}
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			i = len(b)
		}
		if j := bytes.IndexByte(b[:i], '\r'); j >= 0 {
			i = j
		}
		c.buf = append(c.buf, b[:i]...)
		c.open = c.open || i > 0
		if i == len(b) {
			return
		}
		if b[i] == '\r' {
			c.cr = true
		} else {
			c.line()
		}
		b = b[i+1:]
	}
}

func (c *canonical) end() {
	if c.cr || c.open {
		c.line()
	}
}

// body opens the message of an item as it goes over the wire, but for the
// signatures. The caller closes it.
func (q *Queue) body(r row) (io.Reader, io.Closer, error) {
	b, err := q.o.Blobs.Open(r.Blob)
	if err != nil {
		return nil, nil, err
	}
	return newCanonical(io.MultiReader(bytes.NewReader(r.Prefix), io.NewSectionReader(b, 0, b.Size()))), b, nil
}

// writeMessage writes an item's message, signed. A verdict is for good.
func (q *Queue) writeMessage(w io.Writer, r row) error {
	m, done, err := q.body(r)
	if err != nil {
		res := q.bodyTrouble(err)
		if res.phase == mailsvc.Bounced {
			return verdict{res.reply}
		}
		return errors.New(res.reply)
	}
	defer done.Close()
	if q.o.Sign != nil {
		signature, err := q.sign(r)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, signature); err != nil {
			return fmt.Errorf("4.4.2 %w", err)
		}
	}
	if _, err := io.Copy(w, m); err != nil {
		return fmt.Errorf("4.4.2 %w", err)
	}
	return nil
}

// sign reads the message once and returns the signature fields for it.
func (q *Queue) sign(r row) (string, error) {
	m, done, err := q.body(r)
	if err != nil {
		return "", err
	}
	defer done.Close()
	signature, err := q.o.Sign(m)
	if err != nil {
		return "", fmt.Errorf("4.3.0 sign: %w", err)
	}
	return signature, nil
}

// maxReply bounds what is kept of a reply, octets.
const maxReply = 500
