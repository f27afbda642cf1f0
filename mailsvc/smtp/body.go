package smtp

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
)

// Why a message was not read to its end, or not accepted.
var (
	errBare    = errors.New("CR, LF or NUL outside of a line ending")
	errLong    = errors.New("line of data is too long")
	errTooBig  = errors.New("message is too big")
	errAborted = errors.New("message transmission aborted by the client")
)

// body is one message on its way in. It implements io.Reader: io.EOF means that
// the message is complete and well-formed. Any other error is for good; the
// rest of the message is then skipped by wire.endMessage.
type body struct {
	w     *wire
	limit int64 // octets
	begun bool  // the session has asked for it
	done  bool  // all of it was read from the connection
	err   error // first error; sticky
	cur   []byte

	size    int64 // octets of the message so far
	raw     int64 // octets read from the connection, for the rate
	started time.Time
	check   lineCheck

	chunked bool // BDAT
	left    int64
	last    bool
}

// startData is called by the session when go-smtp has accepted DATA.
func (w *wire) startData(limit int64) *body {
	if w.msg == nil {
		w.msg = &body{w: w}
	}
	b := w.msg
	b.begun = true
	b.limit = limit
	b.started = time.Now()
	b.check = lineCheck{start: true, limit: w.s.o.Limits.LineLength}
	w.useless = 0 // what follows is counted in octets
	return b
}

// startChunks begins a BDAT: go-smtp gets to see DATA.
func (w *wire) startChunks(arg string) []byte {
	left, last, ok := parseBDAT(arg)
	if !ok {
		// Where the next command begins is unknown.
		w.reply(501, "5.5.4", "Malformed BDAT, closing connection")
		w.ending = true
		return nil
	}
	w.msg = &body{w: w, chunked: true, left: left, last: last}
	w.mute = 354
	return []byte("DATA\r\n")
}

// parseBDAT reads "size" or "size LAST", RFC 3030 section 2.
func parseBDAT(arg string) (size int64, last, ok bool) {
	f := strings.Fields(arg)
	if len(f) == 2 && strings.EqualFold(f[1], "LAST") {
		last = true
	} else if len(f) != 1 {
		return 0, false, false
	}
	n, err := strconv.ParseUint(f[0], 10, 63)
	if err != nil || n > math.MaxInt64/4 {
		return 0, false, false
	}
	return int64(n), last, true
}

// endMessage skips what is left of the message, or of the chunk, within bounds.
func (w *wire) endMessage() {
	b := w.msg
	w.msg = nil
	if errors.Is(b.err, errBare) {
		w.ending = true
	}
	if errors.Is(b.err, errAborted) {
		w.mute = muteAny // the client waits for the reply to what it said instead
		return
	}
	budget := b.size + 2*w.s.o.Limits.MessageSize + 1<<20
	b.started = time.Now()
	b.raw = 0
	for !b.done && w.err == nil && (!b.chunked || b.left > 0) {
		b.size += int64(len(b.piece()))
		if b.size > budget {
			w.err = errEnded
			w.ending = true
		}
	}
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	if len(b.cur) == 0 {
		var err error
		if b.cur, err = b.chunk(); err != nil {
			return 0, err
		}
	}
	n := copy(p, b.cur)
	b.cur = b.cur[n:]
	return n, nil
}

// chunk returns the next bytes of the message, valid until the next call.
func (b *body) chunk() ([]byte, error) {
	for b.err == nil {
		if b.chunked && b.left == 0 {
			b.err = b.nextChunk()
			continue
		}
		if b.done {
			b.err = io.EOF
			break
		}
		p := b.piece()
		b.size += int64(len(p))
		switch {
		case b.w.err != nil:
			b.err = b.w.err
			if errors.Is(b.err, io.EOF) {
				b.err = io.ErrUnexpectedEOF
			}
		case b.check.err != nil:
			b.err = b.check.err
		case b.size > b.limit:
			b.err = errTooBig
		case len(p) > 0:
			return p, nil
		}
	}
	return nil, b.err
}

// piece takes bytes off the connection that belong to the message. It sets done
// at the end of the data, and wire.err if there is nothing more to come.
func (b *body) piece() []byte {
	w := b.w
	if !b.chunked && b.check.start {
		if c := b.peek(1); len(c) > 0 && c[0] == '.' {
			return b.dot()
		}
	}
	p := b.peek(1)
	if len(p) == 0 {
		return nil
	}
	p, _ = w.in.Peek(w.in.Buffered())
	if b.chunked && int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n := b.check.run(p, !b.chunked)
	b.took(n)
	return p[:n]
}

// dot handles a line of DATA that begins with a dot: the end, or one dot more
// than the message has (RFC 5321 section 4.5.2).
func (b *body) dot() []byte {
	c := b.peek(3)
	switch {
	case len(c) < 3:
	case string(c) == ".\r\n":
		b.took(3)
		b.done = true
	default:
		b.took(1)
		b.check.start = false
	}
	return nil
}

// took moves on by n octets. What peek returned stays valid until the next read.
func (b *body) took(n int) {
	_, _ = b.w.in.Discard(n)
	b.raw += int64(n)
	if b.chunked {
		b.left -= int64(n)
	}
}

// peek returns the next n octets, reading from the connection if it must. Fewer
// mean that wire.err is set.
func (b *body) peek(n int) []byte {
	w := b.w
	if w.in.Buffered() < n && w.err == nil {
		if err := w.flush(); err != nil {
			w.err = err
			return nil
		}
		_ = w.Conn.SetReadDeadline(b.deadline())
	}
	c, err := w.in.Peek(n)
	if len(c) < n && w.err == nil {
		w.err = err
	}
	if len(c) < n {
		return nil
	}
	return c
}

// deadline rolls with the data, but no further than the minimum rate allows.
func (b *body) deadline() time.Time {
	l := b.w.s.o.Limits
	idle := time.Now().Add(l.Idle)
	if l.MinRate <= 0 {
		return idle
	}
	allowed := time.Duration(float64(b.raw) / float64(l.MinRate) * float64(time.Second))
	if slowest := b.started.Add(l.Idle + allowed); slowest.Before(idle) {
		return slowest
	}
	return idle
}

// nextChunk goes from one BDAT chunk to the next, or to the end.
func (b *body) nextChunk() error {
	w := b.w
	if b.last {
		if b.check.cr {
			return errBare
		}
		b.done = true
		return io.EOF
	}
	w.reply(250, "2.0.0", "Continue")
	for {
		line, err := w.line()
		if err != nil {
			return io.ErrUnexpectedEOF
		}
		switch verb, arg := cutVerb(line); verb {
		case "BDAT":
			left, last, ok := parseBDAT(arg)
			if !ok {
				_ = w.refuse(501, "5.5.4", "Malformed BDAT")
				return io.ErrUnexpectedEOF
			}
			b.left, b.last = left, last
			if left > 0 || last {
				return nil
			}
			w.reply(250, "2.0.0", "Continue")
		case "NOOP":
			w.reply(250, "2.0.0", "OK")
		case "RSET", "QUIT", "EHLO", "HELO":
			w.held = bytes.Clone(line)
			return errAborted
		default:
			w.reply(503, "5.5.1", "BDAT is in progress")
		}
	}
}

// lineCheck finds out whether lines end as they must, over any cut of the data.
type lineCheck struct {
	start bool // the next octet begins a line
	cr    bool // the last octet was CR
	n     int  // octets of the line so far
	limit int
	err   error // first violation
}

func (c *lineCheck) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

// run checks b and returns how much of it: all, or with dots up to a dot that
// begins a line.
func (c *lineCheck) run(b []byte, dots bool) int {
	rest := b
	for len(rest) > 0 {
		if c.cr {
			c.cr = false
			if rest[0] != '\n' {
				c.fail(errBare)
				c.start = false
				continue
			}
			c.start, c.n = true, 0
			rest = rest[1:]
			continue
		}
		if dots && c.start && rest[0] == '.' {
			break
		}
		seg := rest
		i := bytes.IndexByte(rest, '\r')
		if i >= 0 {
			seg = rest[:i]
		}
		c.segment(seg)
		if i < 0 {
			return len(b)
		}
		c.cr = true
		rest = rest[i+1:]
	}
	return len(b) - len(rest)
}

// segment checks part of a line that has no CR.
func (c *lineCheck) segment(seg []byte) {
	if len(seg) == 0 {
		return
	}
	c.start = false
	if c.n += len(seg); c.n > c.limit {
		c.fail(errLong)
	}
	if bytes.IndexByte(seg, '\n') >= 0 || bytes.IndexByte(seg, 0) >= 0 {
		c.fail(errBare)
	}
}
