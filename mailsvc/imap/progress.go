package imap

import (
	"strconv"
	"time"

	imap "github.com/emersion/go-imap/v2"
)

// progressEvery is how long a client waits for a sign of life.
const progressEvery = 10 * time.Second

// progress tells the client of a long command that it is still at work
// (INPROGRESS, RFC 9585).
type progress struct {
	r           *request
	done, total int
	asked       int // done when the clock was last looked at
	last        time.Time
}

// tick counts one message. It reports false when the client is gone.
func (p *progress) tick() bool {
	if p.done++; p.done-p.asked < 64 {
		return true
	}
	p.asked = p.done
	now := time.Now()
	if p.last.IsZero() {
		p.last = now
	}
	if now.Sub(p.last) < progressEvery {
		return true
	}
	p.last = now
	w := &p.r.c.w
	code := string(appendString([]byte(`INPROGRESS (`), p.r.tag, false)) + " " + strconv.Itoa(p.done) + " " + strconv.Itoa(max(p.total, p.done)) + ")"
	w.status("*", imap.StatusResponseTypeOK, code, "still at work")
	return w.flush() == nil
}
