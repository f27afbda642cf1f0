// Package queue carries messages to other servers: durable, patient, and never
// twice by its own doing. It implements [mailsvc.Queue].
//
// What always holds:
//
//   - Enqueue returns nil only when the items are on disk. The same key again is
//     a no-op.
//   - Every item is in exactly one phase, on disk, before and after each attempt.
//   - Before the final dot of a transfer is written, a mark is on disk. If the
//     answer to the dot is lost, with the connection or with the process, the
//     item is [mailsvc.Unsure] and is never sent again by itself (RFC 1047: no
//     sender can know). In every other case a lost transfer is begun anew.
//   - On the wire every line ends in CRLF, no CR or LF stands alone, and what
//     DKIM signed is what is sent.
//   - Nothing is dialled that Options.AllowDial refuses.
//   - The sender of an untracked message that failed gets one delivery status
//     notification (RFC 3464), the null sender none. Tracked outcomes stay until
//     Forget.
//
// # The way of an item
//
//	Enqueue  -> waiting on disk and in the schedule
//	schedule -> due items, by priority and age, within the limits of a domain
//	route    -> local | fixed route | smarthost | MX hosts
//	attempt  -> connection, STARTTLS, AUTH, MAIL, RCPT, DATA, mark, dot
//	settle   -> delivered | waiting again | bounced | unsure, on disk; then
//	            Settled, or a notification to the sender
package queue

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"time"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// Resolver is what the queue asks of DNS. *net.Resolver is one.
type Resolver interface {
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
	LookupHost(ctx context.Context, host string) ([]string, error)
}

// Security says how a connection to a smarthost is protected.
type Security string

const (
	TLS      Security = "tls"      // from the first byte, certificate verified
	STARTTLS Security = "starttls" // required, certificate verified
	Plain    Security = "none"     // STARTTLS if offered, not verified
)

// Smarthost is a relay that takes all mail without a route of its own.
type Smarthost struct {
	Address  string // "host:port"; the host is what its certificate must name
	Security Security
	User     string // "" = no authentication; else only over TLS, unless the host is loopback
	Password string
}

// Options for Open. Hostname, Blobs, Ingest and Local are required.
type Options struct {
	Hostname string // this server's name, in EHLO and in notifications
	// Domains are served here: their items go through Local, and so do
	// notifications to senders in them.
	Domains []string
	Blobs   mailsvc.Blobs
	// Ingest stores and indexes a message; mime.Ingest.
	Ingest func(io.Reader) (mailsvc.NewMessage, error)
	// Local puts a message into the mailbox of an address in Domains. The same id
	// again is a no-op. ErrNotFound and ErrNotAllowed bounce, other errors are tried again.
	Local func(ctx context.Context, id, to string, m mailsvc.NewMessage) error
	// Sign returns signature header fields for a message, each ended by CRLF, or
	// "". nil signs nothing. See DKIM.
	Sign func(message io.Reader) (string, error)

	// Routes sends mail for a domain to a fixed "host:port", before Smarthost and MX.
	Routes    map[string]string
	Smarthost *Smarthost
	Resolver  Resolver // nil means net.DefaultResolver
	// VerifyTLS says for which domains the server's certificate must be valid;
	// else TLS is used when offered and not verified (RFC 7435). nil: none.
	VerifyTLS func(domain string) bool
	// TLSConfig is the base for outgoing TLS: roots, client certificates. May be nil.
	TLSConfig *tls.Config
	// Dial makes connections; nil means a net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// AllowDial is asked before each dial, with "tcp" and "ip:port"; nil allows
	// all. Mail
	// that only has refused ways bounces.
	AllowDial func(network, address string) error

	Expiry      time.Duration // age at which an item is returned; 0 means 5 days
	RetryFirst  time.Duration // wait after the first failed attempt; 0 means 1 minute
	RetryMax    time.Duration // longest wait; 0 means 4 hours
	PerDomain   int           // connections to one destination at once; 0 means 4
	Connections int           // connections in all; 0 means 32
	Timeouts    Timeouts

	// Fatal is told of an error after which the process must not go on; nil panics.
	Fatal  func(error)
	Logger *slog.Logger // nil means slog.Default()
}

// Timeouts of a transfer. Zero fields take the values of RFC 5321 section 4.5.3.2.
type Timeouts struct {
	Connect time.Duration // dial and TLS handshake; 0 means 30 seconds
	Command time.Duration // each reply before the data; 0 means 5 minutes
	Write   time.Duration // each write of data that makes no progress; 0 means 3 minutes
	Final   time.Duration // the reply to the final dot; 0 means 10 minutes
	// Stop is how long a transfer that has written its final dot may still wait
	// for the reply when the process is asked to stop; 0 means 20 seconds.
	Stop time.Duration
}

// Item is one queued message as operators see it.
type Item struct {
	mailsvc.Outcome
	From     string
	To       string
	Size     int64
	Priority int
	Tracked  bool
	Created  time.Time
}

// Stats counts items by phase. Sending counts those in transfer now.
type Stats struct {
	Waiting, Sending, Delivered, Bounced, Unsure int
}
