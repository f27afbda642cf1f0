// Package smtp takes mail in: from other servers, and from the people who have
// an account here.
//
// What always holds:
//
//   - 250 after the data means that every copy is on disk: in a mailbox here, in
//     the outgoing queue, or taken by an [mailsvc.Intake].
//   - A message is the bytes between DATA and CRLF.CRLF, or the announced octets
//     of its BDAT chunks, complete. Anything less is no message; nothing that
//     follows is ever taken for a part of it, nor a part of it for a command.
//   - CR, LF and NUL stand in a message only as the line ending CRLF. Mail that
//     breaks this is refused (550 5.6.11) and the connection closed: two servers
//     that disagree on where a line ends disagree on where a mail ends.
//   - Nobody without an account sends to another domain, and nobody with an
//     account sends in a name that is not theirs.
//   - A recipient is known when RCPT is answered with 250; nothing is bounced later
//     that could have been refused.
//   - Time and memory of a connection are bounded, however slow or long-winded.
//   - Mail for an intake is in memory only until the intake has taken it.
//
// # How it is built
//
//	Server   listeners, limits, TLS, stopping
//	wire     one connection: strict lines, DATA and BDAT, deadlines; see wire.go
//	go-smtp  the commands: syntax, order, extensions, AUTH exchanges
//	session  what the commands mean here: who may send what to whom
//	deliver  one complete message to all its recipients
//
// go-smtp never sees message data, BDAT or STARTTLS: wire handles those and
// shows it a plain DATA. That guards against its known defects (short BDAT
// accepted, commands read out of a broken DATA, one deadline for a whole body).
package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	gosmtp "github.com/emersion/go-smtp"

	"quangtri.gov.vn/vanthu/internal/subnet"
	"quangtri.gov.vn/vanthu/mailsvc"
)

// Role says whom a listener serves.
type Role int

const (
	// MX takes mail from other servers for accounts here: port 25, STARTTLS
	// offered, no AUTH.
	MX Role = iota
	// Submission takes mail from account holders: port 587, STARTTLS required
	// before AUTH; RFC 6409.
	Submission
	// Submissions is Submission with TLS from the first byte: port 465; RFC 8314.
	Submissions
)

// Options for New. Those above the limits are required, except where it says so.
type Options struct {
	Hostname   string   // this server's name: greeting and Received fields
	Domains    []string // mail domains served
	Identities mailsvc.Identities
	// Intakes take mail for the address that is their key, lower case. May be nil.
	Intakes map[string]mailsvc.Intake
	// Ingest stores and indexes a message; mime.Ingest.
	Ingest func(io.Reader) (mailsvc.NewMessage, error)
	// Deliver puts a message into mailboxes here; mailsvc.Store.
	Deliver func(context.Context, mailsvc.Delivery) []error
	// Enqueue takes mail for other servers, and for mailboxes here that could not
	// be written just now; mailsvc.Queue. See deliver.go.
	Enqueue func(context.Context, []mailsvc.Outgoing) error
	// TLS is for STARTTLS and Submissions. nil: no STARTTLS, no Submissions.
	TLS *tls.Config
	// InsecureLoopbackAuth lets clients on this machine authenticate without TLS.
	InsecureLoopbackAuth bool
	// RefuseOwnSenders refuses mail at MX whose envelope sender is in one of
	// Domains: its holder would have used submission. Mail that outside services
	// send or forward under such an address is then refused, too.
	RefuseOwnSenders bool
	Now              func() time.Time // for trace and Date fields; nil means time.Now
	Logger           *slog.Logger     // nil means slog.Default()

	Limits Limits
}

// Limits bounds what one client, or all together, can take. Zero fields take
// the default, negative ones mean no limit where it says so.
type Limits struct {
	MessageSize  int64 // octets of one message; 0 means 50 MiB
	IntakeSize   int64 // octets of one message to an intake; 0 means MessageSize
	IntakeMemory int64 // octets of all messages to intakes at once; 0 means 4 x IntakeSize
	Recipients   int   // RCPT of one message; 0 means 1000
	HeaderSize   int   // octets of a header; 0 means 256 KiB
	HeaderFields int   // fields of a header; 0 means 1000
	LineLength   int   // octets of a line of data; 0 means 64 KiB
	Hops         int   // Received fields; 0 means 50

	Connections      int // at once; 0 means 1000, negative no limit
	ConnectionsPerIP int // from one IPv4 address or IPv6 /64; 0 means 50, negative no limit
	Commands         int // in a row that lead to no message; 0 means 2 x Recipients + 100
	Refused          int // recipients refused on one connection; 0 means 100
	AuthFailures     int // on one connection; 0 means 3

	Handshake time.Duration // for TLS; 0 means 30 seconds
	Command   time.Duration // for each command line; 0 means 5 minutes (RFC 5321 section 4.5.3.2)
	Idle      time.Duration // between two reads of data; 0 means 3 minutes
	Write     time.Duration // for each write; 0 means 1 minute
	// MinRate is what a sender of data must reach, octets a second, after a first
	// Idle in which it need not; 0 means 512.
	MinRate int64
}

func (l Limits) withDefaults() Limits {
	set(&l.MessageSize, 50<<20)
	set(&l.IntakeSize, l.MessageSize)
	set(&l.IntakeMemory, 4*l.IntakeSize)
	set(&l.Recipients, 1000)
	set(&l.HeaderSize, 256<<10)
	set(&l.HeaderFields, 1000)
	set(&l.LineLength, 64<<10)
	set(&l.Hops, 50)
	set(&l.Connections, 1000)
	set(&l.ConnectionsPerIP, 50)
	set(&l.Commands, 2*l.Recipients+100)
	set(&l.Refused, 100)
	set(&l.AuthFailures, 3)
	set(&l.Handshake, 30*time.Second)
	set(&l.Command, 5*time.Minute)
	set(&l.Idle, 3*time.Minute)
	set(&l.Write, time.Minute)
	set(&l.MinRate, 512)
	return l
}

func set[T comparable](p *T, v T) {
	var zero T
	if *p == zero {
		*p = v
	}
}

// Server serves any number of listeners. Its methods may be called from many
// goroutines.
type Server struct {
	o   Options
	log *slog.Logger

	domains map[string]bool
	memory  budget
	ctx     context.Context // ends when connections are cut
	cut     context.CancelFunc

	engines map[kind]engine
	serving sync.WaitGroup // of the engines

	mu        sync.Mutex
	stopping  bool
	listeners map[net.Listener]bool
	conns     map[*conn]bool
	perIP     map[string]int
	empty     chan struct{} // closed when stopping and no connection is left
}

// New makes a server. It panics if a required option is missing, which is a
// mistake in the program.
func New(o Options) *Server {
	if o.Hostname == "" || len(o.Domains) == 0 || o.Identities == nil || o.Ingest == nil || o.Deliver == nil || o.Enqueue == nil {
		panic("smtp.New: a required option is missing")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	o.Limits = o.Limits.withDefaults()
	s := &Server{
		o:         o,
		log:       o.Logger,
		domains:   map[string]bool{},
		engines:   map[kind]engine{},
		listeners: map[net.Listener]bool{},
		conns:     map[*conn]bool{},
		perIP:     map[string]int{},
		empty:     make(chan struct{}),
	}
	s.memory.left = o.Limits.IntakeMemory
	for _, d := range o.Domains {
		s.domains[strings.ToLower(d)] = true
	}
	s.ctx, s.cut = context.WithCancel(context.Background())
	for _, k := range []kind{{false, false}, {false, true}, {true, false}, {true, true}} {
		e := s.engine(k)
		s.engines[k] = e
		s.serving.Go(func() { _ = e.Serve(e.handover) })
	}
	return s
}

// kind of connection: each offers other things in EHLO.
type kind struct{ submission, secure bool }

// engine runs the commands of the connections that are handed to it.
type engine struct {
	*gosmtp.Server
	handover *handover
}

func (s *Server) engine(k kind) engine {
	e := gosmtp.NewServer(gosmtp.BackendFunc(s.newSession))
	e.Domain = s.o.Hostname
	e.MaxRecipients = s.o.Limits.Recipients
	e.MaxMessageBytes = s.o.Limits.MessageSize
	e.MaxLineLength = 0 // wire bounds lines, commands and data each in its own way
	e.AllowInsecureAuth = true
	e.EnableSMTPUTF8 = true
	// Success is reported to account holders only: the sender of foreign mail may
	// be forged.
	e.EnableDSN = k.submission
	if !k.secure {
		e.TLSConfig = s.o.TLS // so that STARTTLS is offered; wire does it
	}
	e.ErrorLog = errorLog{s.log}
	return engine{e, newHandover()}
}

// errorLog carries go-smtp's complaints, which name addresses and errors only.
type errorLog struct{ log *slog.Logger }

func (l errorLog) Printf(format string, v ...any) {
	l.log.Warn("smtp", "err", fmt.Sprintf(format, v...))
}
func (l errorLog) Println(v ...any) { l.log.Warn("smtp", "err", fmt.Sprint(v...)) }

// ErrStopped is what Serve returns after Shutdown.
var ErrStopped = errors.New("smtp server was stopped")

// Serve accepts connections until the listener fails or Shutdown is called, and
// closes the listener. It returns ErrStopped after Shutdown.
func (s *Server) Serve(l net.Listener, role Role) error {
	defer l.Close()
	if role == Submissions && s.o.TLS == nil {
		return errors.New("smtp: submissions needs a certificate")
	}
	if !s.track(l) {
		return ErrStopped
	}
	defer s.untrack(l)
	var delay time.Duration
	for {
		nc, err := l.Accept()
		if err == nil {
			delay = 0
			go s.serve(nc, role)
			continue
		}
		if s.isStopping() {
			return ErrStopped
		}
		if errors.Is(err, net.ErrClosed) {
			return err
		}
		// Out of descriptors, most likely: others will finish.
		delay = min(max(2*delay, 5*time.Millisecond), time.Second)
		s.log.Warn("smtp accept failed", "err", err, "retry", delay)
		select {
		case <-time.After(delay):
		case <-s.ctx.Done():
			return ErrStopped
		}
	}
}

// serve admits one connection and hands it to an engine.
func (s *Server) serve(nc net.Conn, role Role) {
	defer func() {
		if p := recover(); p != nil {
			s.log.Error("smtp panic", "remote", nc.RemoteAddr(), "panic", p, "stack", string(debug.Stack()))
			nc.Close()
		}
	}()
	c := &conn{Conn: nc, s: s, ip: ipOf(nc.RemoteAddr())}
	c.network = subnet.Of(c.ip)
	if refusal := s.admit(c); refusal != "" {
		s.log.Info("smtp connection refused", "remote", c.ip, "reason", refusal)
		_ = nc.SetWriteDeadline(time.Now().Add(time.Second))
		if role != Submissions {
			fmt.Fprintf(nc, "421 4.7.0 %s %s\r\n", s.o.Hostname, refusal)
		}
		nc.Close()
		return
	}
	var stream net.Conn = c
	if role == Submissions {
		t, err := s.handshake(c)
		if err != nil {
			c.Close()
			return
		}
		stream = t
	}
	s.hand(newWire(s, c, stream, role, role == Submissions))
}

// handshake makes the connection a TLS one within the time allowed.
func (s *Server) handshake(c *conn) (net.Conn, error) {
	t := tls.Server(c, s.o.TLS)
	ctx, cancel := context.WithTimeout(s.ctx, s.o.Limits.Handshake)
	defer cancel()
	_ = c.SetDeadline(time.Now().Add(s.o.Limits.Handshake))
	err := t.HandshakeContext(ctx)
	_ = c.SetDeadline(time.Time{})
	if err != nil {
		s.log.Info("smtp TLS handshake failed", "remote", c.ip, "err", err)
	}
	return t, err
}

// hand gives a connection to the engine that suits it.
func (s *Server) hand(w *wire) {
	if !s.engines[kind{w.role != MX, w.secure}].handover.give(w) {
		w.Close()
	}
}

// Shutdown stops accepting, tells idle clients 421, lets transactions that have
// begun come to their end, and returns when all connections are closed. If ctx
// ends first, the rest are cut, and its error is returned: what was answered 250
// is on disk all the same.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stop()
	var err error
	select {
	case <-s.empty:
	case <-ctx.Done():
		err = ctx.Err()
		s.closeAll()
		<-s.empty
	}
	s.cut()
	// Sessions that were cut may still be storing what they have: the stores must
	// not be closed under them.
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWait)
	defer cancel()
	for _, e := range s.engines {
		e.handover.Close()
		if e := e.Shutdown(last); e != nil && !errors.Is(e, gosmtp.ErrServerClosed) {
			err = errors.Join(err, e)
		}
	}
	s.serving.Wait()
	return err
}

// lastWait is how long Shutdown waits for sessions without a connection.
const lastWait = 5 * time.Second
