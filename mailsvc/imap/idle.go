package imap

import (
	"errors"
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
	if c.view != nil {
		c.poll(true) // what came before the watch began
	}
	c.proceed("idling")
	ended := make(chan error, 1)
	c.idling = true
	go c.readDone(ended)
	err := c.idleLoop(changed, ended)
	c.idling = false
	if err != nil {
		r.p.failIO(err)
	}
	return err
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
		c.tellChanges()
		return
	}
	if c.refresh(); !c.closed {
		c.poll(true)
	}
}

// readDone waits for DONE. Only it reads while it runs; it ends with the
// deadline, with the connection, or when idleLoop interrupts it.
func (c *conn) readDone(ended chan<- error) {
	c.readBy(c.idleDeadline())
	_, err := c.r.br.Peek(1)
	if err == nil {
		var line []byte
		if line, err = c.r.line(maxSASL); err == nil && upper(string(line)) != "DONE" {
			err = bad("expected DONE")
		}
	}
	ended <- err
}

// idleLoop writes until the reader ends, and waits for that end in any case:
// nothing else may read or write the connection before.
func (c *conn) idleLoop(changed <-chan struct{}, ended <-chan error) error {
	alive := time.NewTicker(c.s.limits.KeepAlive)
	defer alive.Stop()
	for {
		select {
		case err := <-ended:
			if e, ok := err.(*imap.Error); ok {
				c.w.status("*", e.Type, "", e.Text)
				return nil
			}
			return err
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
			return errIdleOver
		}
	}
}
