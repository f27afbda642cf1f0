package imap

import (
	"bytes"
	"net"
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

// slowConn calls meanwhile before it takes what is written.
type slowConn struct {
	net.Conn
	meanwhile func()
	got       bytes.Buffer
}

func (c *slowConn) SetWriteDeadline(time.Time) error { return nil }

func (c *slowConn) Write(p []byte) (int, error) {
	if m := c.meanwhile; m != nil {
		c.meanwhile = nil
		m()
	}
	return c.got.Write(p)
}

// TestAnswersKeepTheirMemory: what is gathered for one client while an answer is on
// its way to another does not get into it. With one processor a sync.Pool hands out
// at once what was given to it, so memory that is given away too early is
// overwritten for certain. The test must not be parallel.
func TestAnswersKeepTheirMemory(t *testing.T) {
	processors, collect := runtime.GOMAXPROCS(1), debug.SetGCPercent(-1)
	t.Cleanup(func() {
		runtime.GOMAXPROCS(processors)
		debug.SetGCPercent(collect)
	})
	other := &slowConn{}
	one := &slowConn{meanwhile: func() {
		w := writer{nc: other}
		w.str("* answer to another\r\n")
		must(t, w.flush())
		must(t, w.flush()) // nothing is pending, and nothing is given away twice
	}}
	w := writer{nc: one}
	w.str("* answer to the first\r\n")
	must(t, w.flush())
	if one.got.String() != "* answer to the first\r\n" || other.got.String() != "* answer to another\r\n" {
		t.Errorf("sent %q and %q", one.got.String(), other.got.String())
	}
	a, b := writer{}, writer{}
	a.str("a")
	b.str("b")
	if a.buf == b.buf {
		t.Error("memory with two owners")
	}
}
