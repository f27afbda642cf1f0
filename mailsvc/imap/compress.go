package imap

import (
	"bytes"
	"io"
	"net"
	"sync"

	imap "github.com/emersion/go-imap/v2"
	"github.com/klauspost/compress/flate"
)

// compressionActive is the code for a second COMPRESS (RFC 4978).
const compressionActive imap.ResponseCode = "COMPRESSIONACTIVE"

// compressors are shared by all connections: one takes close to a MiB, and is
// only needed while something is being written. A fresh one for each write
// refers to nothing before it, so the client's decompressor goes on as if it
// were always the same.
var compressors = sync.Pool{New: func() any {
	w, err := flate.NewWriter(io.Discard, flate.BestSpeed)
	if err != nil {
		panic(err) // the level is a constant
	}
	return w
}}

// deflated is a connection with COMPRESS=DEFLATE on.
type deflated struct {
	net.Conn
	in   *inflater
	last bool // the next write ends the stream
}

// newDeflated compresses what is written to nc and decompresses what is read.
func newDeflated(nc net.Conn) *deflated {
	return &deflated{Conn: nc, in: newInflater(nc)}
}

// Read implements [net.Conn].
func (d *deflated) Read(p []byte) (int, error) { return d.in.Read(p) }

// Write implements [net.Conn]. The compressor goes back before the first byte is
// sent: a client that does not read must not keep it.
func (d *deflated) Write(p []byte) (int, error) {
	var packed bytes.Buffer
	if err := pack(&packed, p, d.last); err != nil {
		return 0, err
	}
	if _, err := d.Conn.Write(packed.Bytes()); err != nil {
		return 0, err
	}
	return len(p), nil
}

func pack(to *bytes.Buffer, p []byte, last bool) error {
	w := compressors.Get().(*flate.Writer)
	defer func() {
		w.Reset(io.Discard)
		compressors.Put(w)
	}()
	w.Reset(to)
	if _, err := w.Write(p); err != nil {
		return err
	}
	if last {
		return w.Close()
	}
	return w.Flush()
}

// compress is COMPRESS (RFC 4978).
func (r *request) compress() error {
	p, c := r.p, r.c
	mechanism := upper(p.atom())
	if err := p.end(); err != nil {
		return err
	}
	switch {
	case mechanism != "DEFLATE":
		return bad("unknown mechanism")
	case c.compressed:
		return no(compressionActive, "already compressed")
	case c.r.br.Buffered() > 0:
		return bad("text after COMPRESS")
	case !c.s.enterCompressed():
		return no(imap.ResponseCodeLimit, "too many compressed connections")
	}
	c.compressed = true
	c.w.status(r.tag, imap.StatusResponseTypeOK, "", "compressing")
	if c.w.flush() != nil {
		c.closed = true
	}
	c.use(newDeflated(c.nc))
	r.answered = true
	return nil
}

// unread is a connection of which some bytes have been read already.
type unread struct {
	net.Conn
	bytes []byte
}

// Read implements [net.Conn].
func (u *unread) Read(p []byte) (int, error) {
	if len(u.bytes) == 0 {
		return u.Conn.Read(p)
	}
	n := copy(p, u.bytes)
	u.bytes = u.bytes[n:]
	return n, nil
}

// endCompression answers UNAUTHENTICATE in a compressed connection: both sides end
// compressing after that command and its answer (RFC 8437 section 4.1). The client
// may have sent more in the clear by then, not more that is compressed.
func (r *request) endCompression() error {
	c := r.c
	d, ok := c.nc.(*deflated)
	if !ok || !c.compressed {
		return nil
	}
	var rest []byte
	err := errDeflate
	if c.r.br.Buffered() == 0 {
		rest, err = d.in.end()
	}
	r.answered = true
	if err != nil {
		c.bye("", "more is compressed after UNAUTHENTICATE")
		return nil
	}
	c.w.flush()
	d.last = true
	c.w.status(r.tag, imap.StatusResponseTypeOK, "", r.name+" completed")
	if c.w.flush() != nil {
		c.closed = true
	}
	c.use(&unread{d.Conn, rest})
	c.compressed = false
	c.s.leaveCompressed()
	return nil
}

func (s *Server) leaveCompressed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.compressed--
}

// enterCompressed counts a compressed connection: each keeps about 45 KiB for
// reading.
func (s *Server) enterCompressed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.limits.Compressed >= 0 && s.compressed >= s.limits.Compressed {
		return false
	}
	s.compressed++
	return true
}
