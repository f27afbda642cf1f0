package smtp

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// FuzzConversation sends any bytes as a whole conversation. Whatever they are,
// the server must answer each within its time, must not panic, and may accept
// only messages without a bare CR, LF or NUL that have an end.
func FuzzConversation(f *testing.F) {
	head := "EHLO x.example\r\nMAIL FROM:<" + stranger + ">\r\nRCPT TO:<" + other + ">\r\n"
	for _, s := range []string{
		head + "DATA\r\nSubject: x\r\n\r\n..x\r\n.\r\nQUIT\r\n", head + "BDAT 6\r\nA: b\r\nBDAT 2 LAST\r\n\r\nQUIT\r\n",
		head + "BDAT 4\r\nA: bNOOP\r\nRSET\r\nDATA\r\n", head + "DATA\r\nx\n.\r\n", "STARTTLS\r\n", "AUTH LOGIN\r\nx\r\n", "HELO\r\n\r\n\r\n",
		head + "BDAT 99999999999 LAST\r\n", "RCPT TO:<postmaster\r\n", head + "DATA\r\n" + strings.Repeat("x", 70_000) + "\r\n.\r\n",
	} {
		f.Add([]byte(s))
	}
	var mu sync.Mutex
	var taken [][]byte
	panics := &panicLog{}
	s := New(Options{
		Hostname: "mail." + domain, Domains: []string{domain}, Identities: people{},
		Ingest: func(r io.Reader) (mailsvc.NewMessage, error) {
			data, err := io.ReadAll(r)
			if err == nil {
				mu.Lock()
				taken = append(taken, data)
				mu.Unlock()
			}
			return mailsvc.NewMessage{}, err
		},
		Deliver: func(_ context.Context, d mailsvc.Delivery) []error { return make([]error, len(d.Targets)) },
		Enqueue: func(context.Context, []mailsvc.Outgoing) error { return nil },
		Logger:  slog.New(slog.NewTextHandler(panics, nil)),
		Limits:  Limits{MessageSize: 100_000, LineLength: 50_000, ConnectionsPerIP: -1},
	})
	f.Fuzz(func(t *testing.T, in []byte) {
		client, server := net.Pipe()
		go s.serve(server, MX)
		go func() {
			_, _ = client.Write(in)
			_, _ = client.Write([]byte("\r\n.\r\nQUIT\r\n")) // so that most come to an end
		}()
		_ = client.SetDeadline(time.Now().Add(200 * time.Millisecond))
		_, _ = io.Copy(io.Discard, client)
		client.Close()
		mu.Lock()
		defer mu.Unlock()
		for _, m := range taken {
			rest := bytes.ReplaceAll(m, []byte("\r\n"), nil)
			if bytes.ContainsAny(rest, "\r\n\x00") {
				t.Errorf("accepted %q", m)
			}
		}
		taken = nil
		if panics.seen() {
			t.Error("a panic")
		}
	})
}

// panicLog notices what go-smtp and wire say when they recover.
type panicLog struct {
	mu  sync.Mutex
	hit bool
}

func (l *panicLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hit = l.hit || bytes.Contains(p, []byte("panic"))
	return len(p), nil
}

func (l *panicLog) seen() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.hit
}
