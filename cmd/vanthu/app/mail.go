package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"

	"quangtri.gov.vn/vanthu/cmd/vanthu/config"
	"quangtri.gov.vn/vanthu/cmd/vanthu/setup"
	"quangtri.gov.vn/vanthu/mailsvc"
	"quangtri.gov.vn/vanthu/mailsvc/autoconfig"
	"quangtri.gov.vn/vanthu/mailsvc/identity"
	"quangtri.gov.vn/vanthu/mailsvc/mime"
	"quangtri.gov.vn/vanthu/mailsvc/queue"
	"quangtri.gov.vn/vanthu/mailsvc/smtp"
)

func (a *App) openAccounts() (err error) {
	a.Accounts, err = identity.Open(a.path("accounts.db"), identity.Options{
		Domains: []string{a.Config.Domain}, Fatal: a.fatal, Logger: a.log, HashMemory: a.memory.hashMemory,
	})
	if err != nil {
		return err
	}
	a.closers = append(a.closers, a.Accounts.Close)
	return nil
}

func (a *App) ingest(r io.Reader) (mailsvc.NewMessage, error) { return mime.Ingest(a.Bodies, r) }

func (a *App) openQueue() error {
	sign, err := a.signer()
	if err != nil {
		return err
	}
	relay, err := smarthost(a.Config.Outgoing.Smarthost)
	if err != nil {
		return err
	}
	a.Queue, err = queue.Open(a.path("queue.db"), queue.Options{
		Hostname: a.Config.Hostname, Domains: []string{a.Config.Domain}, Blobs: a.Bodies, Ingest: a.ingest, Local: a.deliverHere,
		Sign: sign, Routes: a.Config.Outgoing.Routes, Smarthost: relay, Expiry: a.Config.Outgoing.GiveUpAfter.Duration,
		RetryFirst: a.options.RetryFirst, AllowDial: a.options.AllowDial, Fatal: a.fatal, Logger: a.log,
	})
	if err != nil {
		return err
	}
	a.closers = append(a.closers, a.Queue.Close)
	return nil
}

// deliverHere puts a message of the queue, such as a delivery notification, into
// the mailbox of an address here.
func (a *App) deliverHere(ctx context.Context, id, to string, m mailsvc.NewMessage) error {
	account, err := a.Accounts.Account(to)
	if err != nil {
		return err
	}
	target := mailsvc.Target{Account: account.Address, Prefix: m.Prefix}
	return errors.Join(a.Mailboxes.Deliver(ctx, mailsvc.Delivery{ID: id, Targets: []mailsvc.Target{target}, Message: m})...)
}

func (a *App) signer() (func(io.Reader) (string, error), error) {
	var keys []queue.Key
	for _, d := range a.Config.DKIM {
		key, err := setup.LoadDKIM(d.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("dkim selector %s: %w", d.Selector, err)
		}
		keys = append(keys, queue.Key{Domain: a.Config.Domain, Selector: d.Selector, Signer: key})
	}
	if len(keys) == 0 {
		return nil, nil
	}
	return queue.DKIM(keys...)
}

func smarthost(c config.Smarthost) (*queue.Smarthost, error) {
	if c.Address == "" {
		return nil, nil
	}
	s := &queue.Smarthost{Address: c.Address, Security: queue.Security(c.Security), User: c.User}
	if c.PasswordFile != "" {
		b, err := os.ReadFile(c.PasswordFile)
		if err != nil {
			return nil, fmt.Errorf("smarthost password: %w", err)
		}
		s.Password = strings.TrimRight(string(b), "\r\n")
	}
	return s, nil
}

func (r *Running) smtp(tlsConfig *tls.Config) error {
	a := r.app
	l := a.Config.Limits
	limits := smtp.Limits{MessageSize: int64(l.MessageSize), IntakeSize: int64(l.IntakeSize), Recipients: l.Recipients,
		Connections: l.SMTPConnections, ConnectionsPerIP: l.SMTPConnectionsPerIP}
	if a.options.NoLimits {
		limits.ConnectionsPerIP = -1
	}
	srv := smtp.New(smtp.Options{
		Hostname: a.Config.Hostname, Domains: []string{a.Config.Domain}, Identities: a.Accounts,
		Intakes: map[string]mailsvc.Intake{a.Config.IssueMailbox(): a.Engine},
		Ingest:  a.ingest, Deliver: a.Mailboxes.Deliver, Enqueue: a.Queue.Enqueue,
		TLS: tlsConfig, InsecureLoopbackAuth: a.options.Insecure, Logger: a.log, Limits: limits,
	})
	r.stops = append(r.stops, srv.Shutdown)
	serve := func(role smtp.Role) func(net.Listener) error {
		return func(ln net.Listener) error { return srv.Serve(ln, role) }
	}
	return errors.Join(
		r.listen(a.Config.Listen.MX, &r.Addresses.MX, serve(smtp.MX)),
		r.listen(a.Config.Listen.Submission, &r.Addresses.Submission, serve(smtp.Submission)),
		r.listen(a.Config.Listen.Submissions, &r.Addresses.Submissions, serve(smtp.Submissions)),
	)
}

// autoconfig tells mail programs the ports that really listen.
func (a *App) autoconfig(r *Running) autoconfig.Settings {
	return autoconfig.Settings{
		Domain: a.Config.Domain, Name: "Thư công vụ " + a.Config.Domain, Host: a.Config.Hostname,
		IMAPS: port(r.Addresses.IMAPS), IMAP: port(r.Addresses.IMAP),
		Submissions: port(r.Addresses.Submissions), Submission: port(r.Addresses.Submission),
	}
}

func port(address string) int {
	_, p, _ := net.SplitHostPort(address)
	n, _ := strconv.Atoi(p)
	return n
}
