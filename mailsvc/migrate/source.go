package migrate

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// Security says how a connection is encrypted.
type Security int

const (
	// TLS from the first byte, imaps.
	TLS Security = iota
	// StartTLS on a connection that begins in the clear; without it, nothing is
	// sent, the password least of all.
	StartTLS
	// Plain sends passwords and mail in the clear.
	Plain
)

// Server is an old IMAP server.
type Server struct {
	Host     string // name or address, as its certificate says
	Port     string
	Security Security
	// CA are the authorities that may vouch for its certificate; nil means those
	// of the machine.
	CA *x509.CertPool `json:"-"`
	// Master, if not "", is the login of an administrator who may enter every
	// mailbox (SASL PLAIN with an authorization identity, RFC 4616); the password
	// is then the administrator's.
	Master string
}

// ErrPassword is returned by ParseServer for an address that holds a password:
// command lines are seen by everybody on the machine.
var ErrPassword = errors.New("mật khẩu không được ghi trên dòng lệnh / no password on the command line")

// ParseServer reads imaps://[USER@]HOST[:PORT] or imap://…. The second form means
// STARTTLS, unless plain is set or the host is the machine itself (a tunnel). The
// user, if there is one, is returned apart; "%40" may stand for its "@".
func ParseServer(s string, plain bool) (srv Server, user string, err error) {
	u, err := url.Parse(s)
	if err != nil {
		return srv, "", fmt.Errorf("%q không phải địa chỉ máy chủ; viết imaps://MÁY-CHỦ / not an address", withoutUser(s))
	}
	if _, has := u.User.Password(); has {
		return srv, "", ErrPassword
	}
	srv.Host, srv.Port = u.Hostname(), u.Port()
	switch strings.ToLower(u.Scheme) {
	case "imaps":
		srv.Security, srv.Port = TLS, orPort(srv.Port, "993")
	case "imap":
		srv.Security, srv.Port = StartTLS, orPort(srv.Port, "143")
		if plain || loopback(srv.Host) {
			srv.Security = Plain
		}
	default:
		return srv, "", fmt.Errorf("%q: cần imaps://MÁY-CHỦ hoặc imap://MÁY-CHỦ / expected imaps:// or imap://", withoutUser(s))
	}
	if srv.Host == "" || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" {
		return srv, "", fmt.Errorf("%q: sau tên máy chủ chỉ có thể là số cổng / nothing but a port may follow the host", withoutUser(s))
	}
	return srv, u.User.Username(), nil
}

// withoutUser cuts what may be a password out of an address that does not parse.
func withoutUser(s string) string {
	scheme, rest, ok := strings.Cut(s, "://")
	if i := strings.LastIndexByte(rest, '@'); ok && i >= 0 {
		return scheme + "://…" + rest[i:]
	}
	return s
}

func orPort(port, usual string) string {
	if port == "" {
		return usual
	}
	return port
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Job is one mailbox to be copied.
type Job struct {
	Server   Server
	User     string // on the old server
	Password string
	Account  string // here
}

// String names the job without its password.
func (j Job) String() string { return j.User + " @ " + j.Server.Host + " -> " + j.Account }
