package queue

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/mail"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.etcd.io/bbolt"

	"quangtri.gov.vn/vanthu/mailsvc"
)

func TestDelivery(t *testing.T) {
	t.Parallel()
	p, b := &peer{}, newBodies()
	q, _ := start(t, file(t), b.options(t, p.pipe))
	must(t, q.Enqueue(t.Context(), b.mail("a")))
	o := await(t, q, "a")
	wantPhase(t, o, mailsvc.Delivered)
	if o.Attempts != 1 || o.Reply != "250 2.0.0 taken" {
		t.Errorf("outcome %+v", o)
	}
	got := p.got()
	if len(got) != 1 || got[0] != (received{author, "bo@" + there, "Received: by mail." + here + "\r\n" + letter}) {
		t.Errorf("got %q", got)
	}
}

func TestTheSameKeyIsOneItem(t *testing.T) {
	t.Parallel()
	p, b := &peer{}, newBodies()
	path := file(t)
	q, stop := start(t, path, b.options(t, p.pipe))
	must(t, q.Enqueue(t.Context(), append(b.mail("a"), b.mail("a")...)))
	must(t, q.Enqueue(t.Context(), b.mail("a")))
	await(t, q, "a")
	must(t, q.Enqueue(t.Context(), b.mail("a")))
	must(t, q.Forget(t.Context(), []string{"a", "unknown"}))
	if o := outcome(t, q, "a"); o.Key != "" {
		t.Errorf("forgotten, but %+v", o)
	}
	must(t, q.Enqueue(t.Context(), b.mail("a")))
	stop()
	q, _ = start(t, path, b.options(t, p.pipe))
	must(t, q.Enqueue(t.Context(), append(b.mail("a"), b.mail("b")...)))
	await(t, q, "b")
	if n := len(p.got()); n != 2 {
		t.Errorf("%d messages were sent, want a and b once each", n)
	}
}

func TestInvalidItems(t *testing.T) {
	t.Parallel()
	b := newBodies()
	q, _ := start(t, file(t), b.options(t, (&peer{}).pipe))
	for name, change := range map[string]func(*mailsvc.Outgoing){
		"line break":    func(m *mailsvc.Outgoing) { m.To = "a@b.example\r\nRCPT TO:<c@d.example>" },
		"brackets":      func(m *mailsvc.Outgoing) { m.To = "a>@b.example" },
		"no domain":     func(m *mailsvc.Outgoing) { m.To = "a@" },
		"sender":        func(m *mailsvc.Outgoing) { m.From = "x\n@y" },
		"bare sender":   func(m *mailsvc.Outgoing) { m.From = "postmaster" },
		"long key":      func(m *mailsvc.Outgoing) { m.Key = strings.Repeat("k", 2000) },
		"wish":          func(m *mailsvc.Outgoing) { m.Notify = "NEVER,SUCCESS" },
		"ENVID":         func(m *mailsvc.Outgoing) { m.Envelope = "a\r\nb" },
		"ORCPT":         func(m *mailsvc.Outgoing) { m.Original = "x@y.example" },
		"without bytes": func(m *mailsvc.Outgoing) { m.Blob = "" },
	} {
		err := q.Enqueue(t.Context(), append(b.mail("good"), b.mail("bad", change)...))
		if !errors.Is(err, mailsvc.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if s, err := q.Stats(); err != nil || s != (Stats{}) {
		t.Errorf("stats %+v, %v", s, err)
	}
}

// TestRetriesUntilExpiry lets virtual days pass.
func TestRetriesUntilExpiry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, b := &peer{answer: func(step, _ string, _ int) string {
			if step == "RCPT" {
				return "450 4.2.1 later\x1b[31m"
			}
			return ""
		}}, newBodies()
		q, stop := start(t, file(t), b.options(t, p.pipe))
		defer stop()
		began := time.Now()
		must(t, q.Enqueue(t.Context(), append(b.mail("a"), b.mail("b", untracked)...)))
		<-time.After(time.Minute - time.Second)
		synctest.Wait()
		o := outcome(t, q, "a")
		wantPhase(t, o, mailsvc.Waiting)
		if wait := o.Next.Sub(began); o.Attempts < 1 || wait < 48*time.Second || wait > 200*time.Second || o.Reply != "450 4.2.1 later [31m" {
			t.Errorf("after the first attempt: next in %v, %+v", wait, o)
		}
		<-time.After(4 * 24 * time.Hour)
		synctest.Wait()
		wantPhase(t, outcome(t, q, "a"), mailsvc.Waiting)
		<-time.After(25 * time.Hour)
		synctest.Wait()
		o = outcome(t, q, "a")
		wantPhase(t, o, mailsvc.Bounced)
		if age := o.Changed.Sub(began); age < 5*24*time.Hour || age > 5*24*time.Hour+time.Minute {
			t.Errorf("returned after %v", age)
		}
		// 1, 2, 4 ... 240 minutes: about 8 in the first four hours, 30 in the rest.
		if o.Attempts < 25 || o.Attempts > 50 {
			t.Errorf("%d attempts", o.Attempts)
		}
		if n := len(b.box(author)); n != 1 {
			t.Errorf("%d notifications", n)
		}
		select {
		case <-q.Settled():
		default:
			t.Error("no token in Settled")
		}
	})
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	q := &Queue{o: Options{RetryFirst: time.Minute, RetryMax: time.Hour}}
	for n, want := range map[int]time.Duration{1: time.Minute, 2: 2 * time.Minute, 6: 32 * time.Minute, 7: time.Hour, 1000: time.Hour} {
		different := map[time.Duration]bool{}
		for range 100 {
			d := q.backoff(n)
			different[d] = true
			if d < want*8/10 || d > want*12/10 {
				t.Fatalf("backoff(%d) = %v", n, d)
			}
		}
		if len(different) < 50 {
			t.Errorf("backoff(%d) has no chance in it", n)
		}
	}
}

// TestWhereItBreaks breaks a transfer at each step in each way and lets ten days
// pass: what is in doubt must not be sent again, what is not must be.
func TestWhereItBreaks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		step, act string
		want      mailsvc.Phase // when it goes wrong once and well after that
		copies    int           // that the peer saw complete
	}{
		{"greeting", hangUp, mailsvc.Delivered, 1}, {"greeting", keepQuiet, mailsvc.Delivered, 1}, {"greeting", "554 no", mailsvc.Delivered, 1},
		{"EHLO", hangUp, mailsvc.Delivered, 1}, {"EHLO", "421 busy", mailsvc.Delivered, 1},
		{"MAIL", hangUp, mailsvc.Delivered, 1}, {"MAIL", keepQuiet, mailsvc.Delivered, 1}, {"MAIL", "451 x", mailsvc.Delivered, 1}, {"MAIL", "550 x", mailsvc.Bounced, 0},
		{"RCPT", hangUp, mailsvc.Delivered, 1}, {"RCPT", "452 x", mailsvc.Delivered, 1}, {"RCPT", "550 5.1.1 nobody", mailsvc.Bounced, 0}, {"RCPT", "251 forwarded", mailsvc.Delivered, 1},
		{"DATA", hangUp, mailsvc.Delivered, 1}, {"DATA", "451 x", mailsvc.Delivered, 1}, {"DATA", "554 x", mailsvc.Bounced, 0},
		{"dot", hangUp, mailsvc.Unsure, 1}, {"dot", keepQuiet, mailsvc.Unsure, 1}, {"dot", "nonsense", mailsvc.Unsure, 1}, {"dot", "354 what", mailsvc.Unsure, 1},
		{"dot", "451 x", mailsvc.Delivered, 2}, {"dot", "421 x", mailsvc.Delivered, 2}, {"dot", "554 spam", mailsvc.Bounced, 1}, {"dot", "251 fine", mailsvc.Delivered, 1},
	} {
		t.Run(c.step+" "+c.act, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				once := false
				b := newBodies()
				p := &peer{answer: func(step, _ string, _ int) string {
					if step != c.step || once {
						return ""
					}
					once = true
					return c.act
				}}
				q, stop := start(t, file(t), b.options(t, p.pipe))
				defer stop()
				must(t, q.Enqueue(t.Context(), b.mail("a")))
				<-time.After(10 * 24 * time.Hour)
				synctest.Wait()
				wantPhase(t, outcome(t, q, "a"), c.want)
				if n := len(p.got()); n != c.copies {
					t.Errorf("the peer has %d copies, want %d", n, c.copies)
				}
			})
		})
	}
}

// TestFinalAnswerIsAwaited: RFC 5321 section 4.5.3.2.6.
func TestFinalAnswerIsAwaited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBodies()
		p := &peer{answer: func(step, _ string, _ int) string {
			if step == "dot" {
				<-time.After(9*time.Minute + 50*time.Second)
			}
			return ""
		}}
		q, stop := start(t, file(t), b.options(t, p.pipe))
		defer stop()
		must(t, q.Enqueue(t.Context(), b.mail("a")))
		<-time.After(11 * time.Minute)
		synctest.Wait()
		wantPhase(t, outcome(t, q, "a"), mailsvc.Delivered)
	})
}

// TestStopping stops the queue in the middle of a transfer.
func TestStopping(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		step string
		want mailsvc.Phase // when stopped
	}{{"RCPT", mailsvc.Waiting}, {"DATA", mailsvc.Waiting}, {"dot", mailsvc.Delivered}} {
		t.Run(c.step, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b, path := newBodies(), file(t)
				p := &peer{answer: func(step, _ string, n int) string {
					if step == c.step && n == 1 {
						<-time.After(15 * time.Second)
					}
					return ""
				}}
				q, stop := start(t, path, b.options(t, p.pipe))
				must(t, q.Enqueue(t.Context(), b.mail("a")))
				<-time.After(time.Second)
				stop()
				q, stop = start(t, path, b.options(t, p.pipe))
				o := outcome(t, q, "a")
				wantPhase(t, o, c.want)
				if until := time.Until(o.Next); until > time.Second {
					t.Errorf("waits for another %v", until)
				}
				<-time.After(20 * time.Second)
				synctest.Wait()
				wantPhase(t, outcome(t, q, "a"), mailsvc.Delivered)
				if n := len(p.got()); n != 1 {
					t.Errorf("%d copies", n)
				}
				stop()
			})
		})
	}
}

func TestStoppingDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, path := newBodies(), file(t)
		p := &peer{answer: func(step, _ string, _ int) string {
			if step == "dot" {
				return keepQuiet
			}
			return ""
		}}
		q, stop := start(t, path, b.options(t, p.pipe))
		must(t, q.Enqueue(t.Context(), b.mail("a")))
		<-time.After(time.Second)
		began := time.Now()
		stop()
		if d := time.Since(began); d > 21*time.Second {
			t.Errorf("stopping took %v", d)
		}
		q, stop = start(t, path, b.options(t, p.pipe))
		wantPhase(t, outcome(t, q, "a"), mailsvc.Unsure)
		stop()
	})
}

func TestOrderAndLimits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, b := &peer{answer: func(step, _ string, _ int) string {
			if step == "dot" {
				<-time.After(time.Second)
			}
			return ""
		}}, newBodies()
		o := b.options(t, p.pipe)
		o.PerDomain = 3
		q, err := Open(file(t), o)
		must(t, err)
		var all []mailsvc.Outgoing
		for i := range 30 {
			all = append(all, b.mail(keyed(i), func(m *mailsvc.Outgoing) {
				m.Priority = i / 10
				m.To = keyed(i) + "@" + there
			})...)
		}
		must(t, q.Enqueue(t.Context(), all))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- q.Run(ctx) }()
		<-time.After(5*time.Second + 500*time.Millisecond)
		if s, err := q.Stats(); err != nil || s.Sending != 3 || s.Delivered != 15 || s.Waiting != 15 {
			t.Errorf("in the middle: %+v, %v", s, err)
		}
		<-time.After(6 * time.Second)
		cancel()
		must(t, <-done)
		if p.mostOpen != 3 || p.conns != 3 {
			t.Errorf("%d connections, %d at once; want 3 that are kept", p.conns, p.mostOpen)
		}
		for i, m := range p.got() {
			if want := byte('2' - i/10); m.to[2] != want && i/3 != 3 && i/3 != 6 { // three at once, in any order
				t.Errorf("message %d is %s", i, m.to)
			}
		}
		list, err := q.List(t.Context(), 7)
		must(t, err)
		if len(list) != 7 || list[0].Key != "k000" || list[0].Phase != mailsvc.Delivered || list[0].From != author {
			t.Errorf("list %+v", list)
		}
		must(t, q.Close())
	})
}

func TestOneBadDestinationDoesNotHoldOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, b := &peer{}, newBodies()
		var dials atomic.Int64
		o := b.options(t, func(ctx context.Context, n, address string) (net.Conn, error) {
			if strings.HasPrefix(address, "192.0.2.9") {
				dials.Add(1)
				return nil, errors.New("no route to host")
			}
			return p.pipe(ctx, n, address)
		})
		o.Routes["dead.example"] = "192.0.2.9:25"
		q, stop := start(t, file(t), o)
		defer stop()
		var all []mailsvc.Outgoing
		for i := range 200 {
			all = append(all, b.mail(keyed(i), func(m *mailsvc.Outgoing) { m.To = "x@dead.example" })...)
		}
		must(t, q.Enqueue(t.Context(), append(all, b.mail("good")...)))
		<-time.After(time.Second)
		synctest.Wait()
		wantPhase(t, outcome(t, q, "good"), mailsvc.Delivered)
		<-time.After(24 * time.Hour)
		if n := dials.Load(); n > 100 {
			t.Errorf("a dead server was dialled %d times in a day", n)
		}
		<-time.After(5 * 24 * time.Hour)
		synctest.Wait()
		if s, err := q.Stats(); err != nil || s.Bounced != 200 || s.Waiting != 0 {
			t.Errorf("after six days %+v, %v", s, err)
		}
	})
}

func TestNotifications(t *testing.T) {
	t.Parallel()
	p, b := &peer{answer: func(step, _ string, _ int) string {
		if step == "RCPT" {
			return "550 5.1.1 không có người này"
		}
		return ""
	}}, newBodies()
	q, stop := start(t, file(t), b.options(t, p.pipe))
	must(t, q.Enqueue(t.Context(), b.mail("a", untracked)))
	must(t, q.Enqueue(t.Context(), b.mail("null", untracked, func(m *mailsvc.Outgoing) { m.From = "" })))
	gone(t, q, "a")
	must(t, q.Enqueue(t.Context(), b.mail("gone", untracked, func(m *mailsvc.Outgoing) { m.Blob = "unknown" })))
	gone(t, q, "null")
	gone(t, q, "gone")
	must(t, q.Enqueue(t.Context(), b.mail("a", untracked))) // known, though it is gone
	stop()
	boxes := b.box(author)
	if len(boxes) != 2 {
		t.Fatalf("%d notifications, want 2", len(boxes))
	}
	m, err := mail.ReadMessage(strings.NewReader(boxes[0]))
	must(t, err)
	if m.Header.Get("Return-Path") != "<>" || m.Header.Get("To") != "<"+author+">" || m.Header.Get("Auto-Submitted") != "auto-replied" {
		t.Errorf("header %v", m.Header)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	must(t, err)
	if kind != "multipart/report" || params["report-type"] != "delivery-status" {
		t.Errorf("type %s %v", kind, params)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	want := []struct{ kind, text string }{
		{"text/plain; charset=utf-8", ""},
		{"message/delivery-status", "Final-Recipient: rfc822; bo@bo.example\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 kh?ng c? ng??i n?y\r\n"},
		{"text/rfc822-headers", "Subject: x\r\n"},
	}
	for _, w := range want {
		part, err := parts.NextPart()
		must(t, err)
		text, err := io.ReadAll(part)
		must(t, err)
		if part.Header.Get("Content-Type") != w.kind || !strings.Contains(string(text), w.text) || strings.Contains(string(text), "hello") {
			t.Errorf("part %v:\n%s", part.Header, text)
		}
	}
	if _, err := parts.NextPart(); err != io.EOF {
		t.Errorf("after the parts: %v", err)
	}
}

// TestWishes: RFC 3461.
func TestWishes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, notify, to, ext, answer string
		want                          string // in the notification; "" for none
	}{
		{"never", "NEVER", "x@" + there, "", "550 5.1.1 no", ""},
		{"only success, but it fails", "SUCCESS", "x@" + there, "", "550 5.1.1 no", ""},
		{"failure", "FAILURE,DELAY", "x@" + there, "", "550 5.1.1 no", "Action: failed\r\nStatus: 5.1.1\r\n"},
		{"no wish", "", "x@" + there, "", "", ""},
		{"relayed", "SUCCESS", "x@" + there, "", "", "Action: relayed\r\nStatus: 2.0.0\r\n"},
		{"handed on", "SUCCESS,FAILURE", "x@" + there, "250-DSN\r\n", "", ""},
		{"delivered", "SUCCESS", "x@" + here, "", "", "Action: delivered\r\nStatus: 2.0.0\r\n"},
		{"null sender", "SUCCESS", "null@" + here, "", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, b := &peer{ext: c.ext}, newBodies()
			if c.answer != "" {
				p.answer = says("RCPT", c.answer)
			}
			q, stop := start(t, file(t), b.options(t, p.pipe))
			must(t, q.Enqueue(t.Context(), b.mail("a", untracked, func(m *mailsvc.Outgoing) {
				m.To, m.Notify, m.Envelope, m.Original = c.to, c.notify, "id+1", "RFC822;old@"+there
				if strings.HasPrefix(c.to, "null") {
					m.From = ""
				}
			})))
			gone(t, q, "a")
			if s, err := q.Stats(); err != nil || s != (Stats{Sending: s.Sending}) {
				t.Errorf("left: %+v, %v", s, err)
			}
			stop()
			box := b.box(author)
			switch {
			case c.want == "" && len(box) != 0:
				t.Errorf("an unwanted notification:\n%s", box[0])
			case c.want == "":
			case len(box) != 1:
				t.Errorf("%d notifications", len(box))
			case !strings.Contains(box[0], c.want) || !strings.Contains(box[0], "Original-Envelope-Id: id+1\r\n") || !strings.Contains(box[0], "Original-Recipient: RFC822;old@"+there):
				t.Errorf("notification:\n%s", box[0])
			}
			handed := p.count("MAIL FROM:<"+author+"> BODY=8BITMIME ENVID=id+2B1") + p.count("RCPT TO:<x@"+there+"> NOTIFY="+c.notify+" ORCPT=RFC822;old@")
			if want := 2 * min(1, len(c.ext)); handed != want {
				t.Errorf("said %q", p.said)
			}
		})
	}
}

func TestNotificationIsTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, b := &peer{answer: func(step, _ string, _ int) string {
			if step == "dot" {
				return hangUp
			}
			return ""
		}}, newBodies()
		fails := 3
		b.fail = func(string) error {
			if fails--; fails >= 0 {
				return errors.New("store is away")
			}
			return nil
		}
		path := file(t)
		q, stop := start(t, path, b.options(t, p.pipe))
		must(t, q.Enqueue(t.Context(), b.mail("a", untracked)))
		<-time.After(90 * time.Second)
		needed := 0
		must(t, q.References(func(mailsvc.BlobID) bool { needed++; return true }))
		if needed != 1 {
			t.Errorf("%d bodies are needed for the notification", needed)
		}
		stop()
		q, stop = start(t, path, b.options(t, p.pipe)) // it survives
		<-time.After(10 * time.Minute)
		synctest.Wait()
		if box := b.box(author); len(box) != 1 || !strings.Contains(box[0], "Action: delayed") {
			t.Errorf("notifications %q", box)
		}
		if s, err := q.Stats(); err != nil || s != (Stats{}) {
			t.Errorf("left: %+v, %v", s, err)
		}
		stop()
	})
}

func TestNotificationToAForeignSender(t *testing.T) {
	t.Parallel()
	p, b := &peer{}, newBodies()
	b.fail = func(string) error { return mailsvc.ErrNotFound }
	q, _ := start(t, file(t), b.options(t, p.pipe))
	must(t, q.Enqueue(t.Context(), b.mail("a", untracked, func(m *mailsvc.Outgoing) { m.From, m.To = "x@"+there, "an@"+here })))
	gone(t, q, "a")
	gone(t, q, "dsn/a")
	got := p.got()
	if len(got) != 1 || got[0].from != "" || got[0].to != "x@"+there || !strings.Contains(got[0].data, "5.1.1") {
		t.Errorf("got %q", got)
	}
}

func TestLocalItems(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBodies()
		away := true
		b.fail = func(string) error {
			if away {
				return mailsvc.ErrOverQuota
			}
			return nil
		}
		q, stop := start(t, file(t), b.options(t, (&peer{}).pipe))
		defer stop()
		must(t, q.Enqueue(t.Context(), b.mail("a", func(m *mailsvc.Outgoing) { m.To = "binh@" + strings.ToUpper(here) })))
		<-time.After(time.Hour)
		synctest.Wait()
		wantPhase(t, outcome(t, q, "a"), mailsvc.Waiting)
		b.mu.Lock()
		away = false
		b.mu.Unlock()
		<-time.After(5 * time.Hour)
		synctest.Wait()
		wantPhase(t, outcome(t, q, "a"), mailsvc.Delivered)
		if box := b.box("binh@" + strings.ToUpper(here)); len(box) != 1 || !strings.HasPrefix(box[0], "Received: by") {
			t.Errorf("mailbox %q", box)
		}
	})
}

func TestReferences(t *testing.T) {
	t.Parallel()
	p, b := &peer{}, newBodies()
	q, err := Open(file(t), b.options(t, p.pipe))
	must(t, err)
	defer q.Close()
	must(t, q.Enqueue(t.Context(), append(b.mail("a"), b.mail("b")...)))
	n := 0
	must(t, q.References(func(id mailsvc.BlobID) bool { n++; return false }))
	if n != 1 {
		t.Errorf("yield was called %d times after it said enough", n)
	}
}

func TestDamagedRowsArePutAside(t *testing.T) {
	t.Parallel()
	p, b := &peer{}, newBodies()
	path := file(t)
	q, err := Open(path, b.options(t, p.pipe))
	must(t, err)
	must(t, q.Enqueue(t.Context(), append(b.mail("a"), b.mail("b")...)))
	must(t, q.db.Update(t.Context(), func(tx *bbolt.Tx) error {
		items, _ := tables(tx)
		v := bytes.Clone(items.Get(idKey(1)))
		v[len(v)/2] ^= 4
		return items.Put(idKey(1), v)
	}))
	wantPhase(t, outcome(t, q, "a"), mailsvc.Unsure)
	must(t, q.Close())
	q, _ = start(t, path, b.options(t, p.pipe))
	wantPhase(t, await(t, q, "b"), mailsvc.Delivered)
	wantPhase(t, outcome(t, q, "a"), mailsvc.Unsure)
	must(t, q.Enqueue(t.Context(), b.mail("a"))) // not sent again unasked
	must(t, q.Forget(t.Context(), []string{"a"}))
	if o := outcome(t, q, "a"); o.Key != "" {
		t.Errorf("forgotten, but %+v", o)
	}
	if n := len(p.got()); n != 1 {
		t.Errorf("%d messages were sent", n)
	}
}

func FuzzRow(f *testing.F) {
	v, _ := encode(row{ID: 1, Outgoing: mailsvc.Outgoing{Key: "k"}})
	f.Add(v)
	f.Add([]byte("00000000 {}"))
	f.Fuzz(func(t *testing.T, in []byte) {
		if r, err := decode(idKey(1), in); err == nil {
			if _, err := encode(r); err != nil {
				t.Fatal(err)
			}
		}
	})
}
