//go:build thunderbird || mbsync

package clients

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/flate"
)

// tap stands between a mail program and the server with the server's own
// certificate, and keeps what both say.
type tap struct {
	listener net.Listener
	upstream string
	front    *tls.Config
	back     *tls.Config

	mu       sync.Mutex
	sessions []*session
	open     map[net.Conn]struct{}
	wg       sync.WaitGroup
}

// session is the dialogue of one connection.
type session struct {
	mu    sync.Mutex
	lines []line
}

// line is what one side said, without the content of literals.
type line struct {
	server bool
	text   string
	at     time.Time
}

// String marks the sides as RFCs do.
func (l line) String() string {
	if l.server {
		return "S: " + l.text
	}
	return "C: " + l.text
}

// tap listens at addr for the service at upstream of a site.
func (s site) tap(t *testing.T, addr, upstream string, trusted *tls.Config) *tap {
	t.Helper()
	cert := value(tls.LoadX509KeyPair(filepath.Join(s.dir, "tls/cert.pem"), filepath.Join(s.dir, "tls/key.pem")))(t)
	p := &tap{listener: value(net.Listen("tcp", addr))(t), upstream: upstream, back: trusted, open: make(map[net.Conn]struct{}),
		front: &tls.Config{Certificates: []tls.Certificate{cert}}}
	p.wg.Go(p.accept)
	t.Cleanup(p.close)
	return p
}

func (p *tap) close() {
	p.listener.Close()
	p.mu.Lock()
	for c := range p.open {
		c.Close()
	}
	p.mu.Unlock()
	p.wg.Wait()
}

func (p *tap) accept() {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.wg.Go(func() { p.serve(tls.Server(c, p.front)) })
	}
}

func (p *tap) serve(client net.Conn) {
	defer p.forget(client)
	s := p.remember(client)
	server, err := tls.Dial("tcp", p.upstream, p.back)
	if err != nil {
		s.add(true, fmt.Sprint("tap: ", err))
		return
	}
	defer server.Close()
	var both sync.WaitGroup
	both.Go(func() { carry(server, client, &side{s: s}) })
	both.Go(func() { carry(client, server, &side{s: s, server: true}) })
	both.Wait()
}

func (p *tap) remember(c net.Conn) *session {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := new(session)
	p.sessions = append(p.sessions, s)
	p.open[c] = struct{}{}
	return s
}

func (p *tap) forget(c net.Conn) {
	c.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, c)
}

// carry notes each piece before it sends it on, so that an answer always stands
// after its question.
func carry(to, from net.Conn, note *side) {
	defer note.end()
	defer to.Close()
	io.Copy(to, io.TeeReader(from, note))
}

// side notes one direction of a session.
type side struct {
	s        *session
	server   bool
	rest     []byte // an unfinished line
	skip     int64  // bytes of a literal still to come
	inflated *io.PipeWriter
	done     chan struct{}
}

var (
	literalEnd = regexp.MustCompile(`\{(\d+)\+?\}$`)
	compress   = regexp.MustCompile(`(?i)^(\S+) COMPRESS DEFLATE$`)
)

// Write implements io.Writer.
func (d *side) Write(p []byte) (int, error) {
	if d.inflated != nil {
		return d.inflated.Write(p)
	}
	d.rest = append(d.rest, p...)
	for {
		n := min(d.skip, int64(len(d.rest)))
		d.rest, d.skip = d.rest[n:], d.skip-n
		i := bytes.IndexByte(d.rest, '\n')
		if d.skip > 0 || i < 0 {
			return len(p), nil
		}
		text := string(bytes.TrimRight(d.rest[:i], "\r"))
		d.rest = d.rest[i+1:]
		d.s.add(d.server, text)
		if m := literalEnd.FindStringSubmatch(text); m != nil {
			d.skip, _ = strconv.ParseInt(m[1], 10, 64)
		}
		if d.s.compresses(d.server, text) {
			d.inflate()
			_, err := d.inflated.Write(d.rest)
			return len(p), err
		}
	}
}

// inflate reads the rest of the direction through DEFLATE (RFC 4978). Clients
// flush in the middle of a block, which the standard library waits to see whole.
func (d *side) inflate() {
	r, w := io.Pipe()
	d.inflated, d.done = w, make(chan struct{})
	inner := &side{s: d.s, server: d.server}
	go func() {
		defer close(d.done)
		if _, err := io.Copy(inner, flate.NewReaderOpts(r, flate.WithPartialBlock())); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			d.s.add(d.server, fmt.Sprint("tap: ", err))
		}
		io.Copy(io.Discard, r)
	}()
}

func (d *side) end() {
	if d.inflated != nil {
		d.inflated.Close()
		<-d.done
	}
}

func (s *session) add(server bool, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, line{server, text, time.Now()})
}

// compresses reports whether all that follows a line of one side is compressed:
// for the client that is its command, for the server its OK.
func (s *session) compresses(server bool, text string) bool {
	if !server {
		return compress.MatchString(text)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.lines {
		if m := compress.FindStringSubmatch(l.text); !l.server && m != nil {
			return len(text) > len(m[1]) && text[:len(m[1])] == m[1] && bytes.HasPrefix([]byte(text[len(m[1]):]), []byte(" OK"))
		}
	}
	return false
}

// said returns the lines of all sessions that match a pattern, as "C: …" and "S: …".
func (p *tap) said(pattern string) []string {
	re := regexp.MustCompile(pattern)
	var found []string
	for _, l := range p.transcript() {
		if re.MatchString(l) {
			found = append(found, l)
		}
	}
	return found
}

// transcript returns all that was said, session after session.
func (p *tap) transcript() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []string
	for _, s := range p.sessions {
		s.mu.Lock()
		for _, l := range s.lines {
			all = append(all, l.String())
		}
		s.mu.Unlock()
	}
	return all
}

// timed is the transcript with the time of each line, for a person.
func (p *tap) timed() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var b bytes.Buffer
	for i, s := range p.sessions {
		s.mu.Lock()
		fmt.Fprintf(&b, "== connection %d\n", i+1)
		for _, l := range s.lines {
			fmt.Fprintf(&b, "%s %s\n", l.at.Format("05.000"), l)
		}
		s.mu.Unlock()
	}
	return b.String()
}

// imapRefused is every answer that refuses a command.
const imapRefused = `^S: \S+ (NO|BAD)\b|^S: \* BYE \[|^S: tap:`
