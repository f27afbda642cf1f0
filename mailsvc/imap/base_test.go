package imap

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	imap "github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-sasl"
)

// TestWithGoIMAPClient lives a mail program's day with go-imap's client.
func TestWithGoIMAPClient(t *testing.T) {
	t.Parallel()
	for name, mode := range map[string]TLSMode{"plain": Plain, "starttls": StartTLS, "tls": Implicit} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, mode, nil)
			c := h.client(alice, nil)
			if !c.Caps().Has(imap.CapIMAP4rev2) || !c.Caps().Has(imap.CapCondStore) {
				t.Errorf("capabilities after login: %v", c.Caps())
			}
			_, err := c.Enable(imap.CapUTF8Accept).Wait()
			must(t, err)
			must(t, c.Create("Sở KH&CN", nil).Wait())
			mailDay(t, c)
			must(t, c.Logout().Wait())
		})
	}
}

func mailDay(t *testing.T, c *imapclient.Client) {
	msg := letter("Đấu thầu", "một dòng")
	a := c.Append("Sở KH&CN", int64(len(msg)), &imap.AppendOptions{Flags: []imap.Flag{imap.FlagSeen}, Time: time.Date(2009, 11, 16, 1, 2, 3, 0, time.UTC)})
	_, err := io.WriteString(a, msg)
	must(t, err)
	must(t, a.Close())
	data, err := a.Wait()
	must(t, err)
	if data.UID != 1 {
		t.Errorf("APPENDUID %+v", data)
	}
	sel, err := c.Select("Sở KH&CN", nil).Wait()
	must(t, err)
	if sel.NumMessages != 1 || sel.UIDNext != 2 {
		t.Errorf("selected %+v", sel)
	}
	got, err := c.Fetch(imap.SeqSetNum(1), &imap.FetchOptions{UID: true, Flags: true, Envelope: true, InternalDate: true, RFC822Size: true,
		BodyStructure: &imap.FetchItemBodyStructure{Extended: true}, BodySection: []*imap.FetchItemBodySection{{Peek: true}}}).Collect()
	must(t, err)
	if len(got) != 1 || got[0].Envelope.Subject != "Đấu thầu" || got[0].RFC822Size != int64(len(msg)) || got[0].BodyStructure.MediaType() != "text/plain" {
		t.Fatalf("fetched %+v", got)
	}
	if body := got[0].FindBodySection(&imap.FetchItemBodySection{Peek: true}); string(body) != msg {
		t.Errorf("body %q", body)
	}
	found, err := c.UIDSearch(&imap.SearchCriteria{Header: []imap.SearchCriteriaHeaderField{{Key: "Subject", Value: "dau thau"}}}, nil).Wait()
	must(t, err)
	if fmt.Sprint(found.AllUIDs()) != "[1]" {
		t.Errorf("search: %v", found.AllUIDs())
	}
	rows, err := c.Store(imap.SeqSetNum(1), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagFlagged}}, nil).Collect()
	must(t, err)
	if len(rows) != 1 || fmt.Sprint(rows[0].Flags) != `[\Seen \Flagged]` && fmt.Sprint(rows[0].Flags) != `[\Flagged \Seen]` {
		t.Errorf("stored %+v", rows)
	}
	moved, err := c.Move(imap.UIDSetNum(1), "Thùng rác").Wait()
	must(t, err)
	if fmt.Sprint(moved.DestUIDs) != "1" {
		t.Errorf("moved %+v", moved)
	}
	if n := c.Mailbox().NumMessages; n != 0 {
		t.Errorf("%d messages left", n)
	}
}

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	c, err := imapclient.DialInsecure(h.addr, nil)
	must(t, err)
	defer c.Close()
	must(t, c.Authenticate(sasl.NewPlainClient("", alice, secret)))
	w := h.dial() // as Thunderbird does it: without SASL-IR
	w.send("a AUTHENTICATE PLAIN\r\n")
	if l := w.line(); l != "+ " {
		t.Fatalf("continuation %q", l)
	}
	w.send("AG1hdS5hQHgudGVzdABt4bqtdCBraOG6qXU=\r\n")
	if _, a := w.until("a"); !strings.HasPrefix(a, "OK [CAPABILITY IMAP4rev1 ") {
		t.Fatal(a)
	}
	w = h.dial()
	w.fails("AUTHENTICATE PLAIN !!!", "BAD")
	w.fails("AUTHENTICATE GSSAPI", "NO")
	w.fails("AUTHENTICATE PLAIN AG1hdS5hQHgudGVzdAB4", "NO [AUTHENTICATIONFAILED]")
	w.fails("LOGIN snv@x.test x", "NO [AUTHENTICATIONFAILED]")
	_, a := w.do("LOGIN nobody x")
	if !strings.HasPrefix(a, "NO [AUTHENTICATIONFAILED]") {
		t.Error(a)
	}
	w.ended()
}

func TestNoPasswordInTheClear(t *testing.T) {
	t.Parallel()
	h := newHouse(t, StartTLS, nil)
	w := h.dial()
	if caps := w.ok("CAPABILITY"); !strings.Contains(caps[0], "LOGINDISABLED") || strings.Contains(caps[0], "AUTH=PLAIN") {
		t.Error(caps)
	}
	w.fails("LOGIN a b", "NO [PRIVACYREQUIRED]")
	w.fails("AUTHENTICATE PLAIN", "NO [PRIVACYREQUIRED]")
}

func TestSTARTTLSTakesNothingAlong(t *testing.T) {
	t.Parallel()
	h := newHouse(t, StartTLS, nil)
	w := h.dial()
	w.send("a STARTTLS\r\nb CAPABILITY\r\n")
	for {
		l, err := w.tryLine()
		if err != nil {
			return
		}
		if strings.HasPrefix(l, "b ") || strings.HasPrefix(l, "a OK") {
			t.Fatalf("text sent before TLS had an effect: %q", l)
		}
	}
}

func TestThunderbirdDialogue(t *testing.T) {
	t.Parallel()
	h := newHouse(t, Plain, nil)
	h.put(alice, "INBOX", letter("một", "thân"))
	w := h.login(alice)
	w.ok("NAMESPACE")
	expect(t, w.ok("ENABLE UTF8=ACCEPT"), "* ENABLED UTF8=ACCEPT")
	got := w.ok(`list (subscribed) "" "*" return (special-use)`)
	for _, want := range []string{
		`* LIST (\HasNoChildren \Subscribed) "/" "INBOX"`,
		`* LIST (\HasNoChildren \Subscribed \Trash) "/" "Thùng rác"`,
		`* LIST (\HasNoChildren \Subscribed \Sent) "/" "Đã gửi"`,
		`* LIST (\Noselect \HasChildren \Subscribed) "/" "Hộp thư cơ quan"`,
		`* LIST (\HasChildren \Subscribed) "/" "Hộp thư cơ quan/Sở Nội vụ"`,
		`* LIST (\HasNoChildren \Subscribed) "/" "Hộp thư cơ quan/Sở Nội vụ/Thùng rác"`,
	} {
		if len(only(got, want)) != 1 {
			t.Errorf("missing %s in\n%s", want, strings.Join(got, "\n"))
		}
	}
	w.ok(`create "Sở KH&CN"`)
	w.ok(`subscribe "Sở KH&CN"`)
	w.ok(`select "INBOX"`)
	expect(t, w.ok("UID fetch 1:* (FLAGS)"), `* 1 FETCH (UID 1 FLAGS ())`)
	got = w.ok(`UID fetch 1 (UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (From To Cc Bcc Subject Date Message-ID Priority X-Priority References Newsgroups In-Reply-To Content-Type Reply-To)])`)
	if len(got) != 1 || !strings.Contains(got[0], "Subject: một\r\n") || !strings.HasSuffix(got[0], "charset=utf-8\r\n\r\n)") {
		t.Errorf("%q", got)
	}
	got = w.ok(`UID fetch 1 (UID RFC822.SIZE BODY.PEEK[]<0.65536>)`)
	if !strings.Contains(got[0], "BODY[]<0> {") {
		t.Errorf("%q", got)
	}
	expect(t, w.ok(`UID fetch 1 BODY.PEEK[TEXT]<0.2048>`), "* 1 FETCH (UID 1 BODY[TEXT]<0> {7}\r\nthân\r\n)")
	msg := letter("nháp", "x")
	_, a := w.do(fmt.Sprintf("append \"Sở KH&CN\" (\\Seen) UTF8 (~{%d+}\r\n%s)", len(msg), msg))
	if !strings.HasPrefix(a, "OK [APPENDUID ") {
		t.Fatal(a)
	}
	w.ok(`uid move 1 "Thùng rác"`)
	w.ok(`uid fetch 1:* (FLAGS)`)
	w.ok("noop")
	w.ok("close")
	w.ok("LOGOUT")
	w.ended()
}
