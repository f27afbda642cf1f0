package smtp

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"quangtri.gov.vn/vanthu/mailsvc"
)

func TestOneTransactionAtATime(t *testing.T) { // S6, S10
	t.Parallel()
	w := newWorld(t)
	c := w.ready(Submissions)
	c.say("MAIL FROM:<"+clerk+">", "250")
	c.say("MAIL FROM:<"+other+">", "503")
	c.say("RSET", "250")
	c.say("MAIL FROM:<"+clerk+">", "250")
	c.say("EHLO again.example", "250") // also ends it
	c.say("MAIL FROM:<"+clerk+">", "250")

	c = w.dial(Submissions)
	c.say("EHLO x.example", "250")
	c.say("MAIL FROM:<"+clerk+">", "530")
	c.say("RCPT TO:<"+other+">", "502")
	c.say("DATA", "502")
	c.login(clerk, password)
	c.say("MAIL FROM:<"+clerk+">", "250")
	c.say("AUTH PLAIN "+plain(other, password), "503")
}

func TestNoRelay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.ready(MX)
	c.say("MAIL FROM:<>", "250")
	for _, to := range []string{
		"a@ngoai.example", "@" + domain + ":a@ngoai.example", `"a@ngoai.example"@[127.0.0.1]`, "a@[127.0.0.1]", "a@localhost",
		"a@" + domain + ".ngoai.example", "a@ngoai.example@ngoai.example",
	} {
		if r := c.say("RCPT TO:<"+to+">", "5"); !strings.Contains(r, "5.7.1") && !strings.Contains(r, "5.1.3") {
			t.Errorf("%s: %q", to, r)
		}
	}
	for _, to := range []string{
		"nobody@" + domain, "a%ngoai.example@" + domain, "a!b@" + domain, `"a@ngoai.example"@` + domain, "mau.an+x@" + domain,
	} {
		if r := c.say("RCPT TO:<"+to+">", "550"); !strings.Contains(r, "5.1.1") {
			t.Errorf("%s: %q", to, r)
		}
	}
	c.say("RCPT TO:<"+off+">", "550 5.2.1")
	c.say("AUTH PLAIN "+plain(clerk, password), "503")
	c.say("DATA", "502")
	if w.count() != 0 {
		t.Error("something was sent")
	}
}

func TestHarvestingEndsTheConnection(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Limits.Refused = 3 })
	c := w.ready(MX)
	c.say("MAIL FROM:<"+stranger+">", "250")
	for range 3 {
		c.say("RCPT TO:<nobody@"+domain+">", "550")
	}
	c.say("RCPT TO:<nobody@"+domain+">", "421")
	c.wantClosed()
}

func TestOwnSendersCanBeRefusedOutside(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.RefuseOwnSenders = true })
	c := w.ready(MX)
	c.say("MAIL FROM:<"+clerk+">", "550")
	c.say("MAIL FROM:<"+stranger+">", "250")
}

func TestAuthentication(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	c := w.dial(Submissions)
	c.say("EHLO x.example", "250")
	c.say("AUTH LOGIN", "334 VXNlcm5hbWU6")
	c.say(b64(clerk), "334 UGFzc3dvcmQ6")
	c.say(b64(password), "235")
	c.say("AUTH LOGIN", "503")

	c = w.dial(Submissions)
	c.say("EHLO x.example", "250")
	c.say("AUTH PLAIN", "334")
	c.say("*", "501")
	c.say("AUTH CRAM-MD5", "504")
	c.say("AUTH PLAIN !!!", "454")
	c.say("AUTH PLAIN "+b64(office+"\x00"+clerk+"\x00"+password), "535")
	c.say("AUTH PLAIN "+b64("no zeros"), "454")
	c.say("AUTH LOGIN "+b64(clerk), "334")
	c.say(b64("wrong"), "535")
	c.say("AUTH PLAIN "+plain("nobody@"+domain, password), "535")
	c.say("AUTH PLAIN "+plain(clerk, "wrong"), "535")
	c.wantClosed()

	// A SASL response is never a command.
	c = w.dial(Submissions)
	c.say("EHLO x.example", "250")
	c.say("AUTH LOGIN", "334")
	c.say("STARTTLS", "334")
	c.say("BDAT", "535")

	w = newWorld(t, func(o *Options) { o.InsecureLoopbackAuth = true })
	c = w.dial(Submission)
	c.say("EHLO x.example", "250")
	c.login(clerk, password)
	w.dial(MX).say("EHLO x.example", "250")
}

func TestSendersOnSubmission(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.ready(Submissions)
	for _, bad := range []string{other, stranger, "nobody@" + domain} {
		c.say("MAIL FROM:<"+bad+">", "553")
	}
	ok := func(head string) string { return head + "Subject: x\r\n\r\nbody\r\n" }
	for _, head := range []string{
		"From: <" + clerk + ">\r\n", "From: Nguyễn Mẫu An <" + alias + ">\r\n", "FROM:\r\n " + office + "\r\n",
		"From: =?utf-8?q?V=C4=83n_th=C6=B0?= <" + office + ">\r\nSender: " + clerk + "\r\n",
		"from : " + strings.ToUpper(clerk) + " (lời chú)\r\n",
	} {
		c.transfer(clerk, []string{other}, ok(head), "250")
	}
	c.transfer("", []string{other}, ok("From: "+clerk+"\r\n"), "250") // as read receipts are sent
	n := w.count()
	for _, head := range []string{
		"", "From:\r\n", "From: <" + other + ">\r\n", "From: " + stranger + "\r\n",
		"From: " + clerk + ", " + other + "\r\n", "From: " + clerk + "\r\nFrom: " + clerk + "\r\n",
		"From: " + clerk + "\r\nfrom : " + other + "\r\n", "From: a: " + clerk + ";\r\n", "From: undisclosed:;\r\n",
		"From: " + clerk + "\r\nSender: " + other + "\r\n", "From: " + clerk + "\r\nResent-From: " + other + "\r\n",
		"From: \"" + clerk + "\" <" + other + ">\r\n", "From: " + clerk + "\r\n <" + other + ">\r\n",
		"From: " + repeat("a", 3000) + "@x.example\r\n", "not a field\r\nFrom: " + clerk + "\r\n",
		"From: =?utf-8?q?mau.an=40" + domain + "?=\r\n", "From: " + clerk + " <" + clerk + "> <" + other + ">\r\n",
	} {
		c.transfer(clerk, []string{other}, ok(head), "550")
	}
	if w.count() != n {
		t.Error("a refused message was delivered")
	}
}

func TestSubmissionCompletesTheHeader(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 7, 1, 8, 30, 0, 0, time.FixedZone("", 7*3600))
	w := newWorld(t, func(o *Options) { o.Now = func() time.Time { return now } })
	c := w.ready(Submission)
	c.transfer(clerk, []string{other, office}, "From: "+clerk+"\r\nBcc: "+office+",\r\n\tkin@x.example\r\nTo: "+other+"\r\nbCC:x@x.example\r\n\r\nbody\r\n", "250")
	m := w.mail(other)[0]
	head := fieldsOf(m)
	for _, want := range []string{
		"Return-Path: <" + clerk + ">\r\nDelivered-To: " + other + "\r\nReceived: by mail." + domain + " with ESMTPSA id ",
		"\r\nFrom: " + clerk + "\r\nTo: " + other + "\r\nDate: Wed, 01 Jul 2026 08:30:00 +0700\r\nMessage-ID: <",
	} {
		if !strings.Contains(head, want) {
			t.Errorf("no %q in\n%s", want, head)
		}
	}
	for _, not := range []string{"Bcc", "bCC", "kin@", "for <", "127.0.0.1", "client.example"} {
		if strings.Contains(head, not) {
			t.Errorf("%q in\n%s", not, head)
		}
	}
	if strings.Contains(w.mail(office)[0], other+"\r\nReceived") {
		t.Error("one recipient's trace names another")
	}
	if !strings.HasSuffix(m, "\r\n\r\nbody\r\n") {
		t.Errorf("body of %q", m)
	}
	// What is there stays as it is, and a header alone is a message.
	c.transfer(clerk, []string{other}, simple(clerk), "250")
	if m := w.mail(other)[1]; !strings.HasSuffix(m, simple(clerk)) {
		t.Errorf("changed: %q", m)
	}
	c.envelope(clerk, other)
	c.send("BDAT " + fmt.Sprint(len("From: "+clerk)) + " LAST\r\nFrom: " + clerk)
	c.want("250")
	if m := w.mail(other)[2]; !strings.Contains(m, "From: "+clerk+"\r\nDate: ") || !strings.HasSuffix(m, ">\r\n\r\n") {
		t.Errorf("header alone: %q", m)
	}
}

func TestTraceOfForeignMail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.dial(MX)
	c.say("HELO evil(comment)\tx", "250")
	m := "Authentication-Results: MAIL." + domain + "; dkim=pass\r\nAuthentication-Results: mx.x.example; spf=pass\r\nauthentication-results:\r\n mail." + domain + " 1; spf=pass\r\n" + simple(stranger)
	c.transfer(stranger, []string{alias, clerk}, m, "250")
	got := w.mail(clerk)
	if len(got) != 1 {
		t.Fatalf("%d copies through account and alias", len(got))
	}
	if strings.Contains(strings.ToLower(got[0]), "pass\r\nauth") || strings.Count(got[0], "uthentication-") != 1 {
		t.Errorf("forged results: %q", got[0])
	}
	if !strings.Contains(got[0], "Received: from evil?comment??x ([127.0.0.1])\r\n\tby mail."+domain+" with SMTP id ") {
		t.Errorf("trace: %q", got[0])
	}
	c.transfer(stranger, []string{alias}, simple(stranger), "250")
	if got := w.mail(clerk)[1]; !strings.Contains(got, "for <"+alias+">;") || !strings.Contains(got, "Delivered-To: "+alias+"\r\n") {
		t.Errorf("single recipient: %q", got)
	}
}

func TestHeaderLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) {
		o.Limits.HeaderSize = 64 << 10
		o.Limits.HeaderFields = 100
		o.Limits.Hops = 10
	})
	c := w.ready(MX)
	for name, m := range map[string]string{
		"fields": numbered("X-%d: y\r\n", 101), "size": numbered("X: %080d\r\n", 99) + "Y: " + repeat("a", 60_000) + "\r\n",
		"no end": "X: " + repeat("y\r\n ", 30_000) + "\r\n", "hops": numbered("Received: %d\r\n", 11),
	} {
		r := c.transfer(stranger, []string{other}, m+"\r\nbody\r\n", "55")
		if name == "hops" != strings.HasPrefix(r, "554 5.4.6") {
			t.Errorf("%s: %q", name, r)
		}
		c.say("NOOP", "250")
	}
	c.transfer(stranger, []string{other}, numbered("Received: %d\r\n", 10)+"\r\n", "250")
	c.transfer(stranger, []string{other}, "\r\nno header at all\r\n", "250")
	c.transfer(stranger, []string{other}, "", "250")
}

func TestSizeLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Limits.MessageSize = 2000 })
	c := w.ready(MX)
	if r := c.say("EHLO x.example", "250"); !strings.Contains(r, "SIZE 2000") {
		t.Errorf("EHLO: %q", r)
	}
	c.say("MAIL FROM:<"+stranger+"> SIZE=2001", "552")
	c.transfer(stranger, []string{other}, "Subject: x\r\n\r\n"+repeat("0123456789\r\n", 200), "552")
	c.transfer(stranger, []string{other}, simple(stranger), "250")
	c.envelope(stranger, other) // far too much: cut, not read to the end
	c.say("DATA", "354")
	go func() {
		for range 2000 {
			if _, err := c.nc.Write([]byte(repeat("0123456789\r\n", 200))); err != nil {
				return
			}
		}
	}()
	if r := c.wantClosed(); strings.Contains(r, "250") {
		t.Errorf("got %q", r)
	}
	if n := w.count(); n != 1 {
		t.Errorf("%d messages", n)
	}
}

func TestRemoteRecipients(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.ready(Submissions)
	c.transfer(clerk, []string{stranger, other, "Bo@Trung.Example", stranger}, simple(clerk), "250")
	if len(w.queued) != 2 || len(w.mail(other)) != 1 {
		t.Fatalf("queue %v", w.queued)
	}
	keys := map[string]bool{}
	for _, o := range w.queued {
		keys[o.Key] = true
		if o.From != clerk || w.blobs[o.Blob] != simple(clerk) || o.Size != int64(len(simple(clerk))) || !strings.HasPrefix(string(o.Prefix), "Received: by ") || o.Tracked {
			t.Errorf("queued %+v", o)
		}
	}
	if len(keys) != 2 || w.queued[1].To != "Bo@trung.example" {
		t.Errorf("keys %v to %s", keys, w.queued[1].To)
	}
	c.envelope(clerk)
	c.say("RCPT TO:<a@[192.0.2.1]>", "553")
	c.say("RSET", "250")
	w.mu.Lock()
	w.failQueue = &mailsvc.Error{Op: "enqueue", Kind: mailsvc.ErrFull}
	w.mu.Unlock()
	c.transfer(clerk, []string{stranger, other}, simple(clerk), "452")
	if len(w.mail(other)) != 1 {
		t.Error("a refused transaction delivered something")
	}
}

func TestWishesForNotifications(t *testing.T) { // RFC 3461
	t.Parallel()
	w := newWorld(t)
	c := w.ready(MX)
	c.say("MAIL FROM:<"+stranger+"> RET=HDRS", "504") // not offered to strangers
	c.say("MAIL FROM:<"+stranger+">", "250")
	c.say("RCPT TO:<"+other+"> NOTIFY=SUCCESS", "504")
	c = w.ready(Submission)
	if r := c.say("EHLO x.example", "250"); !strings.Contains(r, "DSN") {
		t.Errorf("EHLO: %q", r)
	}
	c.say("MAIL FROM:<"+clerk+"> ENVID="+repeat("a", 101), "501")
	c.say("MAIL FROM:<"+clerk+"> RET=HDRS ENVID=abc+2B", "250")
	c.say("RCPT TO:<"+stranger+"> NOTIFY=NEVER", "250")
	c.say("RCPT TO:<"+other+"> NOTIFY=success,FAILURE ORCPT=rfc822;b@x.example", "250")
	c.say("RCPT TO:<"+office+"> NOTIFY=FAILURE", "250")
	c.say("DATA", "354")
	c.send(simple(clerk) + ".\r\n")
	c.want("250")
	if len(w.queued) != 2 || len(w.mail(office)) != 1 || len(w.mail(other)) != 0 {
		t.Fatalf("queued %+v", w.queued)
	}
	if q := w.queued[0]; q.Notify != "NEVER" || q.Envelope != "abc+" || q.Original != "" {
		t.Errorf("queued %+v", q)
	}
	if q := w.queued[1]; q.To != other || q.Notify != "SUCCESS,FAILURE" || q.Original != "RFC822;b@x.example" || !strings.HasPrefix(string(q.Prefix), "Return-Path: ") {
		t.Errorf("queued %+v", q)
	}
}

func TestPartialFailure(t *testing.T) {
	t.Parallel()
	trouble := errors.New("shard is away")
	for name, c := range map[string]struct {
		fail     func(try int, account string) error
		to       []string
		want     string
		local    int // copies in mailboxes
		queued   int
		attempts int
	}{
		"passing trouble": {func(try int, _ string) error { return when(try < 3, trouble) }, []string{other, office}, "250", 2, 0, 3},
		"one shard away":  {func(_ int, a string) error { return when(a == office, trouble) }, []string{other, office}, "250", 1, 1, 3},
		"all away":        {func(int, string) error { return trouble }, []string{other, office}, "451", 0, 0, 3},
		"disk full":       {func(int, string) error { return mailsvc.ErrFull }, []string{other}, "452", 0, 0, 1},
		"over quota":      {func(int, string) error { return mailsvc.ErrOverQuota }, []string{other}, "552", 0, 0, 1},
		"one over quota":  {func(_ int, a string) error { return when(a == office, mailsvc.ErrOverQuota) }, []string{other, office}, "250", 1, 1, 1},
		"unknown":         {func(int, string) error { return mailsvc.ErrUnknown }, []string{other}, "451", 0, 0, 1},
		"with a remote":   {func(int, string) error { return trouble }, []string{other, stranger}, "250", 0, 2, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.failDeliver = c.fail
			w.ready(Submissions).transfer(clerk, c.to, simple(clerk), c.want)
			w.mu.Lock()
			defer w.mu.Unlock()
			local := 0
			for _, m := range w.delivered {
				local += len(m)
			}
			if local != c.local || len(w.queued) != c.queued || w.tries != c.attempts {
				t.Errorf("%d delivered, %d queued, %d tries; want %d, %d, %d", local, len(w.queued), w.tries, c.local, c.queued, c.attempts)
			}
			for _, o := range w.queued {
				if strings.HasSuffix(o.To, domain) && !strings.HasPrefix(string(o.Prefix), "Return-Path: ") {
					t.Errorf("retry without its prefix: %+v", o)
				}
			}
		})
	}
}

func when(is bool, err error) error {
	if is {
		return err
	}
	return nil
}

func TestIntake(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.take = func(in mailsvc.Incoming) error {
		if w.count() != 0 || len(w.blobs) != 0 {
			t.Error("something was stored before the intake judged")
		}
		switch {
		case strings.Contains(string(in.Data), "mật"):
			return &mailsvc.Rejection{Code: 554, Enhanced: [3]int{5, 7, 1}, Text: "Văn bản có dấu độ mật;\r\n250 không được gửi."}
		case strings.Contains(string(in.Data), "hỏng"):
			return errors.New("what the document said")
		}
		return nil
	}
	c := w.ready(Submissions)
	c.envelope(clerk, other, "PhatHanh@"+domain, intakeTo)
	c.say("DATA", "354")
	c.send("From: " + clerk + "\r\nBcc: x@x.example\r\n\r\nmật\r\n.\r\n")
	if r := c.want("554 5.7.1 Văn bản có dấu độ mật; 250 không được gửi.\r\n"); strings.Count(r, "\r\n") != 1 {
		t.Errorf("reply %q", r)
	}
	c.transfer(clerk, []string{intakeTo, other}, "From: "+clerk+"\r\n\r\nhỏng\r\n", "451")
	if w.count() != 0 || len(w.blobs) != 0 {
		t.Fatal("a refused document was delivered or stored")
	}
	c.transfer(clerk, []string{intakeTo, other}, simple(clerk), "250")
	in := w.taken[2]
	if in.From != clerk || in.To != intakeTo || in.Account.Address != clerk || in.MessageID != "<1@b.example>" || string(in.Data) != simple(clerk) {
		t.Errorf("the intake got %+v", in)
	}
	if len(w.mail(other)) != 1 {
		t.Error("the other recipient got nothing")
	}
}

func TestIntakeRefusesStrangers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.ready(MX)
	c.say("MAIL FROM:<"+clerk+">", "250")
	if r := c.say("RCPT TO:<"+intakeTo+">", "550 5.7.1"); !strings.Contains(r, "văn thư") {
		t.Errorf("reply %q", r)
	}
	c.say("DATA", "502")
	w = newWorld(t)
	w.permit = func(*mailsvc.Account, string) error {
		return &mailsvc.Rejection{Code: 530, Enhanced: [3]int{5, 7, 0}, Text: "đăng nhập"}
	}
	c = w.ready(MX)
	c.say("MAIL FROM:<"+clerk+">", "250")
	c.say("RCPT TO:<"+intakeTo+">", "530 5.7.0 đăng nhập")
}

func TestIntakeMemoryIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) {
		o.Limits.IntakeSize = 300 << 10
		o.Limits.IntakeMemory = 600 << 10
	})
	c := w.ready(Submissions)
	big := func(n int) string {
		return "From: " + clerk + "\r\n\r\n" + repeat(repeat("x", 62)+"\r\n", n>>6)
	}
	c.say("MAIL FROM:<"+clerk+"> SIZE=310000", "250")
	c.say("RCPT TO:<"+intakeTo+">", "552")
	c.say("RSET", "250")
	c.transfer(clerk, []string{intakeTo}, big(310<<10), "552")
	c.transfer(clerk, []string{intakeTo}, big(250<<10), "250")
	// While one is being judged, another finds too little left.
	entered, leave := make(chan bool), make(chan bool)
	w.take = func(mailsvc.Incoming) error { entered <- true; <-leave; return nil }
	c.envelope(clerk, intakeTo)
	c.say("DATA", "354")
	c.send(big(250<<10) + ".\r\n")
	<-entered
	d := w.ready(Submissions)
	d.transfer(clerk, []string{intakeTo}, big(250<<10), "452")
	leave <- true
	c.want("250")
	if got := w.server.memory.left; got != 600<<10 {
		t.Errorf("%d octets are left of the budget", got)
	}
}

func TestStorageTroubleIsTemporary(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]string{
		&mailsvc.Error{Op: "write", Kind: mailsvc.ErrFull}: "452",
		errors.New("input/output error"):                   "451",
	} {
		w := newWorld(t)
		w.failIngest = err
		c := w.ready(MX)
		c.transfer(stranger, []string{other}, simple(stranger), want)
		c.say("NOOP", "250")
	}
}

func FuzzParsePath(f *testing.F) {
	for _, s := range []string{"a@b.vn", `a"b@c`, "a@[127.0.0.1]", "@", "a@b@c", "đ@đ.vn"} {
		f.Add(s, true)
	}
	f.Fuzz(func(t *testing.T, in string, utf8ok bool) {
		p, err := parsePath(in, utf8ok)
		if err != nil {
			return
		}
		if s := p.String(); strings.ContainsAny(s, "\r\n\x00\x7f") || len(s) > 3*(maxLocal+maxDomain) {
			t.Fatalf("%q -> %q", in, s)
		}
	})
}

func FuzzHeader(f *testing.F) {
	f.Add([]byte("From: a@b\r\nTo: x\r\n y\r\nnone\r\n"))
	f.Add([]byte("\r\n \r\n:"))
	f.Fuzz(func(t *testing.T, in []byte) {
		n := 0
		for _, fd := range parseFields(in) {
			n += len(fd.raw)
			_ = fd.value()
		}
		if n != len(in) {
			t.Fatalf("%d of %d octets are in fields", n, len(in))
		}
		_, _ = soleAddress(string(in))
	})
}
