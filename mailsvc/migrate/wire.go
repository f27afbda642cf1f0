package migrate

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"time"
)

// Bounds of what an old server may say.
const (
	maxLine    = 1 << 20  // bytes of a line, literals apart
	maxLiteral = 64 << 10 // of a literal that is no body: a folder's name
	maxTalk    = 32 << 20 // of lines between two ends of commands or bodies
	// slack is how much larger than the largest message that we take a body may
	// be and still be read to its end; beyond, the connection is given up.
	slack = 16 << 20
	// minRate, bytes a second, is what a server must bring on the average once a
	// command has taken longer than graceful times the patience for silence.
	minRate  = 100
	graceful = 5
)

var (
	errSilent  = errors.New("the server is silent")
	errCrawls  = errors.New("the server is too slow")
	errLine    = errors.New("the server's line is too long")
	errLiteral = errors.New("the server's literal is too large")
)

// wire is the connection as go-imap's client sees it. It reads whole lines, so
// that they can be mended, and lets bodies through untouched. While a command
// waits for its answer the server must not be silent; the client's own deadlines,
// which end a long body however well it comes, do not count.
type wire struct {
	net.Conn
	in      *bufio.Reader
	ready   []byte // mended, for the client
	literal int64  // bytes of a literal that are still to come
	maxBody int64
	mender  mender

	patience time.Duration // how long the server may be silent
	mu       sync.Mutex
	waiting  int // commands in flight
	since    time.Time
	got      int64 // bytes since then
	talk     int64 // bytes of lines since a command or a body began or ended
	failed   error // why the wire gave up, which the client does not pass on
}

func newWire(conn net.Conn, maxBody int64, patience time.Duration) *wire {
	w := &wire{Conn: conn, maxBody: maxBody, patience: patience}
	w.in = bufio.NewReaderSize(impatient{w}, 32<<10)
	return w
}

// SetReadDeadline is left to the wire itself.
func (w *wire) SetReadDeadline(time.Time) error { return nil }

// SetDeadline sets only the deadline for writing.
func (w *wire) SetDeadline(t time.Time) error { return w.Conn.SetWriteDeadline(t) }

// begin is called before a command is sent, done when its answer is there.
func (w *wire) begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.talk = 0
	if w.waiting++; w.waiting == 1 {
		w.since, w.got = time.Now(), 0
		w.Conn.SetReadDeadline(w.since.Add(w.patience))
	}
}

func (w *wire) done() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.talk = 0
	if w.waiting--; w.waiting == 0 {
		w.Conn.SetReadDeadline(time.Time{})
	}
}

// impatient is the socket with the wire's deadlines.
type impatient struct{ w *wire }

func (r impatient) Read(p []byte) (int, error) {
	n, err := r.w.Conn.Read(p)
	w := r.w
	w.mu.Lock()
	defer w.mu.Unlock()
	w.got += int64(n)
	var ne net.Error
	if errors.As(err, &ne) && ne.Timeout() {
		return n, errSilent
	}
	if w.waiting == 0 || n == 0 {
		return n, err
	}
	now := time.Now()
	took := now.Sub(w.since)
	if took > graceful*w.patience && float64(w.got) < minRate*took.Seconds() {
		return n, errCrawls
	}
	w.Conn.SetReadDeadline(now.Add(w.patience))
	return n, err
}

// Read implements net.Conn for the client. A failure is for good: the client
// would read on after one.
func (w *wire) Read(p []byte) (int, error) {
	if err := w.failure(); err != nil {
		return 0, err
	}
	for len(w.ready) == 0 {
		if w.literal > 0 {
			n, err := w.in.Read(p[:min(int64(len(p)), w.literal)])
			w.literal -= int64(n)
			w.giveUp(err)
			return n, err
		}
		if err := w.line(); err != nil {
			w.giveUp(err)
			return 0, err
		}
	}
	n := copy(p, w.ready)
	w.ready = w.ready[n:]
	return n, nil
}

func (w *wire) giveUp(err error) {
	if err != nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.failed = err
	}
}

// failure returns why reading ended, nil if it has not.
func (w *wire) failure() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.failed
}

// line reads the next line, and the literal in it if that is a folder's name.
func (w *wire) line() error {
	line, err := w.readLine(nil)
	if err != nil {
		return err
	}
	size, body, ok := announced(line)
	if err := w.talked(len(line), body); err != nil {
		return err
	}
	switch {
	case !ok:
	case body:
		if size > w.maxBody+slack {
			return fmt.Errorf("%w: %d bytes", errLiteral, size)
		}
		w.literal = size
	case size > maxLiteral:
		return fmt.Errorf("%w: %d bytes", errLiteral, size)
	case isList(line):
		if line, err = w.wholeList(line, size); err != nil {
			return err
		}
	default:
		w.literal = size
	}
	w.ready = w.mender.mend(line)
	return nil
}

// talked counts lines: a server that talks without end answers nothing.
func (w *wire) talked(n int, body bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.talk += int64(n)
	if body {
		w.talk = 0
	}
	if w.talk > maxTalk {
		return errLine
	}
	return nil
}

// readLine appends a line to what is there, its end included.
func (w *wire) readLine(line []byte) ([]byte, error) {
	for {
		part, err := w.in.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > maxLine {
			return nil, errLine
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

// wholeList turns a LIST answer whose name is a literal into one with a quoted name.
func (w *wire) wholeList(line []byte, size int64) ([]byte, error) {
	name := make([]byte, size)
	if _, err := io.ReadFull(w.in, name); err != nil {
		return nil, err
	}
	line = line[:bytes.LastIndexByte(line, '{')]
	line = append(line, quoted(string(name))...)
	return w.readLine(line)
}

// announced reports the literal that a line ends with, and whether it is a body.
func announced(line []byte) (size int64, body, ok bool) {
	text := bytes.TrimRight(line, "\r\n")
	open := bytes.LastIndexByte(text, '{')
	if open < 0 || text[len(text)-1] != '}' {
		return 0, false, false
	}
	size, err := strconv.ParseInt(string(text[open+1:len(text)-1]), 10, 64)
	if err != nil || size < 0 {
		return 0, false, false
	}
	before := bytes.ToUpper(text[max(0, open-20):open])
	return size, bytes.HasSuffix(before, []byte("BODY[] ")), true
}

// Write implements net.Conn for the client: names that the client was told
// differently go out as the server knows them.
func (w *wire) Write(p []byte) (int, error) {
	if _, err := w.Conn.Write(w.mender.restore(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}
