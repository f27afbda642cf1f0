package smtp

import (
	"errors"

	"github.com/emersion/go-sasl"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// authOffered reports whether a password may be sent on this connection.
func (s *session) authOffered() bool {
	return s.w.role != MX && (s.w.secure || s.s.o.InsecureLoopbackAuth && isLoopback(s.w.c.ip))
}

// AuthMechanisms implements gosmtp.AuthSession.
func (s *session) AuthMechanisms() []string {
	if !s.authOffered() {
		return nil
	}
	return []string{sasl.Plain, sasl.Login}
}

// Auth implements gosmtp.AuthSession.
func (s *session) Auth(mech string) (sasl.Server, error) {
	switch {
	case s.w.role == MX:
		return nil, s.answer(noAuthHere)
	case !s.authOffered():
		return nil, s.answer(needTLS)
	case s.tx != nil: // RFC 4954 section 4
		return nil, s.answer(needMail)
	}
	switch mech {
	case sasl.Plain:
		return sasl.NewPlainServer(func(identity, username, password string) error {
			if identity != "" && lower(identity) != lower(username) {
				return s.answer(authFailed)
			}
			return s.authenticate(username, password)
		}), nil
	case sasl.Login:
		return &loginServer{authenticate: s.authenticate}, nil
	}
	return nil, s.answer(refusal{504, [3]int{5, 5, 4}, "Mechanism is not offered", ""})
}

func (s *session) authenticate(username, password string) error {
	a, err := s.s.o.Identities.Authenticate(s.s.ctx, username, password, s.w.c.ip)
	if err == nil {
		s.account = &a
		return nil
	}
	if s.authFailures++; s.authFailures >= s.s.o.Limits.AuthFailures {
		s.w.ending = true
	}
	if !errors.Is(err, mailsvc.ErrNotAllowed) {
		s.s.log.Error("smtp authentication not possible", "remote", s.w.c.ip, "err", err)
		return s.answer(authBusy)
	}
	s.s.log.Info("smtp authentication failed", "remote", s.w.c.ip)
	return s.answer(authFailed)
}

// loginServer is the server side of LOGIN, which some programs know only
// (draft-murchison-sasl-login).
type loginServer struct {
	authenticate func(username, password string) error
	username     *string
	asked        bool
}

// Next implements sasl.Server.
func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	switch {
	case l.username != nil:
		return nil, true, l.authenticate(*l.username, string(response))
	case response == nil && !l.asked:
		l.asked = true
		return []byte("Username:"), false, nil
	}
	u := string(response)
	l.username = &u
	return []byte("Password:"), false, nil
}
