//go:build mbsync

package clients

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// Maildir folders are named in modified UTF-7, as mbsync 1.4 takes them from IMAP.
const (
	science = "S&Ht8- KH&-CN"
	sent    = "Th&AbA- &AREA4w- g&Hu0-i"
	year    = "V&AQM-n b&HqM-n &ARE-i/N&AQM-m 2010"
)

// mirror is one mailbox kept by mbsync in Maildir folders.
type mirror struct {
	dir string
	tap *tap
	who login
}

const mbsyncrc = `IMAPAccount a
Host localhost
Port %s
User %s
PassCmd "cat %s"
SSLType IMAPS
CertificateFile %s
%s
IMAPStore far
Account a

MaildirStore near
Path %s/
Inbox %s/INBOX
SubFolders Verbatim

Channel c
Far :far:
Near :near:
Patterns *
Create Both
Remove Both
Expunge Both
CopyArrivalDate yes
SyncState *
`

// newMirror makes an empty one; option is a further line about the account.
func newMirror(t *testing.T, s site, imaps *tap, who login, option string) mirror {
	t.Helper()
	m := mirror{t.TempDir(), imaps, who}
	_, port, _ := strings.Cut(imaps.listener.Addr().String(), ":")
	secret, mail := filepath.Join(m.dir, "password"), filepath.Join(m.dir, "mail")
	must(t, os.Mkdir(mail, 0o700), os.WriteFile(secret, []byte(who.Password+"\n"), 0o600),
		os.WriteFile(filepath.Join(m.dir, "rc"), fmt.Appendf(nil, mbsyncrc, port, who.Address, secret, filepath.Join(s.dir, "ca.pem"), option, mail, mail), 0o600))
	return m
}

// sync runs mbsync and returns what was said on the wire.
func (m mirror) sync(t *testing.T) []string {
	t.Helper()
	before := len(m.tap.transcript())
	c := exec.Command("mbsync", "-c", filepath.Join(m.dir, "rc"), "-a")
	c.Env = append(os.Environ(), "HOME="+m.dir)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("mbsync: %v\n%s\n%s", err, out, strings.Join(m.tap.transcript()[before:], "\n"))
	} else if len(out) > 0 {
		t.Logf("mbsync says: %s", out)
	}
	return m.tap.transcript()[before:]
}

// files returns a folder's messages: Subject -> file.
func (m mirror) files(t *testing.T, folder string) map[string]string {
	t.Helper()
	found := make(map[string]string)
	for _, sub := range []string{"cur", "new"} {
		for _, f := range value(filepath.Glob(filepath.Join(m.dir, "mail", folder, sub, "*")))(t) {
			body := value(os.ReadFile(f))(t)
			_, rest, _ := bytes.Cut(body, []byte("Subject: "))
			subject, _, _ := bytes.Cut(rest, []byte("\n"))
			found[strings.TrimSpace(string(subject))] = f
		}
	}
	return found
}

// write puts a new message into a folder here.
func (m mirror) write(t *testing.T, folder, name string, message []byte) {
	t.Helper()
	dir := filepath.Join(m.dir, "mail", folder)
	for _, sub := range []string{"cur", "new", "tmp"} {
		must(t, os.MkdirAll(filepath.Join(dir, sub), 0o700))
	}
	must(t, os.WriteFile(filepath.Join(dir, "new", name), bytes.ReplaceAll(message, []byte("\r\n"), []byte("\n")), 0o600))
}

// flag gives a message here other Maildir flags.
func (m mirror) flag(t *testing.T, file, flags string) {
	t.Helper()
	base, _, _ := strings.Cut(filepath.Base(file), ":")
	// U=… is mbsync's UID in the name and must stay.
	must(t, os.Rename(file, filepath.Join(filepath.Dir(filepath.Dir(file)), "cur", base+":2,"+flags)))
}

// TestMbsync keeps a mailbox in step on two sides, as mbsync does it by itself,
// that is compressed, and in clear commands.
func TestMbsync(t *testing.T) {
	t.Parallel()
	site := setUp(t, anyPort, "")
	s, _ := site.serve(t)
	t.Run("both", func(t *testing.T) { // returns when both are through
		for name, option := range map[string]string{"compressed": "", "plain": "DisableExtension COMPRESS=DEFLATE\n"} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				inStep(t, site, s, site.person(t, name, name), option)
			})
		}
	})
}

func inStep(t *testing.T, site site, s server, who login, option string) {
	imaps := site.tap(t, "127.0.0.1:0", s.IMAPS, s.tls)
	m := newMirror(t, site, imaps, who, option)
	c := s.enter(t, who)
	must(t, c.Create("Văn bản đi/Năm 2010", nil).Wait())
	put(t, c, "INBOX", &imap.AppendOptions{Flags: []imap.Flag{imap.FlagSeen, imap.FlagFlagged}}, letter(1, "một", "1"))
	put(t, c, "INBOX", nil, letter(2, "hai", "2"), letter(3, "ba", "3"))
	put(t, c, "Văn bản đi/Năm 2010", nil, letter(4, "đi", "4"))
	m.write(t, science, "1.vanthu", letter(5, "khoa học", "5"))

	m.sync(t)
	m.have(t, "INBOX", "một:FS", "hai:", "ba:")
	m.have(t, year, "đi:")
	m.have(t, sent)
	far(t, c, "Văn bản đi/Năm 2010", "đi:")
	// go-imap's client reads a name with "&" rightly before it enables IMAP4rev2.
	older := s.dial(t, nil)
	must(t, older.Login(who.Address, who.Password).Wait())
	list := value(older.List("", "*", &imap.ListOptions{ReturnStatus: &imap.StatusOptions{NumMessages: true}}).Collect())(t)
	if i := slices.IndexFunc(list, func(l *imap.ListData) bool { return l.Mailbox == "Sở KH&CN" }); i < 0 || *list[i].Status.NumMessages != 1 {
		t.Error("the server has no Sở KH&CN with one message")
	}

	// Both sides change.
	m.flag(t, m.files(t, "INBOX")["hai"], "RS")
	m.flag(t, m.files(t, "INBOX")["ba"], "T")
	m.write(t, "INBOX", "2.vanthu", letter(6, "sáu", "6"))
	value(c.Select("INBOX", nil).Wait())(t)
	must(t, c.Store(imap.SeqSetNum(1), &imap.StoreFlags{Op: imap.StoreFlagsDel, Flags: []imap.Flag{imap.FlagFlagged}}, nil).Close())
	put(t, c, "Thư đã gửi", &imap.AppendOptions{Flags: []imap.Flag{imap.FlagSeen}}, letter(7, "bảy", "7"))
	value(c.Select("Văn bản đi/Năm 2010", nil).Wait())(t)
	must(t, c.Store(imap.SeqSetNum(1), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagDeleted}}, nil).Close())
	value(c.Expunge().Collect())(t)
	m.sync(t)
	m.have(t, "INBOX", "một:S", "hai:RS", "sáu:")
	m.have(t, year)
	m.have(t, sent, "bảy:S")
	m.have(t, science, "khoa học:")
	far(t, c, "INBOX", `một:\Seen`, `hai:\Answered \Seen`, "sáu:")

	// Nothing is left to do.
	for _, l := range m.sync(t) {
		for _, work := range []string{" APPEND ", " STORE ", " BODY.PEEK[]", " EXPUNGE", " CREATE ", " DELETE "} {
			if strings.HasPrefix(l, "C: ") && strings.Contains(l, work) {
				t.Errorf("the second run said %s", l)
			}
		}
	}

	// A second mirror sees the folder with "&" under its own name.
	other := newMirror(t, site, imaps, who, option)
	other.sync(t)
	other.have(t, science, "khoa học:")
	other.have(t, "INBOX", "một:S", "hai:RS", "sáu:")
	for _, l := range imaps.said(imapRefused) {
		t.Errorf("on the wire: %s", l)
	}
}

// have compares a folder here: "subject:flags" each.
func (m mirror) have(t *testing.T, folder string, want ...string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(m.dir, "mail", folder, "cur")); err != nil {
		t.Error(err)
	}
	var have []string
	for subject, f := range m.files(t, folder) {
		_, flags, _ := strings.Cut(filepath.Base(f), ":2,")
		have = append(have, subject+":"+flags)
	}
	slices.Sort(have)
	slices.Sort(want)
	if !slices.Equal(have, want) {
		t.Errorf("here, %s holds %q, want %q", folder, have, want)
	}
}

// far compares a folder on the server: "subject:flags" each, in order.
func far(t *testing.T, c *imapclient.Client, folder string, want ...string) {
	t.Helper()
	value(c.Select(folder, nil).Wait())(t)
	var have []string
	for _, m := range value(c.Fetch(imap.SeqSet{{Start: 1, Stop: 0}}, &imap.FetchOptions{Envelope: true, Flags: true}).Collect())(t) {
		flags := make([]string, len(m.Flags))
		for i, f := range m.Flags {
			flags[i] = string(f)
		}
		slices.Sort(flags)
		have = append(have, m.Envelope.Subject+":"+strings.Join(flags, " "))
	}
	if !slices.Equal(have, want) {
		t.Errorf("on the server, %s holds %q, want %q", folder, have, want)
	}
}
