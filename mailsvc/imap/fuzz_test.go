package imap

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"quangtri.gov.vn/vanthu/internal/cputime"
	"quangtri.gov.vn/vanthu/internal/viet"
)

// panicWatch fails the test when the server logs a panic.
type panicWatch struct {
	slog.Handler
	t testing.TB
}

func (p panicWatch) Enabled(context.Context, slog.Level) bool { return true }

func (p panicWatch) Handle(_ context.Context, r slog.Record) error {
	if strings.Contains(r.Message, "panic") {
		r.Attrs(func(a slog.Attr) bool {
			p.t.Errorf("%s: %v", r.Message, a)
			return true
		})
	}
	return nil
}

// FuzzCommands sends anything to a session that has a mailbox selected. The
// session must answer or end, in little time, and never panic.
func FuzzCommands(f *testing.F) {
	h := newHouse(f, Plain, func(o *Options) { o.Logger = slog.New(panicWatch{slog.DiscardHandler, f}) })
	for _, m := range []string{letter("một", "hai"), "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n"} {
		h.put(alice, "INBOX", m)
	}
	for _, s := range []string{
		"a FETCH 1:* (FLAGS BODY[1.2.HEADER.FIELDS (a b)]<0.10> BINARY.PEEK[1] ENVELOPE PREVIEW (LAZY))\r\n",
		"a UID SEARCH RETURN (SAVE MIN) CHARSET UTF-8 OR (NOT SEEN BODY {2+}\r\nxy) HEADER a \"b\" $ UID 1:*,3\r\n",
		"a STORE 1 (UNCHANGEDSINCE 3) +FLAGS.SILENT (\\Seen x)\r\n", "a UID COPY 1:2 INBOX\r\n", "a UID EXPUNGE 1\r\n",
		"a LIST (SUBSCRIBED RECURSIVEMATCH) \"\" (\"a*%\" b) RETURN (STATUS (MESSAGES SIZE) MYRIGHTS)\r\n", "a LSUB \"\" %\r\n",
		"a APPEND INBOX (\\Seen) \"01-Jan-2009 00:00:00 +0700\" {3+}\r\nabc UTF8 (~{2+}\r\na\x00)\r\n", "a SELECT INBOX (CONDSTORE QRESYNC (1 2 1:3 (1 1)))\r\n",
		"a ENABLE UTF8=ACCEPT QRESYNC IMAP4rev2\r\nb CREATE \"S\xe1\xbb\x9f\" (USE (\\Sent))\r\n", "a SORT (REVERSE DATE SUBJECT) UTF-8 ALL\r\nb THREAD REFERENCES UTF-8 ALL\r\n",
		"a NOTIFY SET STATUS (SELECTED (MessageNew (UID) MessageExpunge)) (SUBTREE (a b) (MailboxName))\r\n", "a IDLE\r\nDONE\r\n", "a ID (\"a\" NIL)\r\n",
		"a GETQUOTAROOT INBOX\r\nb MYRIGHTS INBOX\r\nc LISTRIGHTS INBOX x\r\nd SETACL INBOX x y\r\n", "a COMPRESS DEFLATE\r\n\x00\x00", "a UNAUTHENTICATE\r\nb AUTHENTICATE PLAIN\r\nAA\r\n",
		"a REPLACE 1 INBOX {3+}\r\nabc\r\n", "a RENAME {1+}\r\na \"b\"\r\n", "a STATUS \"&Ht8-\" (MAILBOXID DELETED-STORAGE)\r\n", "\r\n\r\n {99999+}\r\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		if len(input) > 64<<10 {
			return
		}
		start := cputime.Process()
		client, server := net.Pipe()
		h.s.accept(server, Plain)
		gone := make(chan struct{})
		go func() {
			io.Copy(io.Discard, client)
			close(gone)
		}()
		client.SetWriteDeadline(time.Now().Add(20 * time.Second))
		fmt.Fprintf(client, "l LOGIN %s {%d+}\r\n%s\r\ns SELECT INBOX\r\n", alice, len(secret), secret)
		client.Write(input)
		client.Close()
		<-gone
		if d := cputime.Process() - start; d > 3*time.Second {
			t.Fatalf("took %v", d)
		}
	})
}

func FuzzNames(f *testing.F) {
	f.Add("Sở KH&CN")
	f.Add("&Ht8-")
	f.Add("😀&-&AAA-")
	f.Fuzz(func(t *testing.T, s string) {
		if name, ok := decodeUTF7(s); ok {
			if again, ok := decodeUTF7(encodeUTF7(name)); !ok || again != name {
				t.Fatalf("%q became %q", name, again)
			}
		}
		if s = viet.NFC(s); !strings.ContainsRune(s, 0) {
			if back, ok := decodeUTF7(encodeUTF7(s)); !ok || back != s {
				t.Fatalf("%q came back as %q", s, back)
			}
		}
	})
}
