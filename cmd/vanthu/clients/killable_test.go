package clients

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// running is a server of a site that the test ends by itself, well or not.
type running struct {
	server
	cmd *exec.Cmd
	log *output
}

// listens is what a server says when it takes connections.
const listens = `addresses="\{.*Submissions:(\S+) IMAP:(\S+) IMAPS:(\S+) HTTP:(\S+) HTTPS:([^\s}]+)\}`

// start begins to serve.
func (s site) start(t *testing.T) *running {
	t.Helper()
	r := &running{cmd: exec.Command(vanthu, "serve", "-c", s.config), log: &output{changed: make(chan struct{}, 1)}}
	r.cmd.Stdout, r.cmd.Stderr = r.log, r.log
	must(t, r.cmd.Start())
	t.Cleanup(func() { _ = r.cmd.Process.Kill() })
	m := r.log.find(t, listens)
	r.server = server{Submissions: m[1], IMAP: m[2], IMAPS: m[3], HTTP: m[4], HTTPS: m[5], tls: trust(t, filepath.Join(s.dir, "ca.pem"))}
	return r
}

// stop ends the server as an operator does.
func (r *running) stop(t *testing.T) {
	t.Helper()
	must(t, r.cmd.Process.Signal(syscall.SIGTERM))
	if err := r.cmd.Wait(); err != nil {
		t.Errorf("serve: %v\n%s", err, r.log)
	}
}

// kill ends it as nobody should.
func (r *running) kill() {
	_ = r.cmd.Process.Signal(syscall.SIGKILL)
	_ = r.cmd.Wait()
}

// try runs a command of vanthu that may fail.
func (s site) try(args ...string) (code int, out string) {
	c := exec.Command(vanthu, append(args, "-c", s.config)...)
	b, err := c.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode(), string(b)
	} else if err != nil {
		return -1, err.Error()
	}
	return 0, string(b)
}

// copy makes a second site of the first, as a backup of a stopped server is.
func (s site) copy(t *testing.T) site {
	t.Helper()
	c := site{dir: filepath.Join(t.TempDir(), "try")}
	c.config = filepath.Join(c.dir, "vanthu.toml")
	if out, err := exec.Command("cp", "-a", "--sparse=always", s.dir, c.dir).CombinedOutput(); err != nil {
		t.Fatalf("copy: %v %s", err, out)
	}
	return c
}

// held is one message as a mail program sees it.
type held struct {
	Folder   string
	Validity uint32
	UID      imap.UID
	Flags    string
	ID, Sum  string // Message-ID; SHA-256 of what follows the header
}

// message is what no repair may change.
func (h held) message() string { return h.ID + " " + h.Sum }

// session is a client whose failures are the caller's to judge.
func (r *running) session(who login) (*imapclient.Client, error) {
	c, err := imapclient.DialTLS(r.IMAPS, &imapclient.Options{TLSConfig: r.tls})
	if err != nil {
		return nil, err
	}
	if err := c.Login(who.Address, who.Password).Wait(); err != nil {
		c.Close()
		return nil, err
	}
	_, err = c.Enable(imap.CapIMAP4rev2).Wait()
	return c, err
}

// everything reads all that an account holds.
func (r *running) everything(t *testing.T, who login) (all []held) {
	t.Helper()
	c := value(r.session(who))(t)
	defer c.Close()
	for _, folder := range value(c.List("", "*", nil).Collect())(t) {
		if slices.Contains(folder.Attrs, imap.MailboxAttrNonExistent) || slices.Contains(folder.Attrs, imap.MailboxAttrNoSelect) {
			continue
		}
		sel := value(c.Select(folder.Mailbox, &imap.SelectOptions{ReadOnly: true}).Wait())(t)
		if sel.NumMessages == 0 {
			continue
		}
		header := &imap.FetchItemBodySection{Specifier: imap.PartSpecifierHeader, HeaderFields: []string{"Message-ID"}, Peek: true}
		text := &imap.FetchItemBodySection{Specifier: imap.PartSpecifierText, Peek: true}
		got, err := c.Fetch(imap.SeqSet{{Start: 1}}, &imap.FetchOptions{UID: true, Flags: true, BodySection: []*imap.FetchItemBodySection{header, text}}).Collect()
		must(t, err)
		for _, m := range got {
			var flags []string
			for _, f := range m.Flags {
				flags = append(flags, string(f))
			}
			slices.Sort(flags)
			all = append(all, held{
				Folder: folder.Mailbox, Validity: sel.UIDValidity, UID: m.UID, Flags: strings.Join(flags, " "),
				ID: messageID(m.FindBodySection(header)), Sum: fmt.Sprintf("%x", sha256.Sum256(m.FindBodySection(text)))[:16],
			})
		}
	}
	return all
}

var idLine = regexp.MustCompile(`(?i)message-id: <([^>]*)>`)

func messageID(header []byte) string {
	if m := idLine.FindSubmatch(header); m != nil {
		return string(m[1])
	}
	return ""
}

// note is a mail with an identity of its own; size is about that of its text.
func note(from, id string, size int) []byte {
	line := strings.Repeat("Nội dung "+id+" ", 1+50/(len(id)+10)) + "\r\n"
	return fmt.Appendf(nil, "From: <%s>\r\nTo: <binh@%s>\r\nSubject: %s\r\nMessage-ID: <%s>\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\n%s",
		from, domain, id, id, strings.Repeat(line, 1+size/len(line)))
}

// mail sends over a socket and returns when the server has answered 250.
func (r *running) mail(from login, to []string, message []byte) error {
	c, err := smtp.DialTLS(r.Submissions, r.tls)
	if err != nil {
		return err
	}
	defer c.Close()
	c.CommandTimeout, c.SubmissionTimeout = patience, patience
	if err := c.Auth(sasl.NewPlainClient("", from.Address, from.Password)); err != nil {
		return err
	}
	return c.SendMail(from.Address, to, bytes.NewReader(message))
}

// add appends a message and returns its UID.
func add(c *imapclient.Client, folder string, flags []imap.Flag, message []byte) (*imap.AppendData, error) {
	cmd := c.Append(folder, int64(len(message)), &imap.AppendOptions{Flags: flags, Time: time.Date(2010, 5, 20, 8, 0, 0, 0, time.UTC)})
	_, err := cmd.Write(message)
	if err = errors.Join(err, cmd.Close()); err != nil {
		return nil, err
	}
	return cmd.Wait()
}
