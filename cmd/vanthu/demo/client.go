package demo

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/mail"
	"os"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // the story reads what it wrote
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"quangtri.gov.vn/vanthu/configs"
	"quangtri.gov.vn/vanthu/dispatch/letter"
)

// The people of the story use the services as anybody would: TLS with the
// demonstration's own CA, a password, real sockets.

func (s *stage) trust() (*tls.Config, error) {
	pem, err := os.ReadFile(s.ca)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	return &tls.Config{RootCAs: pool, ServerName: "localhost"}, nil
}

// submit sends one mail to the desk over the submissions port.
func (s *stage) submit(ctx context.Context, who login, write func(io.Writer) error) error {
	conf, err := s.trust()
	if err != nil {
		return err
	}
	conn, err := (&tls.Dialer{Config: conf}).DialContext(ctx, "tcp", s.running.Addresses.Submissions)
	if err != nil {
		return err
	}
	c := smtp.NewClient(conn)
	defer c.Close()
	if err := c.Auth(sasl.NewPlainClient("", who.Address, who.Password)); err != nil {
		return err
	}
	if err := c.Mail(who.Address, nil); err != nil {
		return err
	}
	if err := c.Rcpt(s.app.Config.IssueMailbox(), nil); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if err := errors.Join(write(w), w.Close()); err != nil {
		return err
	}
	return c.Quit()
}

func clerkHead(from, to, subject, inReplyTo string) letter.Head {
	return letter.Head{From: mail.Address{Address: from}, To: &mail.Address{Address: to}, Subject: subject,
		Date: time.Now(), MessageID: "demo." + rand.Text() + "@" + Domain, InReplyTo: inReplyTo}
}

func replyTo(from, to, messageID, answer string) func(io.Writer) error {
	return func(w io.Writer) error {
		return letter.Write(w, clerkHead(from, to, "Re: thư báo", messageID), answer+"\n\nVào lúc vừa rồi, Bàn phát hành đã viết:\n> Dòng 1. …\n", "", nil)
	}
}

// dial logs a person in over IMAP with TLS.
func (s *stage) dial(who login) (*imapclient.Client, error) {
	conf, err := s.trust()
	if err != nil {
		return nil, err
	}
	c, err := imapclient.DialTLS(s.running.Addresses.IMAPS, &imapclient.Options{TLSConfig: conf, Dialer: &net.Dialer{Timeout: patience}})
	if err != nil {
		return nil, err
	}
	if err := c.Login(who.Address, who.Password).Wait(); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	if _, err := c.Enable(imap.CapIMAP4rev2).Wait(); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// waitForReport waits for the report about a document in the clerk's inbox and
// returns its Message-ID.
func (s *stage) waitForReport(ctx context.Context, clerk login, number string) (string, error) {
	c, err := s.dial(clerk)
	if err != nil {
		return "", err
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	changed, stop := s.app.Mailboxes.Watch(clerk.Address)
	defer stop()
	for {
		if _, err := c.Select("INBOX", nil).Wait(); err != nil {
			return "", err
		}
		found, err := c.UIDSearch(&imap.SearchCriteria{Header: []imap.SearchCriteriaHeaderField{{Key: "Subject", Value: "[" + number + "]"}}}, nil).Wait()
		if err != nil {
			return "", err
		}
		if uids := found.AllUIDs(); len(uids) > 0 {
			got, err := c.Fetch(imap.UIDSetNum(uids[len(uids)-1]), &imap.FetchOptions{Envelope: true}).Collect()
			if err != nil || len(got) == 0 {
				return "", fmt.Errorf("fetch report: %d messages: %w", len(got), err)
			}
			return got[0].Envelope.MessageID, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return "", fmt.Errorf("no report about %s: %w", number, ctx.Err())
		}
	}
}

// readBack reads the first document as an official of Sở Nội vụ would, in the
// agency's shared mailbox, and compares the file byte for byte.
func (s *stage) readBack(_ context.Context, r *Result) error {
	c, err := s.dial(s.reader)
	if err != nil {
		return err
	}
	defer c.Close()
	folder, err := sharedInbox(c)
	if err != nil {
		return err
	}
	if _, err := c.Select(folder, &imap.SelectOptions{ReadOnly: true}).Wait(); err != nil {
		return err
	}
	section := &imap.FetchItemBodySection{Peek: true}
	got, err := c.Fetch(imap.SeqSetNum(1), &imap.FetchOptions{Envelope: true, BodySection: []*imap.FetchItemBodySection{section}}).Collect()
	if err != nil || len(got) != 1 {
		return fmt.Errorf("%s: %d messages: %w", folder, len(got), err)
	}
	name, body, err := attachment(got[0].FindBodySection(section))
	if err != nil {
		return err
	}
	sent, err := fs.ReadFile(configs.Files, r.expected[0].File)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	r.ReadBack = ReadBack{folder, got[0].Envelope.Subject, name, hex.EncodeToString(sum[:]), bytes.Equal(body, sent) && name == r.expected[0].Name}
	s.tell("\n══ %s đọc qua IMAP, thư mục «%s»\n   Tiêu đề : %s\n   Tệp     : %s\n   SHA-256 : %s (%s)\n", s.reader.Address, folder,
		r.ReadBack.Subject, name, r.ReadBack.SHA256, map[bool]string{true: "đúng từng byte với tệp văn thư đã gửi", false: "KHÁC tệp đã gửi"}[r.ReadBack.Same])
	return nil
}

// sharedInbox finds the inbox of the agency that the person may read.
func sharedInbox(c *imapclient.Client) (string, error) {
	list, err := c.List("", "*", nil).Collect()
	if err != nil {
		return "", err
	}
	for _, l := range list {
		if agency, ok := strings.CutPrefix(l.Mailbox, "Hộp thư cơ quan/"); ok && !strings.Contains(agency, "/") {
			return l.Mailbox, nil
		}
	}
	return "", errors.New("no shared mailbox is listed")
}

// attachment takes the first file out of a message.
func attachment(raw []byte) (name string, body []byte, err error) {
	e, err := message.Read(bytes.NewReader(raw))
	if err != nil {
		return "", nil, err
	}
	mr := e.MultipartReader()
	if mr == nil {
		return "", nil, errors.New("message has no parts")
	}
	for {
		p, err := mr.NextPart()
		if err != nil {
			return "", nil, err
		}
		if d, params, _ := p.Header.ContentDisposition(); d == "attachment" {
			body, err := io.ReadAll(p.Body)
			return params["filename"], body, err
		}
	}
}
