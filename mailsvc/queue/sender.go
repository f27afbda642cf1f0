package queue

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/emersion/go-sasl"
	gosmtp "github.com/emersion/go-smtp"

	"quangtri.gov.vn/vanthu/internal/crashpoint"
	"quangtri.gov.vn/vanthu/mailsvc"
)

// sender is one worker with its connection, which it keeps from item to item.
type sender struct {
	q      *Queue
	dest   destination
	client *gosmtp.Client
	conn   net.Conn
	used   bool // at least one transaction was begun on this connection
}

// quitTime is how long a server may take to say goodbye.
const quitTime = 5 * time.Second

// leave ends a connection that is in order.
func (s *sender) leave() {
	if s.client != nil {
		s.client.CommandTimeout = quitTime
		_ = s.client.Quit()
	}
	s.close()
}

func (s *sender) close() {
	if s.client != nil {
		s.client.Close()
		s.client, s.conn, s.used = nil, nil, false
	}
}

// send makes one attempt.
func (s *sender) send(ctx context.Context, r *row) result {
	if s.dest == destLocal {
		return s.q.deliverHere(ctx, *r)
	}
	fresh := s.client == nil
	if res, ok := s.connect(ctx, domainOf(r.To)); !ok {
		return res
	}
	res, again := s.transfer(ctx, r)
	if again && !fresh && ctx.Err() == nil {
		// The server has closed the idle connection meanwhile. Nothing of this
		// item was said on it.
		s.close()
		if res, ok := s.connect(ctx, domainOf(r.To)); !ok {
			return res
		}
		res, _ = s.transfer(ctx, r)
	}
	if res.phase == mailsvc.Waiting && ctx.Err() != nil {
		res.cut = true
	}
	return res
}

// connect makes sure that there is a connection that is ready for MAIL.
func (s *sender) connect(ctx context.Context, domain string) (result, bool) {
	if s.client != nil {
		return result{}, true
	}
	hops, err := s.q.hops(ctx, domain)
	if err == nil {
		err = s.try(ctx, hops)
	}
	if err == nil {
		s.q.plan.reached(s.dest)
		return result{}, true
	}
	if ctx.Err() != nil {
		return result{phase: mailsvc.Waiting, reply: "stopped", cut: true}, false
	}
	var v verdict
	if errors.As(err, &v) {
		return permanent(v.why), false
	}
	s.q.unreachable(ctx, s.dest, err.Error())
	return temporary(err.Error()), false
}

// try connects to the first hop that answers.
func (s *sender) try(ctx context.Context, hops []hop) error {
	var last error
	refused := 0
	for _, h := range hops {
		if allow := s.q.o.AllowDial; allow != nil {
			if err := allow("tcp", h.address); err != nil {
				refused++
				last = err
				continue
			}
		}
		err := s.open(ctx, h, true)
		var te *tlsError
		if errors.As(err, &te) && !h.verify && ctx.Err() == nil {
			err = s.open(ctx, h, false) // RFC 7435: bad TLS is no worse than none
		}
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		last = fmt.Errorf("%s: %w", h.host, err)
	}
	if refused == len(hops) {
		return verdict{"5.7.1 this server may not connect there: " + last.Error()}
	}
	return last
}

// open connects to one hop and goes as far as AUTH.
func (s *sender) open(ctx context.Context, h hop, tryTLS bool) (err error) {
	t := s.q.o.Timeouts
	dialing, cancel := context.WithTimeout(ctx, t.Connect)
	defer cancel()
	nc, err := s.q.o.Dial(dialing, "tcp", h.address)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { nc.Close() })
	defer stop()
	defer func() {
		if err != nil {
			nc.Close()
		}
	}()
	var pc net.Conn = &patientConn{Conn: nc, write: t.Write}
	if h.security == TLS {
		if pc, err = s.encrypt(dialing, nc, h, ""); err != nil {
			return err
		}
	}
	c, err := s.hello(pc)
	if err != nil {
		return err
	}
	if h.security != TLS {
		if pc, c, err = s.startTLS(ctx, nc, pc, c, h, tryTLS); err != nil {
			return err
		}
	}
	if h.user != "" {
		if err := c.Auth(sasl.NewPlainClient("", h.user, h.password)); err != nil {
			return fmt.Errorf("authentication at the smarthost: %w", err)
		}
	}
	s.client, s.conn = c, pc
	return nil
}

// hello reads the greeting and says EHLO.
func (s *sender) hello(nc net.Conn) (*gosmtp.Client, error) {
	c := gosmtp.NewClient(nc)
	c.CommandTimeout = s.q.o.Timeouts.Command
	c.SubmissionTimeout = s.q.o.Timeouts.Final
	if err := c.Hello(s.q.o.Hostname); err != nil {
		return nil, err
	}
	return c, nil
}

// tlsError is a failure of TLS itself.
type tlsError struct{ err error }

func (e *tlsError) Error() string { return "TLS: " + e.err.Error() }
func (e *tlsError) Unwrap() error { return e.err }

// startTLS goes over to TLS if the server offers it, or fails if it must and
// cannot. go-smtp's own way says a second EHLO under a name that is not ours.
func (s *sender) startTLS(ctx context.Context, nc, plain net.Conn, c *gosmtp.Client, h hop, try bool) (net.Conn, *gosmtp.Client, error) {
	must := h.verify || h.security == STARTTLS
	offered, _ := c.Extension("STARTTLS")
	switch {
	case !offered && must:
		return nil, nil, errors.New("STARTTLS is required and not offered")
	case !offered || !try:
		return plain, c, nil
	}
	_ = nc.SetDeadline(time.Now().Add(s.q.o.Timeouts.Command))
	if _, err := io.WriteString(plain, "STARTTLS\r\n"); err != nil {
		return nil, nil, err
	}
	// One reply line, and nothing after it: more would be somebody's injection.
	br := bufio.NewReaderSize(plain, 2048)
	line, err := br.ReadSlice('\n')
	if err != nil {
		return nil, nil, err
	}
	if !strings.HasPrefix(string(line), "220 ") || br.Buffered() > 0 {
		return nil, nil, &tlsError{fmt.Errorf("STARTTLS was answered with %q", mailsvc.OneLine(string(line), maxReply))}
	}
	ctx, cancel := context.WithTimeout(ctx, s.q.o.Timeouts.Connect)
	defer cancel()
	pc, err := s.encrypt(ctx, nc, h, "220 TLS\r\n")
	if err != nil {
		return nil, nil, err
	}
	c, err = s.hello(pc)
	return pc, c, err
}

// encrypt makes a connection a TLS one. greeting is what the client is to read
// first: after STARTTLS there is none.
func (s *sender) encrypt(ctx context.Context, nc net.Conn, h hop, greeting string) (net.Conn, error) {
	config := &tls.Config{}
	if s.q.o.TLSConfig != nil {
		config = s.q.o.TLSConfig.Clone()
	}
	if config.ServerName == "" {
		config.ServerName = h.host
	}
	config.InsecureSkipVerify = config.InsecureSkipVerify || !h.verify
	t := tls.Client(nc, config)
	if err := t.HandshakeContext(ctx); err != nil {
		return nil, &tlsError{err}
	}
	_ = nc.SetDeadline(time.Time{})
	return &patientConn{Conn: t, write: s.q.o.Timeouts.Write, first: greeting}, nil
}

// patientConn gives each write a deadline of its own, so that a long message may
// take long, but not stand still; go-smtp sets none while it writes data.
type patientConn struct {
	net.Conn
	write time.Duration
	first string // read before anything else
}

func (c *patientConn) Read(p []byte) (int, error) {
	if c.first != "" {
		n := copy(p, c.first)
		c.first = c.first[n:]
		return n, nil
	}
	return c.Conn.Read(p)
}

func (c *patientConn) Write(p []byte) (int, error) {
	_ = c.Conn.SetWriteDeadline(time.Now().Add(c.write))
	return c.Conn.Write(p)
}

// transfer does one transaction. again says that the connection was dead before
// anything was said.
func (s *sender) transfer(ctx context.Context, r *row) (res result, again bool) {
	conn := s.conn
	uncut := context.AfterFunc(ctx, func() { conn.Close() })
	defer func() { uncut() }()
	data, res, again := s.begin(r)
	if data == nil {
		return res, again
	}
	if err := s.q.writeMessage(data, *r); err != nil {
		s.close()
		var v verdict
		if errors.As(err, &v) {
			return permanent(v.why), false
		}
		return temporary(err.Error()), false
	}
	crashpoint.Here(BeforeMark)
	if !uncut() {
		s.close()
		return temporary("stopped"), false
	}
	if err := s.q.mark(r); err != nil {
		s.close() // the dot is not written, so nothing was sent
		return temporary("4.3.0 local trouble: " + err.Error()), false
	}
	crashpoint.Here(AfterMark)
	// From here on the answer is waited for, for a while even when stopping.
	uncut = context.AfterFunc(ctx, func() { time.AfterFunc(s.q.o.Timeouts.Stop, func() { conn.Close() }) })
	res = s.finish(data)
	if s.client != nil {
		res.passed, _ = s.client.Extension("DSN")
	}
	crashpoint.Here(AfterAnswer)
	return res, false
}

// begin says MAIL, RCPT and DATA. If data is nil, res is what came of it.
func (s *sender) begin(r *row) (data *gosmtp.DataCommand, res result, again bool) {
	opts := &gosmtp.MailOptions{Size: r.Size + int64(len(r.Prefix)), EnvelopeID: r.Envelope}
	if !isASCII(r.From) || !isASCII(r.To) {
		if ok, _ := s.client.Extension("SMTPUTF8"); !ok {
			return nil, permanent("5.6.7 the server takes no addresses beyond ASCII"), false
		}
		opts.UTF8 = true
	}
	idle := s.used
	s.used = true
	if err := s.client.Mail(r.From, opts); err != nil {
		var reply *gosmtp.SMTPError
		dead := !errors.As(err, &reply) || reply.Code == 421
		return nil, s.refused(err), dead && idle
	}
	if err := s.client.Rcpt(r.To, s.wishes(r)); err != nil {
		return nil, s.refused(err), false
	}
	data, err := s.client.Data()
	if err != nil {
		return nil, s.refused(err), false
	}
	return data, result{}, false
}

// wishes are the parameters that hand the sender's wishes on, RFC 3461 section
// 5.2. go-smtp leaves them out if the server does not know them.
func (s *sender) wishes(r *row) *gosmtp.RcptOptions {
	o := &gosmtp.RcptOptions{}
	if r.Tracked {
		return o
	}
	for n := range strings.SplitSeq(r.Notify, ",") {
		if n != "" {
			o.Notify = append(o.Notify, gosmtp.DSNNotify(n))
		}
	}
	if kind, address, ok := strings.Cut(r.Original, ";"); ok {
		o.OriginalRecipientType, o.OriginalRecipient = gosmtp.DSNAddressType(kind), address
	}
	return o
}

// refused turns an error before the message into a result and makes the
// connection ready for the next item, or closes it.
func (s *sender) refused(err error) result {
	var reply *gosmtp.SMTPError
	if !errors.As(err, &reply) {
		s.close()
		return temporary("4.4.2 " + err.Error())
	}
	if reply.Code == 421 || s.client.Reset() != nil {
		s.close()
	}
	if reply.Code/100 == 5 {
		return permanent(replyText(reply))
	}
	return temporary(replyText(reply))
}

// finish writes the final dot and reads the answer to it.
func (s *sender) finish(data *gosmtp.DataCommand) result {
	answer, err := data.CloseWithResponse()
	if err == nil {
		return result{phase: mailsvc.Delivered, reply: "250 " + answer.StatusText}
	}
	var reply *gosmtp.SMTPError
	if !errors.As(err, &reply) {
		s.close()
		return result{phase: mailsvc.Unsure, reply: "4.4.2 no answer to the message: " + err.Error()}
	}
	if reply.Code == 421 {
		s.close()
	}
	switch reply.Code / 100 {
	case 2:
		return result{phase: mailsvc.Delivered, reply: replyText(reply)}
	case 4:
		return temporary(replyText(reply))
	case 5:
		return permanent(replyText(reply))
	}
	s.close()
	return result{phase: mailsvc.Unsure, reply: replyText(reply)}
}

func replyText(e *gosmtp.SMTPError) string {
	if e.EnhancedCode == (gosmtp.EnhancedCode{}) || e.EnhancedCode == gosmtp.NoEnhancedCode {
		return fmt.Sprintf("%d %s", e.Code, e.Message)
	}
	return fmt.Sprintf("%d %d.%d.%d %s", e.Code, e.EnhancedCode[0], e.EnhancedCode[1], e.EnhancedCode[2], e.Message)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// deliverHere is the attempt for a mailbox of this server.
func (q *Queue) deliverHere(ctx context.Context, r row) result {
	b, err := q.o.Blobs.Open(r.Blob)
	if err != nil {
		return q.bodyTrouble(err)
	}
	defer b.Close()
	m, err := q.o.Ingest(io.NewSectionReader(b, 0, b.Size()))
	if err == nil {
		m.Prefix, m.Internal = r.Prefix, r.Created
		err = q.o.Local(ctx, "queue/"+r.Key, r.To, m)
	}
	switch {
	case err == nil:
		return result{phase: mailsvc.Delivered, reply: "250 2.0.0 delivered"}
	case errors.Is(err, mailsvc.ErrNotFound):
		return permanent("550 5.1.1 no such mailbox")
	case errors.Is(err, mailsvc.ErrNotAllowed):
		return permanent("550 5.2.1 mailbox is disabled")
	case errors.Is(err, mailsvc.ErrTooLarge):
		return permanent("552 5.2.3 message is too large")
	case errors.Is(err, mailsvc.ErrOverQuota):
		return temporary("452 4.2.2 mailbox is full")
	}
	return result{phase: mailsvc.Waiting, reply: "451 4.3.0 " + err.Error(), cut: ctx.Err() != nil}
}

// bodyTrouble is a body that cannot be read.
func (q *Queue) bodyTrouble(err error) result {
	q.o.Logger.Error("queue body not read", "err", err)
	if errors.Is(err, mailsvc.ErrNotFound) || errors.Is(err, mailsvc.ErrInvalid) || errors.Is(err, mailsvc.ErrDamaged) {
		return permanent("554 5.3.0 the message is no longer readable here")
	}
	return temporary("451 4.3.0 " + err.Error())
}
