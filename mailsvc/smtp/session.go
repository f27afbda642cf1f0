package smtp

import (
	"crypto/rand"
	"errors"
	"io"
	"strings"

	gosmtp "github.com/emersion/go-smtp"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// session is what one client may do and is doing. It is used by one goroutine.
type session struct {
	s       *Server
	w       *wire
	helo    string
	account *mailsvc.Account // who authenticated, or nil

	authFailures int
	refused      int // recipients

	tx *transaction // nil outside of one
}

// transaction is what was said since MAIL.
type transaction struct {
	id   string // of this attempt; in Received and in the keys of queued mail
	from string // "" is the null path
	utf8 bool
	size int64  // announced, 0 if not
	env  string // ENVID, RFC 3461

	rcpts   int    // RCPT accepted
	single  string // the address of the only one
	local   []recipient
	remote  []recipient // for the queue: other servers, and mailboxes here whose delivery is to be reported
	intake  mailsvc.Intake
	intakes string // the intake's address
	seen    map[string]bool
}

// recipient is one accepted recipient.
type recipient struct {
	address string // as given
	account string // of a mailbox here
	notify  string // when to tell the sender, as in mailsvc.Outgoing
	orcpt   string // likewise
}

// wishes reads the DSN parameters of RCPT.
func (r *recipient) wishes(o *gosmtp.RcptOptions) {
	var all []string
	for _, n := range o.Notify {
		all = append(all, string(n))
	}
	r.notify = strings.Join(all, ",")
	// What cannot stand in a report is left out; it is only for display.
	control := func(c rune) bool { return c < ' ' || c == 0x7f }
	if n := len(o.OriginalRecipient); n > 0 && n < maxOriginal && !strings.ContainsFunc(o.OriginalRecipient, control) {
		r.orcpt = string(o.OriginalRecipientType) + ";" + o.OriginalRecipient
	}
}

// maxOriginal bounds ORCPT, RFC 3461 section 4.2, octets.
const maxOriginal = 480

// wantsSuccess reports whether the sender is to be told that the message arrived.
func (r recipient) wantsSuccess() bool {
	return strings.Contains(r.notify, string(gosmtp.DSNNotifySuccess))
}

func (s *Server) newSession(c *gosmtp.Conn) (gosmtp.Session, error) {
	return &session{s: s, w: wireOf(c), helo: c.Hostname()}, nil
}

// Reset ends the transaction. go-smtp calls it after each message, too.
func (s *session) Reset() {
	s.tx = nil
	s.w.transaction(false)
}

// Logout does nothing: a session holds nothing that must be let go.
func (s *session) Logout() error { return nil }

// maxEnvelope bounds ENVID, RFC 3461 section 4.4, octets.
const maxEnvelope = 100

// Mail implements gosmtp.Session.
func (s *session) Mail(from string, opts *gosmtp.MailOptions) error {
	switch {
	case s.tx != nil:
		return s.answer(needMail)
	case s.w.role != MX && s.account == nil:
		return s.answer(needAuth)
	}
	if len(opts.EnvelopeID) > maxEnvelope {
		return s.answer(refusal{501, gosmtp.EnhancedCode{5, 5, 4}, "ENVID is too long", ""})
	}
	tx := &transaction{id: rand.Text(), utf8: opts.UTF8, size: opts.Size, env: opts.EnvelopeID, seen: map[string]bool{}}
	if from != "" {
		p, err := parsePath(from, opts.UTF8)
		if err != nil {
			return s.answer(badSender)
		}
		tx.from = p.String()
		if s.account == nil && s.s.o.RefuseOwnSenders && s.s.domains[p.domain] {
			return s.answer(ownSender)
		}
	}
	// The null path is for what programs send about mail: it names nobody.
	if s.account != nil && from != "" && !s.s.o.Identities.MaySend(*s.account, tx.from) {
		return s.answer(notYours)
	}
	s.tx = tx
	s.w.transaction(true)
	return nil
}

// Rcpt implements gosmtp.Session.
func (s *session) Rcpt(to string, opts *gosmtp.RcptOptions) error {
	if s.tx == nil {
		return s.answer(refusal{503, gosmtp.EnhancedCode{5, 5, 1}, "MAIL comes first", ""})
	}
	err := s.addRecipient(to, opts)
	if err == nil {
		return nil
	}
	if s.refused++; s.refused > s.s.o.Limits.Refused {
		s.w.ending = true
		return s.answer(tooMany)
	}
	return err
}

func (s *session) addRecipient(to string, opts *gosmtp.RcptOptions) error {
	p, err := parsePath(to, s.tx.utf8)
	if err != nil {
		return s.answer(badRcpt)
	}
	r := recipient{address: p.String()}
	r.wishes(opts)
	switch {
	case !s.s.domains[p.domain]:
		return s.addRemote(p, r)
	case s.s.o.Intakes[lower(r.address)] != nil:
		return s.addIntake(lower(r.address))
	}
	a, err := s.s.o.Identities.Account(r.address)
	switch {
	case errors.Is(err, mailsvc.ErrNotFound):
		return s.answer(noSuchRcpt)
	case err != nil:
		s.s.log.Error("smtp recipient not looked up", "address", r.address, "err", err)
		return s.answer(trouble)
	case a.Disabled:
		return s.answer(rcptOff)
	}
	s.count(r.address)
	if !s.tx.seen[a.Address] {
		s.tx.seen[a.Address] = true
		r.account = a.Address
		if r.wantsSuccess() { // the queue delivers it and tells
			s.tx.remote = append(s.tx.remote, r)
		} else {
			s.tx.local = append(s.tx.local, r)
		}
	}
	return nil
}

func (s *session) addRemote(p path, r recipient) error {
	switch {
	case s.account == nil:
		return s.answer(noRelay)
	case p.literal():
		return s.answer(badRcpt)
	}
	s.count(r.address)
	if !s.tx.seen[r.address] {
		s.tx.seen[r.address] = true
		s.tx.remote = append(s.tx.remote, r)
	}
	return nil
}

func (s *session) addIntake(address string) error {
	if s.tx.intake != nil {
		if s.tx.intakes == address {
			return nil
		}
		// Each judges the message for itself: both may not say different things.
		return s.answer(oneIntake)
	}
	in := s.s.o.Intakes[address]
	if err := in.Permit(s.s.ctx, s.account, s.tx.from); err != nil {
		var r *mailsvc.Rejection
		if !errors.As(err, &r) {
			err = &mailsvc.Rejection{Code: 550, Enhanced: [3]int{5, 7, 1}, Text: err.Error()}
		}
		return s.judged(err, noRelay)
	}
	if s.tx.size > s.s.o.Limits.IntakeSize {
		return s.answer(tooBig)
	}
	s.count(address)
	s.tx.intake, s.tx.intakes = in, address
	return nil
}

func (s *session) count(address string) {
	s.tx.rcpts++
	s.tx.single = address
}

// Data implements gosmtp.Session. The message comes from the wire, not from r:
// see wire.
func (s *session) Data(io.Reader) error {
	limit := s.s.o.Limits.MessageSize
	if s.tx.intake != nil {
		limit = min(limit, s.s.o.Limits.IntakeSize)
	}
	b := s.w.startData(limit)
	err := s.receive(b)
	if err == nil {
		s.s.log.Info("smtp message taken", "id", s.tx.id, "remote", s.w.c.ip, "from", s.tx.from, "recipients", s.tx.rcpts, "size", b.size)
		return &gosmtp.SMTPError{Code: 250, EnhancedCode: gosmtp.EnhancedCode{2, 0, 0}, Message: "OK " + s.tx.id}
	}
	reply := s.failed(err)
	s.s.log.Info("smtp message refused", "id", s.tx.id, "remote", s.w.c.ip, "code", reply.Code, "err", cause(err))
	return reply
}

// cause is what may be logged of an error: replies may quote what an intake says
// of a document.
func cause(err error) string {
	var reply *gosmtp.SMTPError
	if errors.As(err, &reply) {
		return "refused"
	}
	return err.Error()
}

// lower folds ASCII capitals only: intakes have ASCII addresses.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
