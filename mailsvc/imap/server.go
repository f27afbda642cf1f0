package imap

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// TLSMode says how a listener's connections are protected.
type TLSMode int

const (
	// StartTLS begins in the clear; LOGIN and AUTHENTICATE are refused until STARTTLS (port 143).
	StartTLS TLSMode = iota
	// Implicit speaks TLS from the first byte (port 993, RFC 8314).
	Implicit
	// Plain never speaks TLS and takes passwords in the clear: loopback and tests only.
	Plain
)

// Options configures a [Server]. Store, Blobs and Identities are required;
// zero values elsewhere mean the defaults named at each field.
type Options struct {
	Store      mailsvc.Store
	Blobs      mailsvc.Blobs
	Identities mailsvc.Identities
	TLSConfig  *tls.Config // required by StartTLS and Implicit
	Limits     Limits
	Logger     *slog.Logger     // nil: discard
	Now        func() time.Time // nil: time.Now
}

// Limits bounds what one client can make the server hold or do.
type Limits struct {
	ConnsPerIP    int           // open connections per client address, of IPv6 per /64; default 200, negative: no limit
	ConnsPerUser  int           // logged-in connections per account; default 100, negative: no limit
	Conns         int           // open connections in all; default 20,000, negative: no limit
	Compressed    int           // connections with COMPRESS=DEFLATE, about 50 KiB more each; default 500, negative: no limit
	MaxMessage    int64         // bytes of one message of APPEND; default 50 MiB
	CommandBefore int           // bytes of one command before login, literals included; default 8 KiB
	CommandAfter  int           // bytes of one command after login, messages not counted; default 1 MiB
	LoginTimeout  time.Duration // from the greeting to a successful login; default 2 min
	IdleTimeout   time.Duration // silence between commands; default 30 min (RFC 9051 section 5.4)
	ReadTimeout   time.Duration // silence inside a command; default 1 min
	WriteTimeout  time.Duration // for a piece of at most 128 KiB of an answer to be taken; default 1 min
	KeepAlive     time.Duration // an untagged OK during IDLE, against NAT timeouts; default 4 min
	LoginFailures int           // failed logins before the connection is closed; default 3
}

func orDefault[T int | int64 | time.Duration](v *T, d T) {
	if *v == 0 {
		*v = d
	}
}

func (l Limits) withDefaults() Limits {
	orDefault(&l.ConnsPerIP, 200)
	orDefault(&l.ConnsPerUser, 100)
	orDefault(&l.Conns, 20_000)
	orDefault(&l.Compressed, 500)
	orDefault(&l.MaxMessage, 50<<20)
	orDefault(&l.CommandBefore, 8<<10)
	orDefault(&l.CommandAfter, 1<<20)
	orDefault(&l.LoginTimeout, 2*time.Minute)
	orDefault(&l.IdleTimeout, 30*time.Minute)
	orDefault(&l.ReadTimeout, time.Minute)
	orDefault(&l.WriteTimeout, time.Minute)
	orDefault(&l.KeepAlive, 4*time.Minute)
	orDefault(&l.LoginFailures, 3)
	return l
}

// Server is an IMAP server. Its methods are safe for concurrent use.
type Server struct {
	o        Options
	limits   Limits
	log      *slog.Logger
	now      func() time.Time
	commands map[string]command

	ctx    context.Context // ends when Shutdown gives up waiting
	cancel context.CancelFunc
	stop   chan struct{} // closed when Shutdown begins

	mu         sync.Mutex
	stopping   bool
	listeners  map[net.Listener]struct{}
	conns      map[*conn]struct{}
	perIP      map[string]int
	perUser    map[string]int
	compressed int
	wg         sync.WaitGroup
}

// New returns a server that does not listen yet.
func New(o Options) *Server {
	s := &Server{o: o, limits: o.Limits.withDefaults(), log: o.Logger, now: o.Now, commands: commandTable(), stop: make(chan struct{}),
		listeners: make(map[net.Listener]struct{}), conns: make(map[*conn]struct{}),
		perIP: make(map[string]int), perUser: make(map[string]int)}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// Serve accepts connections from l until Shutdown, then returns nil; any other
// end is an error. It closes l.
func (s *Server) Serve(l net.Listener, mode TLSMode) error {
	defer l.Close()
	if mode != Plain && s.o.TLSConfig == nil {
		return errors.New("imap: this listener needs a TLS configuration")
	}
	if !s.addListener(l) {
		return nil
	}
	defer s.removeListener(l)
	var wait time.Duration
	for {
		nc, err := l.Accept()
		if err == nil {
			wait = 0
			s.accept(nc, mode)
			continue
		}
		if s.isStopping() {
			return nil
		}
		// Out of descriptors is the usual temporary failure: wait for some to be
		// closed. A listener that is closed by others will not get better.
		if errors.Is(err, net.ErrClosed) {
			return err
		}
		wait = min(max(2*wait, 5*time.Millisecond), time.Second)
		s.log.Error("imap: accept", "err", err)
		select {
		case <-time.After(wait):
		case <-s.stop:
			return nil
		}
	}
}

func (s *Server) addListener(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping {
		return false
	}
	s.listeners[l] = struct{}{}
	return true
}

func (s *Server) removeListener(l net.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners, l)
}

func (s *Server) isStopping() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stopping
}

// accept starts serving nc, or refuses it.
func (s *Server) accept(nc net.Conn, mode TLSMode) {
	ip := remoteIP(nc)
	c := newConn(s, nc, mode, ip)
	s.mu.Lock()
	refused := ""
	switch l := s.limits; {
	case s.stopping:
		refused = "server is shutting down"
	case l.Conns >= 0 && len(s.conns) >= l.Conns:
		refused = "too many connections"
	case l.ConnsPerIP >= 0 && s.perIP[c.network] >= l.ConnsPerIP:
		refused = "too many connections from your address"
	default:
		s.conns[c] = struct{}{}
		s.perIP[c.network]++
		s.wg.Add(1)
	}
	s.mu.Unlock()
	if refused == "" {
		go c.serve()
		return
	}
	if mode != Implicit { // a handshake is more than a refused client may cost
		nc.SetWriteDeadline(time.Now().Add(time.Second))
		nc.Write([]byte("* BYE [UNAVAILABLE] " + refused + "\r\n"))
	}
	nc.Close()
}

func remoteIP(nc net.Conn) string {
	host, _, err := net.SplitHostPort(nc.RemoteAddr().String())
	if err != nil {
		return nc.RemoteAddr().String()
	}
	return host
}

// forget is called by a connection at its end.
func (s *Server) forget(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	release(s.perIP, c.network)
	if c.compressed {
		s.compressed--
	}
}

func release(m map[string]int, key string) {
	if m[key]--; m[key] <= 0 {
		delete(m, key)
	}
}

// enterUser counts a login; false if the account has too many.
func (s *Server) enterUser(account string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.limits.ConnsPerUser >= 0 && s.perUser[account] >= s.limits.ConnsPerUser {
		return false
	}
	s.perUser[account]++
	return true
}

func (s *Server) leaveUser(account string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	release(s.perUser, account)
}

// Shutdown stops accepting, lets commands that have begun finish, says BYE to
// every client and returns when all are gone. When ctx ends first it cuts the
// rest off and returns ctx's error. An APPEND that was answered OK is stored.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	if !s.stopping {
		s.stopping = true
		close(s.stop)
	}
	for l := range s.listeners {
		l.Close()
	}
	for c := range s.conns {
		c.wake()
	}
	s.mu.Unlock()
	done := make(chan struct{})
	go func() {
		s.wg.Wait()
		close(done)
	}()
	select {
	case <-done:
		s.cancel()
		return nil
	case <-ctx.Done():
	}
	s.cancel()
	s.mu.Lock()
	for c := range s.conns {
		c.raw.Close()
	}
	s.mu.Unlock()
	<-done
	return ctx.Err()
}
