package imap

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	imap "github.com/emersion/go-imap/v2"

	"quangtri.gov.vn/vanthu/internal/subnet"
	"quangtri.gov.vn/vanthu/mailsvc"
)

// conn is one client's connection. Everything but wake is used by its own
// goroutine only.
type conn struct {
	s       *Server
	raw     net.Conn // the socket
	nc      net.Conn // the socket, or TLS on it
	mode    TLSMode
	secure  bool
	ip      string
	network string // what shares the limit of connections
	r       reader
	w       writer

	account  mailsvc.Account // who is logged in
	loggedIn bool
	began    time.Time
	failures int // failed logins
	badRow   int // commands in a row that made no sense

	utf8, rev2, condstore, qresync bool // ENABLE

	compressed bool

	notifier *notifier    // NOTIFY in force, or nil
	quiet    notifyEvents // of the selected mailbox that NOTIFY does not ask for
	view     *view        // the selected mailbox, or nil
	idling   bool         // readDone is reading
	closed   bool         // LOGOUT, or the connection cannot be used any more

	mu      sync.Mutex
	waiting bool // for the next command: wake may interrupt the read
	woken   bool
	cut     bool // nothing is read any more
}

func newConn(s *Server, nc net.Conn, mode TLSMode, ip string) *conn {
	return &conn{s: s, raw: nc, nc: nc, mode: mode, ip: ip, network: subnet.Of(ip), secure: mode == Plain}
}

// use reads and writes through nc from now on.
func (c *conn) use(nc net.Conn) {
	c.nc = nc
	c.w.nc, c.w.timeout = nc, c.s.limits.WriteTimeout
	c.r.br = bufio.NewReaderSize(flushing{c}, readBuffer)
	c.r.tick = c.extend
}

// flushing sends pending answers before a read can block, so pipelined commands
// share a write and nobody waits for an answer that lies in a buffer.
type flushing struct{ c *conn }

// Read implements [io.Reader].
func (f flushing) Read(p []byte) (int, error) {
	if !f.c.idling { // then another goroutine reads, and the writer is not its own
		if err := f.c.w.flush(); err != nil {
			return 0, err
		}
	}
	return f.c.nc.Read(p)
}

// extend moves the read deadline for one more piece of a command.
func (c *conn) extend() {
	d := time.Now().Add(c.s.limits.ReadTimeout)
	if !c.loggedIn {
		if end := c.began.Add(c.s.limits.LoginTimeout); end.Before(d) {
			d = end
		}
	}
	c.readBy(d)
}

// readBy sets the read deadline unless reading has been cut off.
func (c *conn) readBy(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.cut {
		c.raw.SetReadDeadline(t)
	}
}

// cutOff ends reading at once, whichever goroutine reads.
func (c *conn) cutOff() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = true
	c.raw.SetReadDeadline(time.Unix(1, 0))
}

func (c *conn) commandLimit() int {
	if c.loggedIn {
		return c.s.limits.CommandAfter
	}
	return c.s.limits.CommandBefore
}

// ctx is what store calls run under.
func (c *conn) ctx() context.Context { return c.s.ctx }

// serve runs the connection to its end.
func (c *conn) serve() {
	defer c.s.wg.Done()
	defer c.hangUpSocket()
	defer c.s.forget(c) // before the client can see the end and come back
	defer c.leave()
	defer func() {
		if v := recover(); v != nil {
			c.s.log.Error("imap: panic", "remote", c.ip, "account", c.account.Address, "panic", v, "stack", string(debug.Stack()))
		}
	}()
	c.began = time.Now()
	if !c.start() {
		return
	}
	c.w.status("*", imap.StatusResponseTypeOK, "CAPABILITY "+c.capabilities(), "vanthu")
	for !c.closed {
		if !c.await() {
			break
		}
		c.command()
	}
	c.w.flush()
}

// hangUpSocket closes the connection; TLS says goodbye if anybody listens.
func (c *conn) hangUpSocket() {
	if c.w.err == nil {
		c.nc.Close()
	}
	c.raw.Close()
}

// start makes the connection ready for its greeting.
func (c *conn) start() bool {
	if c.mode != Implicit {
		c.use(c.raw)
		return true
	}
	return c.handshake()
}

func (c *conn) handshake() bool {
	t := tls.Server(c.raw, c.s.o.TLSConfig)
	limit := time.Now().Add(c.s.limits.ReadTimeout)
	c.raw.SetWriteDeadline(limit)
	if !c.beginWait(limit) {
		return false
	}
	err := t.HandshakeContext(c.ctx())
	c.endWait()
	if err != nil {
		c.s.log.Debug("imap: TLS handshake", "remote", c.ip, "err", err)
		return false
	}
	c.secure = true
	c.use(t)
	return true
}

func (c *conn) leave() {
	c.endNotify()
	if c.loggedIn {
		c.s.leaveUser(c.account.Address)
	}
}

// wake interrupts the wait for the next command; Shutdown calls it.
func (c *conn) wake() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.woken = true
	if c.waiting {
		c.raw.SetReadDeadline(time.Unix(1, 0))
	}
}

// await waits for the first byte of a command. false ends the connection; the
// client has been told.
func (c *conn) await() bool {
	if c.r.br.Buffered() > 0 && !c.isWoken() {
		return true
	}
	if c.notifier != nil {
		return c.awaitNotified()
	}
	if !c.beginWait(c.idleDeadline()) {
		c.bye("", "server is shutting down")
		return false
	}
	_, err := c.r.br.Peek(1)
	if c.endWait() {
		c.bye("", "server is shutting down")
		return false
	}
	return c.awaited(err)
}

// awaited judges how a wait for a command ended.
func (c *conn) awaited(err error) bool {
	var ne net.Error
	if errors.As(err, &ne) && ne.Timeout() {
		c.bye("", "silent for too long")
	}
	return err == nil
}

// peek waits for input, on a goroutine of its own: a panic there would not be
// caught where the connection catches its own.
func (c *conn) peek() (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("imap: read: panic: %v", v)
		}
	}()
	_, err = c.r.br.Peek(1)
	return err
}

// beginWait sets the read deadline for a wait that wake may cut short; false if
// wake was called before.
func (c *conn) beginWait(deadline time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.woken {
		return false
	}
	c.waiting = true
	c.raw.SetReadDeadline(deadline)
	return true
}

// endWait reports whether wake was called meanwhile.
func (c *conn) endWait() (woken bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = false
	return c.woken
}

func (c *conn) isWoken() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.woken
}

func (c *conn) idleDeadline() time.Time {
	if !c.loggedIn {
		return c.began.Add(c.s.limits.LoginTimeout)
	}
	return time.Now().Add(c.s.limits.IdleTimeout)
}

// bye ends the connection with a word.
func (c *conn) bye(code, text string) {
	if code == "" {
		code = string(imap.ResponseCodeUnavailable)
	}
	c.w.status("*", imap.StatusResponseTypeBye, code, text)
	c.closed = true
}

// proceed asks for what the client holds back.
func (c *conn) proceed(text string) {
	c.w.str("+ ", text, "\r\n")
	c.w.flush()
}

// maxBadRow is how many senseless commands in a row end a connection: whoever
// speaks another protocol is not listening.
const maxBadRow = 20

// command reads and answers one command.
func (c *conn) command() {
	line, err := c.r.line(c.commandLimit())
	if err != nil && err != errLong {
		c.hangUp(err)
		return
	}
	p := &parser{c: c, line: line, left: c.commandLimit() - len(line)}
	if err == nil && len(line) == 0 {
		return // some clients send an empty line after a literal
	}
	if err == errLong {
		tag := (&parser{c: c, line: c.r.head}).tag()
		c.finish(&request{c: c, p: p, tag: tag}, bad("command too long"))
		return
	}
	tag := p.tag()
	name := p.word()
	uid := false
	if name == "UID" && p.accept(' ') {
		uid, name = true, p.word()
	}
	cmd, known := c.s.commands[name]
	switch {
	case p.err != nil:
	case !known || uid && !cmd.uid:
		p.fail("unknown command")
	case cmd.state&c.state() == 0:
		p.err = bad("command not allowed in this state")
	}
	req := &request{c: c, p: p, tag: tag, name: name, uid: uid}
	if p.err == nil {
		c.run(cmd, req)
	} else {
		c.finish(req, p.err)
	}
}

// tag reads the command's tag; "*" stands in for one that cannot be read.
func (p *parser) tag() string {
	t := p.span(func(c byte) bool { return (isAtomChar(c) || c == ']') && c != '+' })
	if t == "" || len(t) > 100 {
		p.fail("bad tag")
		return "*"
	}
	if p.err == nil && !p.accept(' ') {
		p.fail("no command after the tag")
	}
	return t
}

// request is a command that is being carried out.
type request struct {
	c    *conn
	p    *parser
	tag  string
	name string
	uid  bool
	code string // response code of the final OK, with arguments
	text string // text of the final OK

	bySeq    bool // the search keys name messages by sequence number
	answered bool // the tagged answer has been sent
}

// run carries out a command and answers it.
func (c *conn) run(cmd command, req *request) {
	c.refresh()
	if c.closed {
		return
	}
	if req.p.peek() == ' ' {
		req.p.sp()
	}
	err := req.p.err
	if err == nil {
		err = cmd.run(req)
	}
	c.finish(req, err)
}

// finish sends the tagged answer, after what else the client must know now.
func (c *conn) finish(req *request, err error) {
	if err != nil && !req.p.skip() || req.p.io {
		c.hangUp(req.p.err)
		return
	}
	if err == nil {
		c.badRow = 0
	}
	if req.answered {
		return
	}
	if c.view != nil && !c.closed {
		if c.quiet&onMessageNew == 0 || req.expunges() {
			c.view.fetching = req.name == "FETCH"
			c.pollFetching(req.allowsExpunge(), c.notifier.fetchOfNew())
		}
		if c.view != nil && len(c.view.gone) > 0 && req.code == "" {
			req.code = string(expungeIssued) // to be told by the next NOOP
		}
	}
	answer := c.answer(req, err)
	if answer.Type == imap.StatusResponseTypeBad {
		if c.badRow++; c.badRow >= maxBadRow {
			c.bye("", "too many errors")
			return
		}
	}
	c.w.status(req.tag, answer.Type, string(answer.Code), answer.Text)
	c.w.settle() // pipelined commands must not pile their answers up
}

// allowsExpunge reports whether sequence numbers may change before the answer
// (RFC 9051 section 7.5.1).
func (r *request) allowsExpunge() bool {
	switch r.name {
	case "FETCH", "STORE":
		return r.uid
	case "SEARCH", "SORT", "THREAD":
		return r.uid && !r.bySeq
	}
	return true
}

// expunges reports whether the command is one that takes messages away.
func (r *request) expunges() bool {
	return r.name == "EXPUNGE" || r.name == "MOVE" || r.name == "REPLACE"
}

// hangUp ends a connection whose input broke off or cannot be followed.
func (c *conn) hangUp(err error) {
	c.closed = true
	var ne net.Error
	switch {
	case errors.Is(err, errIdleOver):
	case errors.Is(err, errDesync):
		c.bye(string(imap.ResponseCodeTooBig), "literal too large")
		c.linger()
	case errors.As(err, &ne) && ne.Timeout():
		c.bye("", "the rest of the command did not come")
	case !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		c.s.log.Debug("imap: read", "remote", c.ip, "err", err)
	}
}

// linger reads for a moment what the client still sends, so that closing the
// socket does not destroy the last words on their way.
func (c *conn) linger() {
	c.w.flush()
	c.raw.SetReadDeadline(time.Now().Add(time.Second))
	buf := make([]byte, readBuffer)
	for range 1024 {
		if _, err := c.raw.Read(buf); err != nil {
			return
		}
	}
}

// refresh looks the account up again: it may have been disabled, or its rights
// changed, since the last command.
func (c *conn) refresh() {
	if !c.loggedIn {
		return
	}
	a, err := c.s.o.Identities.Account(c.account.Address)
	if err != nil || a.Disabled {
		c.bye("", "the account is closed")
		return
	}
	c.account = a
}

// upper is strings.ToUpper for ASCII keywords.
func upper(s string) string { return strings.ToUpper(s) }
