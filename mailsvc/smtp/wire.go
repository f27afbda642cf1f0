package smtp

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime/debug"
	"sync"
	"time"
)

const (
	// maxCommand bounds a command line: RFC 5321 asks for 512 octets, extensions
	// for more; a SASL response (RFC 4954 section 4) may take what is left.
	maxCommand = 8 << 10
	readBuffer = 16 << 10 // at least maxCommand
)

// wire is one connection as go-smtp sees it: a net.Conn from which strict,
// complete command lines come, one a Read. It runs on go-smtp's goroutine; only
// drain and Close may be called from others.
//
// go-smtp reads the next line only when it has answered the one before, and
// that is what lets wire take the parts it handles itself out of the stream
// and know what each reply answers:
//
//   - STARTTLS: the connection goes on as a new wire of the engine for TLS.
//   - DATA: the session takes the message from [wire.body], and go-smtp's own
//     reader of data finds nothing but the final dot.
//   - BDAT: shown to go-smtp as DATA. Only its 354 is dropped, and the replies
//     to chunks before the last are given here.
//
// Replies to pipelined commands are sent together, when the next Read would wait.
type wire struct {
	net.Conn // the socket, or TLS on it
	c        *conn
	s        *Server
	role     Role
	secure   bool // TLS

	in      *bufio.Reader
	out     *bufio.Writer
	err     error  // sticky: nothing is read after it
	pending []byte // for go-smtp, before anything else

	// How the conversation stands.
	lastReply int    // code of go-smtp's last reply
	mute      int    // a reply of go-smtp with this code is dropped; muteAny for any
	extended  bool   // EHLO, not HELO
	ending    bool   // close after the reply that is being given
	moved     bool   // the socket belongs to another wire now
	useless   int    // commands since the last message
	held      []byte // a command line that came in the middle of BDAT

	msg *body // the message that is being read, or nil

	mu       sync.Mutex
	stopping bool
	waiting  bool // for a command, outside of a transaction
	busy     bool // in a transaction
}

const muteAny = -1

// Reasons to end a connection, for go-smtp and the log.
var (
	errEnded    = fmt.Errorf("connection ended by us: %w", io.EOF)
	errStopping = fmt.Errorf("server is stopping: %w", io.EOF)
)

func newWire(s *Server, c *conn, stream net.Conn, role Role, secure bool) *wire {
	w := &wire{
		Conn: stream, c: c, s: s, role: role, secure: secure,
		in:  bufio.NewReaderSize(stream, readBuffer),
		out: bufio.NewWriter(stream),
	}
	if !s.speaks(c, w) {
		w.drain()
	}
	return w
}

// drain asks the connection to end at the next moment that cuts nothing off.
func (w *wire) drain() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopping = true
	if w.waiting {
		_ = w.Conn.SetReadDeadline(time.Unix(1, 0))
	}
}

// transaction notes whether a mail transaction is open.
func (w *wire) transaction(open bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy = open
}

// Read gives go-smtp what it may see next. go-smtp recovers from a panic in a
// command, but not from one here.
func (w *wire) Read(p []byte) (n int, err error) {
	defer func() {
		if p := recover(); p != nil {
			w.s.log.Error("smtp panic", "remote", w.c.ip, "panic", p, "stack", string(debug.Stack()))
			w.err = errEnded
			n, err = 0, io.EOF
		}
	}()
	if len(w.pending) == 0 {
		if err := w.next(); err != nil {
			return 0, err
		}
	}
	n = copy(p, w.pending)
	w.pending = w.pending[n:]
	return n, nil
}

// next fills pending. go-smtp's errors at this point all end the connection.
func (w *wire) next() error {
	if w.msg != nil {
		begun := w.msg.begun // else go-smtp refused the DATA that stood for BDAT
		w.endMessage()
		if begun {
			w.pending = []byte(".\r\n")
			return nil
		}
	}
	for {
		if w.err == nil && w.ending {
			w.err = errEnded
		}
		line, err := w.line()
		if err != nil {
			return err
		}
		if show := w.command(line); show != nil {
			w.pending = show
			return nil
		}
	}
}

// line reads a command line, CRLF included. It is valid until the next read.
func (w *wire) line() ([]byte, error) {
	if w.err != nil {
		return nil, w.finish(w.err)
	}
	if held := w.held; held != nil {
		w.held = nil
		return held, nil
	}
	if err := w.await(); err != nil {
		return nil, w.finish(err)
	}
	line, err := w.in.ReadSlice('\n')
	w.awake()
	switch {
	case errors.Is(err, bufio.ErrBufferFull) || len(line) > maxCommand:
		return nil, w.refuse(500, "5.5.2", "Line too long")
	case err != nil:
		if w.isStopping() {
			err = errStopping
		}
		return nil, w.finish(err)
	case len(line) < 2 || line[len(line)-2] != '\r':
		return nil, w.refuse(500, "5.5.2", "Lines must end with CRLF")
	case !clean(line[:len(line)-2]):
		return nil, w.refuse(500, "5.5.2", "Control characters are not allowed")
	}
	if w.useless++; w.useless > w.s.o.Limits.Commands {
		return nil, w.refuse(421, "4.7.0", "Too many commands without a message")
	}
	return line, nil
}

// clean reports whether a command line has no control characters.
func clean(line []byte) bool {
	for _, c := range line {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// await gets ready to wait for a command: replies go out, and the deadline is
// set, unless the server is stopping and nothing is open.
func (w *wire) await() error {
	if b, _ := w.in.Peek(w.in.Buffered()); bytes.IndexByte(b, '\n') >= 0 {
		return nil
	}
	if err := w.flush(); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting = !w.busy
	if w.stopping && w.waiting {
		return errStopping
	}
	return w.Conn.SetReadDeadline(time.Now().Add(w.s.o.Limits.Command))
}

func (w *wire) awake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting = false
}

func (w *wire) isStopping() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stopping
}

// finish says goodbye where somebody may be listening, and makes the end sticky.
// It hides the error from go-smtp, which would say goodbye a second time.
func (w *wire) finish(err error) error {
	if w.err == nil {
		switch {
		case errors.Is(err, errStopping):
			w.reply(421, "4.3.2", w.s.o.Hostname+" is stopping, try again later")
		case errors.Is(err, os.ErrDeadlineExceeded):
			w.reply(421, "4.4.2", "Timeout, closing connection")
		}
	}
	w.err = io.EOF
	_ = w.flush()
	return io.EOF
}

// refuse answers a line that cannot be, and ends the connection.
func (w *wire) refuse(code int, enhanced, text string) error {
	w.reply(code, enhanced, text+", closing connection")
	w.ending = true
	return w.finish(errEnded)
}

// command handles what wire handles itself and returns nil, or the line to show
// to go-smtp.
func (w *wire) command(line []byte) []byte {
	if w.lastReply == 334 { // a SASL response, not a command
		return line
	}
	verb, arg := cutVerb(line)
	switch {
	case verb == "EHLO" || verb == "HELO":
		w.extended = verb == "EHLO"
	case bytes.HasPrefix(bytes.ToUpper(line), []byte("STARTTLS")):
		return w.startTLS(line)
	case verb == "BDAT":
		return w.startChunks(arg)
	case verb == "RCPT":
		return w.completePostmaster(line)
	}
	return line
}

// completePostmaster gives the one address that may come without a domain (RFC
// 5321 section 4.5.1) its domain, since go-smtp does not know it.
func (w *wire) completePostmaster(line []byte) []byte {
	const bare = "<POSTMASTER>"
	i := bytes.IndexByte(line, '<')
	if i < 0 || len(line) < i+len(bare) || !bytes.EqualFold(line[i:i+len(bare)], []byte(bare)) {
		return line
	}
	full := append([]byte{}, line[:i]...)
	full = append(full, "<postmaster@"+w.s.o.Domains[0]+">"...)
	return append(full, line[i+len(bare):]...)
}

// cutVerb splits a command line.
func cutVerb(line []byte) (verb, arg string) {
	v, a, _ := bytes.Cut(bytes.TrimRight(line, "\r\n"), []byte(" "))
	return string(bytes.ToUpper(v)), string(bytes.TrimSpace(a))
}

// startTLS turns the connection over to a new wire, so that nothing that was
// said before TLS counts after it (RFC 3207 section 4.2).
func (w *wire) startTLS(line []byte) []byte {
	verb, arg := cutVerb(line)
	switch {
	case verb != "STARTTLS" || arg != "":
		w.reply(501, "5.5.4", "STARTTLS takes no argument")
		return nil
	case w.secure:
		w.reply(503, "5.5.1", "TLS is already in use")
		return nil
	case w.s.o.TLS == nil:
		w.reply(502, "5.5.1", "STARTTLS is not offered")
		return nil
	case w.in.Buffered() > 0:
		// Commands smuggled in before the handshake.
		w.reply(501, "5.5.1", "Nothing may follow STARTTLS, closing connection")
		w.ending = true
		return nil
	}
	w.reply(220, "2.0.0", "Ready to start TLS")
	if err := w.flush(); err != nil {
		w.err = err
		return nil
	}
	t, err := w.s.handshake(w.c)
	if err != nil {
		w.err = io.EOF // no goodbye in clear text
		return nil
	}
	next := newWire(w.s, w.c, t, w.role, true)
	next.mute = 220 // the greeting was given
	next.useless = w.useless
	w.moved = true
	w.err = io.EOF
	w.s.hand(next)
	return nil
}

// reply writes a reply of wire's own.
func (w *wire) reply(code int, enhanced, text string) {
	fmt.Fprintf(w.out, "%d %s %s\r\n", code, enhanced, text)
}

// Write takes one reply line of go-smtp.
func (w *wire) Write(p []byte) (int, error) {
	code, last := replyCode(p)
	if last {
		w.lastReply = code
	}
	if w.mute != 0 && last {
		hit := w.mute == code || w.mute == muteAny
		w.mute = 0
		if hit {
			return len(p), nil
		}
	}
	if w.moved {
		return len(p), nil
	}
	if w.out.Available() < len(p) { // it will overflow into the socket
		_ = w.Conn.SetWriteDeadline(time.Now().Add(w.s.o.Limits.Write))
	}
	return w.out.Write(p)
}

// replyCode reads "250 ..." or "250-...".
func replyCode(p []byte) (code int, last bool) {
	if len(p) < 4 {
		return 0, false
	}
	for _, c := range p[:3] {
		if c < '0' || c > '9' {
			return 0, false
		}
		code = 10*code + int(c-'0')
	}
	return code, p[3] != '-'
}

func (w *wire) flush() error {
	if w.out.Buffered() == 0 {
		return nil
	}
	_ = w.Conn.SetWriteDeadline(time.Now().Add(w.s.o.Limits.Write))
	return w.out.Flush()
}

// SetDeadline, SetReadDeadline and SetWriteDeadline are wire's own business.
func (w *wire) SetDeadline(time.Time) error      { return nil }
func (w *wire) SetReadDeadline(time.Time) error  { return nil }
func (w *wire) SetWriteDeadline(time.Time) error { return nil }

// Close ends the connection, unless it goes on as another wire.
func (w *wire) Close() error {
	if w.moved {
		return nil
	}
	_ = w.flush()
	w.linger()
	err := w.Conn.Close() // TLS says goodbye
	_ = w.c.Close()
	return err
}

// linger reads a little of what the client is still sending after we refused it:
// closing a socket with unread bytes in it destroys the reply on its way.
func (w *wire) linger() {
	if !w.ending {
		return
	}
	switch t := w.Conn.(type) {
	case *tls.Conn:
		_ = t.CloseWrite()
	case *conn:
		if t, ok := t.Conn.(*net.TCPConn); ok {
			_ = t.CloseWrite()
		}
	}
	_ = w.Conn.SetReadDeadline(time.Now().Add(lingerTime))
	_, _ = io.CopyN(io.Discard, w.Conn, lingerBytes)
}

const (
	lingerTime  = 500 * time.Millisecond
	lingerBytes = 1 << 20
)
