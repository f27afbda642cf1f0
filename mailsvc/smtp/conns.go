package smtp

import (
	"net"
	"net/netip"
	"sync"

	gosmtp "github.com/emersion/go-smtp"
)

// conn is one accepted socket. It counts as open until it is closed, whatever
// wraps it meanwhile.
type conn struct {
	net.Conn
	s       *Server
	ip      string // textual IP address of the client
	network string // what shares ConnectionsPerIP with it

	once sync.Once
	w    *wire // who speaks on it now; under Server.mu
}

// Close closes the socket, once.
func (c *conn) Close() error {
	err := net.ErrClosed
	c.once.Do(func() {
		err = c.Conn.Close()
		c.s.release(c)
	})
	return err
}

// admit counts a new connection, or says in one phrase why it may not come in.
func (s *Server) admit(c *conn) (refusal string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.o.Limits
	switch {
	case s.stopping:
		return "is stopping, try again later"
	case l.Connections > 0 && len(s.conns) >= l.Connections:
		return "has too many connections, try again later"
	case l.ConnectionsPerIP > 0 && s.perIP[c.network] >= l.ConnectionsPerIP:
		return "has too many connections from your network, try again later"
	}
	s.conns[c] = true
	s.perIP[c.network]++
	return ""
}

func (s *Server) release(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.conns[c] {
		return
	}
	delete(s.conns, c)
	if s.perIP[c.network]--; s.perIP[c.network] == 0 {
		delete(s.perIP, c.network)
	}
	if s.stopping && len(s.conns) == 0 {
		close(s.empty)
	}
}

// speaks notes who speaks on a connection, so that Shutdown can reach it. It
// reports false if the server is stopping.
func (s *Server) speaks(c *conn, w *wire) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.w = w
	return !s.stopping
}

func (s *Server) track(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping {
		return false
	}
	s.listeners[l] = true
	return true
}

func (s *Server) untrack(l net.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners, l)
}

func (s *Server) isStopping() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stopping
}

// stop closes the listeners and asks every connection to come to an end.
func (s *Server) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping {
		return
	}
	s.stopping = true
	for l := range s.listeners {
		l.Close()
	}
	if len(s.conns) == 0 {
		close(s.empty)
	}
	for c := range s.conns {
		if c.w != nil {
			c.w.drain()
		}
	}
}

func (s *Server) closeAll() {
	s.mu.Lock()
	all := make([]*conn, 0, len(s.conns))
	for c := range s.conns {
		all = append(all, c)
	}
	s.mu.Unlock()
	for _, c := range all {
		c.Close()
	}
}

func ipOf(a net.Addr) string {
	host, _, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	return host
}

func isLoopback(ip string) bool {
	a, err := netip.ParseAddr(ip)
	return err == nil && a.Unmap().IsLoopback()
}

// handover is the listener of an engine: its connections come from serve, and
// from connections of the other engine that turned to TLS.
type handover struct {
	wires chan *wire
	done  chan struct{}
	once  sync.Once
}

func newHandover() *handover {
	return &handover{wires: make(chan *wire), done: make(chan struct{})}
}

func (h *handover) give(w *wire) bool {
	select {
	case h.wires <- w:
		return true
	case <-h.done:
		return false
	}
}

// Accept implements net.Listener.
func (h *handover) Accept() (net.Conn, error) {
	select {
	case w := <-h.wires:
		return w, nil
	case <-h.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (h *handover) Close() error {
	h.once.Do(func() { close(h.done) })
	return nil
}

// Addr implements net.Listener.
func (h *handover) Addr() net.Addr { return &net.TCPAddr{} }

// budget is memory that many share.
type budget struct {
	mu   sync.Mutex
	left int64
}

func (b *budget) take(n int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n > b.left {
		return false
	}
	b.left -= n
	return true
}

func (b *budget) give(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left += n
}

// wireOf is the wire below a go-smtp connection; nothing else is ever there.
func wireOf(c *gosmtp.Conn) *wire { return c.Conn().(*wire) }
