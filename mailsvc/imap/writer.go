package imap

import (
	"io"
	"net"
	"strconv"
	"sync"
	"time"

	imap "github.com/emersion/go-imap/v2"
)

// flushAt is how much of an answer is gathered before it is sent.
const flushAt = 64 << 10

var writeBuffers = sync.Pool{New: func() any {
	b := make([]byte, 0, flushAt+16<<10)
	return &b
}}

// writer gathers responses. It sends when told to, so that a command costs one
// write; the buffer goes back to a pool when nothing is pending. After an error
// it swallows everything.
type writer struct {
	nc      net.Conn
	timeout time.Duration
	buf     *[]byte
	err     error
	utf8    bool // strings and names may hold UTF-8 (RFC 6855)
}

// bytes returns the gathered bytes, to be appended to and handed to set.
func (w *writer) bytes() []byte {
	if w.buf == nil {
		w.buf = writeBuffers.Get().(*[]byte)
	}
	return *w.buf
}

func (w *writer) set(b []byte) { *w.buf = b }

// flush sends what is gathered.
func (w *writer) flush() error {
	if w.buf == nil {
		return w.err
	}
	b := *w.buf
	for len(b) > 0 && w.err == nil {
		n := min(len(b), 128<<10)
		w.nc.SetWriteDeadline(time.Now().Add(w.timeout))
		_, w.err = w.nc.Write(b[:n])
		b = b[n:]
	}
	if cap(*w.buf) <= 2*flushAt {
		*w.buf = (*w.buf)[:0]
		writeBuffers.Put(w.buf)
	}
	w.buf = nil
	return w.err
}

// settle sends if enough is gathered. Never call it inside a call of the store.
func (w *writer) settle() error {
	if w.buf != nil && len(*w.buf) >= flushAt {
		return w.flush()
	}
	return w.err
}

// full reports whether a row more would make the buffer grow beyond its size.
func (w *writer) full() bool { return w.buf != nil && len(*w.buf) >= flushAt }

// str appends literally.
func (w *writer) str(parts ...string) {
	b := w.bytes()
	for _, p := range parts {
		b = append(b, p...)
	}
	w.set(b)
}

func (w *writer) raw(p []byte) { w.set(append(w.bytes(), p...)) }

func (w *writer) num(n uint64) { w.set(strconv.AppendUint(w.bytes(), n, 10)) }

// quoted writes a string value: quoted if it can be, else as a literal.
func (w *writer) quoted(s string) { w.set(appendString(w.bytes(), s, w.utf8)) }

// name writes a mailbox name.
func (w *writer) name(s string) {
	if !w.utf8 {
		s = encodeUTF7(s)
	}
	w.quoted(s)
}

// appendString appends s as a quoted string or a literal; 8-bit text is quoted
// only for clients that enabled UTF-8.
func appendString(b []byte, s string, utf8 bool) []byte {
	plain := len(s) <= 1000
	for i := 0; i < len(s) && plain; i++ {
		c := s[i]
		plain = c >= ' ' && c < 0x7F || c >= 0x80 && utf8
	}
	if !plain {
		b = append(b, '{')
		b = strconv.AppendInt(b, int64(len(s)), 10)
		b = append(b, "}\r\n"...)
		return append(b, s...)
	}
	b = append(b, '"')
	for i := 0; i < len(s); i++ {
		if s[i] == '"' || s[i] == '\\' {
			b = append(b, '\\')
		}
		b = append(b, s[i])
	}
	return append(b, '"')
}

// copyN sends n bytes of r at off, through the buffer.
func (w *writer) copyN(r io.ReaderAt, off, n int64) {
	for n > 0 && w.err == nil {
		b := w.bytes()
		if cap(b)-len(b) < 4<<10 {
			w.flush()
			continue
		}
		k := int(min(n, int64(cap(b)-len(b))))
		got, err := r.ReadAt(b[len(b):len(b)+k], off)
		w.set(b[:len(b)+got])
		off, n = off+int64(got), n-int64(got)
		if got < k {
			if err == nil {
				err = io.ErrUnexpectedEOF
			}
			w.err = err // the literal's length is already promised
		}
	}
}

// status writes a status response; tag is "*" for an untagged one. code may be
// empty, and may have arguments.
func (w *writer) status(tag string, t imap.StatusResponseType, code, text string) {
	w.str(tag, " ", string(t), " ")
	if code != "" {
		w.str("[", code, "] ")
	}
	w.str(text, "\r\n")
}
