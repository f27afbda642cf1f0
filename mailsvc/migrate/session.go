package migrate

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-sasl"
)

// session is one connection, logged in.
type session struct {
	*imapclient.Client
	w    *wire
	stop func() bool // ends the watch over the context
}

func (s *session) close() {
	s.stop()
	s.Client.Close()
}

// await surrounds a command whose answer is waited for.
func (s *session) await(command func() error) error {
	s.w.begin()
	defer s.w.done()
	return command()
}

// dial opens a connection and logs in. Failures are of type *Failure.
func dial(ctx context.Context, j Job, o *Options) (*session, error) {
	where := net.JoinHostPort(j.Server.Host, j.Server.Port)
	conn, err := o.dial(ctx, "tcp", where)
	if err != nil {
		return nil, passing("không nối được với máy chủ cũ "+where+"; hãy kiểm tra địa chỉ, cổng và tường lửa", err)
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	s, err := enter(ctx, conn, j, o)
	if err != nil {
		stop()
		conn.Close()
		return nil, err
	}
	s.stop = stop
	return s, nil
}

func enter(ctx context.Context, conn net.Conn, j Job, o *Options) (*session, error) {
	conn.SetDeadline(time.Now().Add(o.Patience))
	greeting := ""
	config := &tls.Config{ServerName: j.Server.Host, RootCAs: j.Server.CA, MinVersion: tls.VersionTLS12}
	switch j.Server.Security {
	case StartTLS:
		if err := startTLS(conn); err != nil {
			return nil, err
		}
		greeting = "* OK ready\r\n" // there is none after STARTTLS, and the client waits for one
		fallthrough
	case TLS:
		secure := tls.Client(conn, config)
		if err := secure.HandshakeContext(ctx); err != nil {
			return nil, handshakeFailure(j.Server.Host, err)
		}
		conn = secure
	}
	conn.SetDeadline(time.Time{})
	w := newWire(conn, o.MaxMessage, o.Patience)
	w.ready = []byte(greeting)
	s := &session{Client: imapclient.New(w, nil), w: w}
	w.begin()
	defer w.done()
	if err := s.WaitGreeting(); err != nil {
		s.Client.Close()
		return nil, passing("máy chủ cũ không chào như một máy chủ IMAP", err)
	}
	if err := s.login(j); err != nil {
		s.Client.Close()
		return nil, err
	}
	return s, nil
}

func handshakeFailure(host string, err error) error {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &unknown):
		return lasting("chứng thư của "+host+" không do nơi được tin cậy cấp; nếu đó là chứng thư riêng, hãy chỉ ra tệp bằng --ca", err)
	case errors.As(err, &name):
		return lasting("chứng thư của máy chủ cũ không mang tên "+host+"; hãy dùng đúng tên ghi trong chứng thư", err)
	case errors.As(err, &invalid):
		return lasting("chứng thư của "+host+" không còn hiệu lực", err)
	}
	return passing("không lập được kênh TLS với "+host, err)
}

// maxGreeting bounds the lines before TLS.
const maxGreeting = 4096

// startTLS asks for TLS in the clear. What stands in the clear behind the answer
// is not read as IMAP but as the beginning of TLS, where it fails.
func startTLS(conn net.Conn) error {
	greeting, err := clearLine(conn)
	if err != nil {
		return passing("máy chủ cũ không chào như một máy chủ IMAP", err)
	}
	if !hasPrefixFold(greeting, "* OK") {
		return lasting("máy chủ cũ không nhận kết nối chưa mã hóa: "+plainText(string(greeting)), nil)
	}
	if _, err := io.WriteString(conn, "a STARTTLS\r\n"); err != nil {
		return passing("máy chủ cũ ngắt kết nối", err)
	}
	for {
		line, err := clearLine(conn)
		if err != nil {
			return passing("máy chủ cũ ngắt kết nối khi được yêu cầu mã hóa", err)
		}
		if hasPrefixFold(line, "* ") {
			continue
		}
		if !hasPrefixFold(line, "a OK") {
			return lasting("máy chủ cũ không hỗ trợ STARTTLS; hãy dùng imaps://, hoặc --plain nếu chấp nhận gửi mật khẩu không mã hóa", nil)
		}
		return nil
	}
}

// clearLine reads byte by byte, so that nothing behind the line is taken.
func clearLine(r io.Reader) ([]byte, error) {
	var line []byte
	var b [1]byte
	for len(line) < maxGreeting {
		if _, err := io.ReadFull(r, b[:]); err != nil {
			return nil, err
		}
		if line = append(line, b[0]); b[0] == '\n' {
			return line, nil
		}
	}
	return nil, errLine
}

// login uses AUTHENTICATE PLAIN where it is offered, because it carries any
// password, and LOGIN otherwise.
func (s *session) login(j Job) error {
	if s.State() == imap.ConnStateAuthenticated {
		return lasting("máy chủ cũ mở sẵn một hộp thư mà không hỏi mật khẩu (PREAUTH)", nil)
	}
	caps := s.Caps()
	var err error
	switch {
	case caps.Has(imap.AuthCap("PLAIN")) || j.Server.Master != "":
		identity, user := "", j.User
		if j.Server.Master != "" {
			identity, user = j.User, j.Server.Master
		}
		err = s.Authenticate(sasl.NewPlainClient(identity, user, j.Password))
	case caps.Has(imap.CapLoginDisabled):
		return lasting("máy chủ cũ không cho đăng nhập trên kết nối này; hãy dùng imaps://", nil)
	default:
		err = s.Login(j.User, j.Password).Wait()
	}
	var refused *imap.Error
	if errors.As(err, &refused) {
		if refused.Code == imap.ResponseCodeUnavailable || refused.Code == imap.ResponseCodeInUse {
			return passing("máy chủ cũ đang bận", err)
		}
		return lasting("máy chủ cũ không nhận tên đăng nhập hoặc mật khẩu của "+j.User, errors.New(plainText(refused.Text)))
	}
	if err != nil {
		return passing("máy chủ cũ ngắt kết nối khi đăng nhập", err)
	}
	return nil
}

// plainText makes what a server says fit for a terminal and a log.
func plainText(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7F || r >= 0x80 && r < 0xA0 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if len(s) > 200 {
		s = strings.ToValidUTF8(s[:200], "") + "…"
	}
	return strings.TrimSpace(s)
}

// said turns the failure of a command into one of ours: a refusal, or an answer
// beyond all bounds, is for this folder only, anything else ends the connection.
func (s *session) said(what string, err error) error {
	var refused *imap.Error
	if errors.As(err, &refused) {
		return inFolder(what+": "+plainText(refused.Text), nil)
	}
	err = errors.Join(s.w.failure(), err)
	if errors.Is(err, errLine) || errors.Is(err, errFolders) {
		return inFolder(what+": trả lời dài quá mức xử lý được", err)
	}
	return passing("máy chủ cũ ngắt kết nối", fmt.Errorf("%s: %w", what, err))
}
