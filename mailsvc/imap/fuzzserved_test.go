package imap

import (
	"bufio"
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	imap "github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"quangtri.gov.vn/vanthu/internal/cputime"
	"quangtri.gov.vn/vanthu/mailsvc"
	"quangtri.gov.vn/vanthu/mailsvc/mime"
)

// oneBody is a blob store with one body, in memory.
type oneBody struct{ bytes.Buffer }

func (b *oneBody) Create() (mailsvc.BlobWriter, error) { return b, nil }
func (b *oneBody) Begin(body []byte) func() (mailsvc.BlobID, int64, error) {
	b.Write(body)
	return b.Commit
}
func (b *oneBody) Open(mailsvc.BlobID) (mailsvc.Blob, error) {
	return openBody{bytes.NewReader(b.Bytes())}, nil
}
func (b *oneBody) Commit() (mailsvc.BlobID, int64, error) { return "one", int64(b.Len()), nil }
func (b *oneBody) Abort()                                 {}

type openBody struct{ *bytes.Reader }

func (openBody) Close() error { return nil }

// served is the FETCH response for a message, as a session writes it.
func served(t testing.TB, msg []byte, utf8 bool, fetch string) string {
	t.Helper()
	bodies := new(oneBody)
	n, err := mime.Ingest(bodies, bytes.NewReader(msg))
	if err != nil {
		t.Fatal(err)
	}
	c := &conn{s: New(Options{Blobs: bodies}), account: mailsvc.Account{Address: alice}, utf8: utf8}
	sink := new(sinkConn)
	c.use(sink)
	c.w.utf8 = utf8
	c.view = &view{mailbox: mailbox{account: alice}, uids: []mailsvc.UID{1}}
	p := &parser{c: c, line: []byte(fetch), left: 1 << 20}
	f := fetcher{c: c, a: p.fetchArgs()}
	if err := p.end(); err != nil {
		t.Fatal(err)
	}
	f.write(&mailsvc.Message{UID: 1, Blob: n.Blob, Size: n.BlobSize, Index: n.Index, Internal: time.Unix(0, 0), EmailID: 1, ThreadID: 1})
	if c.w.flush() != nil {
		t.Fatal(c.w.err)
	}
	return sink.String()
}

// sinkConn keeps what is written.
type sinkConn struct {
	net.Conn
	bytes.Buffer
}

func (s *sinkConn) Write(p []byte) (int, error)      { return s.Buffer.Write(p) }
func (s *sinkConn) Read([]byte) (int, error)         { return 0, io.EOF }
func (s *sinkConn) SetWriteDeadline(time.Time) error { return nil }

const fetchEverything = "(UID RFC822.SIZE INTERNALDATE ENVELOPE BODYSTRUCTURE BODY.PEEK[] BODY.PEEK[HEADER] BODY.PEEK[TEXT] BODY.PEEK[1] BODY.PEEK[1.MIME] BODY.PEEK[2.1.HEADER] " +
	"BODY.PEEK[HEADER.FIELDS (Subject X-Y)] BINARY.PEEK[1] BINARY.SIZE[1])"

// understood lets go-imap's client read a FETCH response.
func understood(t testing.TB, response string) *imapclient.FetchMessageBuffer {
	t.Helper()
	client, server := net.Pipe()
	defer server.Close()
	go func() {
		r := bufio.NewReader(server)
		io.WriteString(server, "* PREAUTH [CAPABILITY IMAP4rev1 IMAP4rev2 BINARY] ready\r\n")
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			tag, _, _ := strings.Cut(line, " ")
			if strings.Contains(line, "FETCH") {
				io.WriteString(server, response)
			}
			io.WriteString(server, tag+" OK done\r\n")
		}
	}()
	c := imapclient.New(client, nil)
	defer c.Close()
	got, err := c.Fetch(imap.SeqSetNum(1), &imap.FetchOptions{UID: true}).Collect()
	if err != nil || len(got) != 1 {
		t.Fatalf("%d messages, %v: %.2000q", len(got), err, response)
	}
	return got[0]
}

// FuzzServedMessage takes any bytes as a message and goes the whole way: index,
// stored form, wire, a client's parser. Whatever came by mail, the answer is
// legal IMAP, holds the message's bytes, and neither time nor memory explode.
func FuzzServedMessage(f *testing.F) {
	served(f, []byte("x"), false, "ENVELOPE") // tables that are made once
	for _, msg := range poison() {
		f.Add([]byte(msg[:min(len(msg), 8<<10)]), false)
	}
	f.Add([]byte(nestedMessage), true)
	for _, msg := range oddMessages() {
		f.Add([]byte(msg[:min(len(msg), 8<<10)]), true)
	}
	f.Fuzz(func(t *testing.T, msg []byte, utf8 bool) {
		if len(msg) > 1<<20 || len(msg) == 0 {
			return
		}
		checkServed(t, msg, utf8)
	})
}

// checkServed serves a message and checks what a client makes of it.
func checkServed(t testing.TB, msg []byte, utf8 bool) {
	t.Helper()
	before, start := allocated(), cputime.Process()
	response := served(t, msg, utf8, fetchEverything)
	if took := cputime.Process() - start; took > time.Second+time.Duration(len(msg))*2*time.Microsecond {
		t.Fatalf("%d bytes took %v", len(msg), took)
	}
	if got := allocated() - before; got > 16<<20+64*uint64(len(msg)) {
		t.Fatalf("%d bytes took %d bytes of memory", len(msg), got)
	}
	m := understood(t, response)
	if m.UID != 1 || m.RFC822Size != int64(len(msg)) || m.Envelope == nil || m.BodyStructure == nil {
		t.Fatalf("not everything was understood: %.2000q", response)
	}
	if got := m.FindBodySection(&imap.FetchItemBodySection{}); !bytes.Equal(got, msg) {
		t.Fatal("the bytes are not the message's")
	}
	head := m.FindBodySection(&imap.FetchItemBodySection{Specifier: imap.PartSpecifierHeader})
	text := m.FindBodySection(&imap.FetchItemBodySection{Specifier: imap.PartSpecifierText})
	if !bytes.Equal(append(append([]byte(nil), head...), text...), msg) {
		t.Fatal("header and text do not make up the message")
	}
}

func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// oddMessages are further messages that nobody writes on purpose.
func oddMessages() map[string]string {
	many := func(n int, s string) string { return strings.Repeat(s, n) }
	nested := func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteString("Content-Type: message/rfc822\r\n\r\nContent-Type: multipart/mixed; boundary=\"b\"\r\n\r\n--b\r\n")
		}
		return b.String()
	}
	return map[string]string{
		"a million headers":               many(1_000_000, "A:b\r\n") + "\r\n",
		"nested in nested":                nested(5_000),
		"the same boundary inside":        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n--b--\r\n",
		"a boundary that begins another":  "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\n\r\nx\r\n--bb--\r\n--b--\r\n",
		"no end boundary":                 "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\nContent-Type: text/html",
		"boundary with blanks":            "Content-Type: multipart/mixed; boundary=\" b \"\r\n\r\n-- b \t\r\n\r\nx\r\n-- b--  \r\n",
		"boundary of dashes":              "Content-Type: multipart/mixed; boundary=\"--\"\r\n\r\n----\r\n\r\nx\r\n------\r\n",
		"boundary in the header":          "Content-Type: multipart/mixed; boundary=b\r\n--b\r\n\r\nx\r\n--b--\r\n",
		"empty boundary":                  "Content-Type: multipart/mixed; boundary=\"\"\r\n\r\n--\r\n\r\nx\r\n----\r\n",
		"boundary with a NUL":             "Content-Type: multipart/mixed; boundary=\"a\x00b\"\r\n\r\n--ab\r\n\r\nx\r\n--ab--\r\n",
		"bare CR in a boundary":           "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\r\n\r\nx\r--b\r\n--b--\r\n",
		"digest":                          "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nSubject: in\r\n\r\nx\r\n--b\r\nContent-Type: text/plain\r\n\r\ny\r\n--b--\r\n",
		"parameters out of order":         "Content-Type: text/plain; name*2=c; name*0*=utf-8'vi'%C4%90; name*1=b; name*9999999999=z; name*=x''%zz; name*0\r\n\r\nx",
		"parameter of nothing":            "Content-Disposition: attachment; filename=; =x; ;filename*=\"\r\n\r\nx",
		"nested encoded words":            "Subject: =?utf-8?Q?=3D=3Futf-8=3FQ=3Fx=3F=3D?= =?=?utf-8?B??= =?utf-8?B?====?=\r\n\r\n",
		"a long encoded word":             "Subject: =?utf-8?B?" + many(100_000, "QUJD") + "?=\r\n\r\n",
		"nested comments":                 "From: a@x " + many(50_000, "(") + "x" + many(50_000, ")") + "\r\nContent-Type: text/plain " + many(50_000, "(a") + "\r\n\r\n",
		"groups":                          "To: g: a@x, b@y; , h:;, undisclosed:: c@z;;; i: j: k@x;;\r\n\r\n",
		"addresses of every kind":         "From: <>, @, a@, @b, <a>, \"\"@\"\", <@r:a@b>, a b c, \xff@\xfe, a@[1.2.3.4], a@b@c, <a@b> <c@d>\r\nSender: ;\r\nReply-To: :\r\nBcc: (\r\n\r\n",
		"hundred thousand of them":        "Cc: " + many(100_000, "\"Ngô, Mẫu\" <m@x.test>, ") + "\r\nTo: " + many(100_000, "x@y\r\n\t,") + "\r\n\r\n",
		"dates of every era":              "Date: Mon, 32 Foo 0000 25:61:61 +9999\r\nDate: Sun, 1 Jan 99999 00:00:00 +0000\r\n\r\n",
		"the same header many times":      many(1000, "Subject: x\r\nFrom: a@x\r\nMessage-ID: <a>\r\nContent-Type: text/plain\r\n") + "\r\nx",
		"control characters":              "Subject: a\x01\x7f\x1b[31m\x08\r\nFrom: \x02 <\x03@\x04>\r\nContent-Type: t\x05/p\x06; n\x07=\x08\r\nContent-ID: <\x00>\r\nContent-Location: \"\\\r\n\r\n",
		"UTF-8 everywhere":                "Subject: Đấu\r\nFrom: Đ <đ@ví-dụ.test>\r\nContent-Type: text/plain; name=\"Đ\"; charset=Đ\r\nContent-Description: Đ\r\nContent-Language: vi, Đ\r\n\r\nĐ",
		"sizes that lie":                  "Content-Length: 99999999999999999999\r\nLines: -1\r\n\r\nx",
		"CR CR LF":                        "Subject: x\r\r\nFrom: a\r\r\n\r\r\nbody\r\r\n",
		"LF CR":                           "Subject: x\n\rFrom: a\n\r\n\rbody",
		"only a header that never ends":   "Subject: " + many(300_000, "x"),
		"folded for ever":                 "Subject: x" + many(100_000, "\r\n y") + "\r\n\r\n",
		"message/global":                  "Content-Type: message/global\r\n\r\nSubject: Đ\r\n\r\nx",
		"message/partial and delivery":    "Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nA: b\r\n--b\r\nContent-Type: message/partial; id=x\r\n\r\nx\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\nA: b\r\n--b--",
		"an encoding of a multipart":      "Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: base64\r\n\r\nLS1i\r\n--b\r\n\r\nx\r\n--b--",
		"quoted pairs at the end":         "From: \"a\\\r\nTo: <a\\\r\nContent-Type: text/plain; x=\"\\\r\n\r\n",
		"NUL and nothing":                 "\x00",
		"a CR":                            "\r",
		"parameters by the thousand":      "Content-Type: text/plain; " + many(10_000, "a=\"b\"; ") + "\r\n\r\nx",
		"types that cannot be":            "Content-Type: \"text/plain\"/\"(\"; x\r\nContent-Transfer-Encoding: (a) base64 (b)\r\nContent-Disposition: (x) \"inline\"; filename=\"a\"b\"\r\n\r\nx",
		"a thousand parts of every kind":  "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + many(400, "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\n--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\n--c--\r\n"),
		"a header field without a name":   ": x\r\n :y\r\n\t: z\r\nSubject : w\r\n\r\n",
		"an encoded word of every letter": "Subject: " + string(every()) + "\r\n\r\n",
	}
}

// every byte once, in no order.
func every() []byte {
	b := make([]byte, 256)
	for i, n := range rand.New(rand.NewPCG(1, 2)).Perm(256) {
		b[i] = byte(n)
	}
	return b
}

// TestOddMessagesAreServed sends the odd messages the whole way, by both.
func TestOddMessagesAreServed(t *testing.T) {
	served(t, []byte("x"), false, "ENVELOPE") // tables that are made once
	for _, set := range []map[string]string{poison(), oddMessages()} {
		for name, msg := range set {
			t.Run(name, func(t *testing.T) { checkServed(t, []byte(msg), len(name)%2 == 0) })
		}
	}
}
