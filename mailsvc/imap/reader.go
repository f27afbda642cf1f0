package imap

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
)

// readBuffer is what a connection holds while it waits.
const readBuffer = 4 << 10

// drainLimit bounds how many bytes of a refused literal are read and thrown
// away; a client that announces more is cut off.
const drainLimit = 128 << 20

var (
	// errDesync means that the input cannot be followed any further.
	errDesync = errors.New("imap: client announced more than is ever read")
	errLong   = errors.New("imap: command too long")
)

// reader reads lines and literals of bounded size.
type reader struct {
	br   *bufio.Reader
	tick func() // before input is waited for: extends the deadline
	long []byte // a line that did not fit the buffer
	head []byte // beginning of the last line that was too long, for its tag
}

// line returns the next line without its ending; it is valid until the next
// call. A line longer than limit is read to its end and errLong returned with
// the tail of the line, which tells whether a literal follows.
func (r *reader) line(limit int) ([]byte, error) {
	r.tick()
	r.head = nil
	p, err := r.br.ReadSlice('\n')
	if err == nil {
		if len(p) > limit+2 {
			r.head = bytes.Clone(p[:min(len(p), 128)])
		}
		return trimEOL(p), lengthError(len(p), limit)
	}
	r.long = r.long[:0]
	total := 0
	for errors.Is(err, bufio.ErrBufferFull) {
		total += len(p)
		if r.long = append(r.long, p...); total > limit {
			if len(r.head) == 0 {
				r.head = bytes.Clone(r.long[:128])
			}
			r.long = append(r.long[:0], r.long[max(0, len(r.long)-64):]...)
		}
		if total > drainLimit {
			return nil, errDesync
		}
		r.tick()
		p, err = r.br.ReadSlice('\n')
	}
	if err != nil {
		if err == io.EOF && total+len(p) > 0 {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	if r.long = append(r.long, p...); total+len(p) > limit+2 && len(r.head) == 0 {
		r.head = bytes.Clone(r.long[:min(len(r.long), 128)])
	}
	out := trimEOL(r.long)
	if cap(r.long) > 4*readBuffer {
		r.long = nil // out keeps it alive for this command only
	}
	return out, lengthError(total+len(p), limit)
}

func lengthError(n, limit int) error {
	if n > limit+2 {
		return errLong
	}
	return nil
}

func trimEOL(p []byte) []byte {
	p = bytes.TrimSuffix(p, []byte("\n"))
	return bytes.TrimSuffix(p, []byte("\r"))
}

// literal reads n bytes into memory; the caller has checked n.
func (r *reader) literal(n int) ([]byte, error) {
	var out []byte
	for len(out) < n {
		r.tick()
		k := min(n-len(out), max(readBuffer, len(out))) // memory grows only as bytes come
		at := len(out)
		out = append(out, make([]byte, k)...)
		if _, err := io.ReadFull(r.br, out[at:]); err != nil {
			return nil, unexpected(err)
		}
	}
	return out, nil
}

// discard reads n bytes and forgets them.
func (r *reader) discard(n int64) error {
	if n > drainLimit {
		return errDesync
	}
	for n > 0 {
		r.tick()
		k, err := r.br.Discard(int(min(n, 64<<10)))
		n -= int64(k)
		if err != nil {
			return unexpected(err)
		}
	}
	return nil
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// stream gives the n bytes of a literal to a consumer. Less than that is
// io.ErrUnexpectedEOF, never a clean end.
type stream struct {
	r    *reader
	left int64
	err  error // what broke the connection, apart from what the consumer did
}

// Read implements [io.Reader].
func (s *stream) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	if s.err != nil {
		return 0, s.err
	}
	s.r.tick()
	n, err := s.r.br.Read(p[:min(int64(len(p)), s.left)])
	s.left -= int64(n)
	if err != nil {
		s.err = unexpected(err)
		return n, s.err
	}
	return n, nil
}

// literalSpec is what announces a literal: {n}, {n+}, ~{n}, ~{n+}.
type literalSpec struct {
	n       int64
	nonSync bool // the client does not wait
	binary  bool // literal8
}

// trailingLiteral reads the announcement at the end of a line.
func trailingLiteral(line []byte) (l literalSpec, at int, ok bool) {
	if len(line) < 3 || line[len(line)-1] != '}' {
		return l, 0, false
	}
	at = bytes.LastIndexByte(line, '{')
	if at < 0 {
		return l, 0, false
	}
	digits := line[at+1 : len(line)-1]
	digits, l.nonSync = bytes.CutSuffix(digits, []byte("+"))
	if len(digits) == 0 || digits[0] < '0' || digits[0] > '9' {
		return l, 0, false
	}
	n, err := strconv.ParseInt(string(digits), 10, 64)
	if err != nil {
		// More digits than any literal has: what follows cannot be told from commands.
		n = 1 << 62
		for _, c := range digits {
			if c < '0' || c > '9' {
				return l, 0, false
			}
		}
	}
	l.n = n
	if at > 0 && line[at-1] == '~' {
		l.binary = true
		at--
	}
	return l, at, true
}
