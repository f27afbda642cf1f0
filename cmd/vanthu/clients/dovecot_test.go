//go:build dovecot

package clients

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

const dovecotConf = `
base_dir = %[1]s/run
state_dir = %[1]s/state
log_path = %[1]s/log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <%[2]s/tls/cert.pem
ssl_key = <%[2]s/tls/key.pem
disable_plaintext_auth = yes
auth_mechanisms = plain login
auth_master_user_separator = *
mail_home = %[1]s/mail/%%n
mail_location = %[3]s
mail_uid = nobody
mail_gid = nogroup
first_valid_uid = 1
first_valid_gid = 1
mail_max_userip_connections = 0
passdb {
  driver = passwd-file
  args = %[1]s/masters
  master = yes
}
passdb {
  driver = passwd-file
  args = %[1]s/people
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=%[1]s/mail/%%n
}
namespace inbox {
  inbox = yes
  separator = %[4]s
  prefix = %[5]s
  mailbox "Sent Items" {
    special_use = \Sent
    auto = subscribe
  }
}
service imap-login {
  inet_listener imap {
    port = %[6]d
  }
  inet_listener imaps {
    port = 0
  }
}
`

// dovecot is Debian's, as an old server. It needs root.
func dovecot(t *testing.T, site site, location, separator, prefix string) (address string) {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "vanthu-dovecot-") // sockets need a short path
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	nobody := value(user.Lookup("nobody"))(t)
	uid, gid := value(strconv.Atoi(nobody.Uid))(t), value(strconv.Atoi(nobody.Gid))(t)
	must(t, os.Chmod(dir, 0o755), os.Mkdir(filepath.Join(dir, "mail"), 0o700), os.Chown(filepath.Join(dir, "mail"), uid, gid),
		os.WriteFile(filepath.Join(dir, "masters"), []byte("quantri:{PLAIN}chủ:::::\n"), 0o644),
		os.WriteFile(filepath.Join(dir, "people"), []byte("lan:{PLAIN}cũ & mới:::::\n"), 0o644))
	l := value(net.Listen("tcp", "127.0.0.1:0"))(t)
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	conf := filepath.Join(dir, "dovecot.conf")
	must(t, os.WriteFile(conf, fmt.Appendf(nil, dovecotConf, dir, site.dir, location, separator, prefix, port), 0o644))
	run(t, exec.Command("dovecot", "-F", "-c", conf))
	address = fmt.Sprint("localhost:", port)
	await(t, "Dovecot listens", func() bool {
		c, err := net.Dial("tcp", address)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return address
}

// TestMigrateFromDovecot moves an official from Dovecot, with its two ways of
// dividing names, over STARTTLS, once with the person's password and once with an
// administrator's.
func TestMigrateFromDovecot(t *testing.T) {
	for _, layout := range []struct{ name, location, separator, prefix string }{
		{"mdbox", "mdbox:~/mdbox", "/", `""`},
		{"maildir", "maildir:~/Maildir", ".", "INBOX."},
	} {
		t.Run(layout.name, func(t *testing.T) {
			s := setUp(t, anyPort, "")
			here := s.person(t, "lan", "Lan")
			address := dovecot(t, s, layout.location, layout.separator, layout.prefix)
			c := value(imapclient.DialStartTLS(address, &imapclient.Options{TLSConfig: trust(t, filepath.Join(s.dir, "ca.pem"))}))(t)
			defer c.Close()
			must(t, c.Login("lan", "cũ & mới").Wait())
			p := strings.Trim(layout.prefix, `"`)
			deep := p + strings.Join([]string{"Sở KH&CN", "Đấu thầu", "Năm 2010"}, layout.separator)
			must(t, c.Create(deep, nil).Wait(), c.Subscribe(deep).Wait(), c.Create(p+"Deleted Items", nil).Wait())
			fill(t, c, "INBOX", 400)
			fill(t, c, p+"Sent Items", 30)
			fill(t, c, deep, 20)
			fill(t, c, p+"Deleted Items", 5)
			must(t, c.Logout().Wait())

			migrate := func(secret string, args ...string) string {
				all := append([]string{"account", "migrate", here.Address, "--ca", filepath.Join(s.dir, "ca.pem"), "-c", s.config}, args...)
				cmd := exec.Command(vanthu, all...)
				cmd.Stdin = strings.NewReader(secret + "\n")
				out, err := cmd.CombinedOutput()
				if err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				return string(out)
			}
			first := migrate("cũ & mới", "--from", "imap://lan@"+address)
			second := migrate("chủ", "--from", "imap://lan@"+address, "--master", "quantri")
			if !strings.Contains(first, "đã chép 455 thư") || !strings.Contains(second, "đã chép 0 thư") {
				t.Errorf("%s\n%s", first, second)
			}
			to, _ := s.serve(t)
			got := to.dial(t, nil) // not in UTF-8, in which go-imap's client does not read "&"
			must(t, got.Login(here.Address, here.Password).Wait())
			var names []string
			for _, l := range value(got.List("", "*", &imap.ListOptions{ReturnStatus: &imap.StatusOptions{NumMessages: true}}).Collect())(t) {
				names = append(names, fmt.Sprint(l.Mailbox, " ", *l.Status.NumMessages))
			}
			want := []string{"INBOX 400", "Sở KH&CN 0", "Sở KH&CN/Đấu thầu 0", "Sở KH&CN/Đấu thầu/Năm 2010 20", "Thư đã gửi 30", "Thùng rác 5", "Thư nháp 0", "Thư rác 0", "Lưu trữ 0"}
			slices.Sort(names)
			slices.Sort(want)
			if !slices.Equal(names, want) {
				t.Errorf("got %q\nwant %q", names, want)
			}
		})
	}
}
