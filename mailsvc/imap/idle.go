package imap

import (
	"errors"
	"fmt"
	"time"

	imap "github.com/emersion/go-imap/v2"
)

// errIdleOver ends a connection out of IDLE; the client has been told why.
var errIdleOver = errors.New("imap: idle ended by the server")

// idle is IDLE (RFC 2177): changes are told as they happen until DONE.
func (r *request) idle() error {
	c := r.c
	if err := r.p.end(); err != nil {
		return err
	}
	changed, stop := c.watch()
	defer stop()
	c.catchUp() // what came before the watch began
	c.proceed("idling")
	ended := make(chan doneLine, 1)
	c.idling = true
	go func() { ended <- c.readDone() }()
	done := c.idleLoop(changed, ended)
	c.idling = false
	if done.err != nil && done.err != errLong {
		r.p.failIO(done.err)
		return done.err
	}
	if upper(string(done.line)) != "DONE" {
		r.p.line, r.p.pos = done.line, 0 // a literal that it announces is skipped
		return bad("expected DONE")
	}
	return nil
}

// doneLine is what ended an IDLE.
type doneLine struct {
	line []byte
	err  error
}

// watch reports changes in the account of the selected mailbox.
func (c *conn) watch() (changed <-chan struct{}, stop func()) {
	if c.notifier != nil {
		return c.notifier.changed, func() {}
	}
	if c.view == nil {
		return nil, func() {}
	}
	return c.s.o.Store.Watch(c.view.account)
}

// changed tells the client what a token of watch stands for.
func (c *conn) changed() {
	if c.notifier != nil {
		c.tellChanges(true)
		return
	}
	if c.refresh(); !c.closed {
		c.catchUp()
	}
}

// catchUp tells all that changed in the selected mailbox, if the client wants to
// know.
func (c *conn) catchUp() {
	if c.view != nil && c.quiet&onMessageNew == 0 {
		c.poll(true)
	}
}

// readDone waits for a line. Only it reads while it runs; it ends with the
// deadline, with the connection, or when idleLoop interrupts it.
func (c *conn) readDone() (d doneLine) {
	defer func() {
		if v := recover(); v != nil { // nobody else would catch it
			d.err = fmt.Errorf("imap: read: panic: %v", v)
		}
	}()
	c.readBy(c.idleDeadline())
	if _, d.err = c.r.br.Peek(1); d.err == nil {
		d.line, d.err = c.r.line(maxSASL)
	}
	return d
}

// idleLoop writes until the reader ends, and waits for that end in any case:
// nothing else may read or write the connection before.
func (c *conn) idleLoop(changed <-chan struct{}, ended <-chan doneLine) doneLine {
	alive := time.NewTicker(c.s.limits.KeepAlive)
	defer alive.Stop()
	for {
		select {
		case done := <-ended:
			return done
		case <-changed:
			c.changed()
		case <-alive.C:
			c.refresh()
			if !c.closed {
				c.w.status("*", imap.StatusResponseTypeOK, "", "still here")
			}
		case <-c.s.stop:
			c.bye("", "server is shutting down")
		}
		if c.w.flush() != nil || c.closed {
			c.closed = true
			c.cutOff()
			<-ended
			return doneLine{err: errIdleOver}
		}
	}
}
