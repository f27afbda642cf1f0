package smtp

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// BenchmarkReceive measures the protocol alone: 10 KiB messages over loopback,
// one connection for each core, nothing stored.
func BenchmarkReceive(b *testing.B) {
	s := New(Options{
		Hostname: "mail." + domain, Domains: []string{domain}, Identities: people{},
		Ingest: func(r io.Reader) (mailsvc.NewMessage, error) {
			n, err := io.Copy(io.Discard, r)
			return mailsvc.NewMessage{BlobSize: n}, err
		},
		Deliver: func(_ context.Context, d mailsvc.Delivery) []error { return make([]error, len(d.Targets)) },
		Enqueue: func(context.Context, []mailsvc.Outgoing) error { return nil },
		Logger:  slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	go func() { _ = s.Serve(l, MX) }()
	b.Cleanup(func() { _ = s.Shutdown(context.Background()) })
	message := "Subject: x\r\n\r\n" + strings.Repeat(strings.Repeat("x", 74)+"\r\n", 10<<10/76) + ".\r\n"
	b.SetBytes(int64(len(message)))
	b.RunParallel(func(pb *testing.PB) {
		nc, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			b.Error(err)
			return
		}
		defer nc.Close()
		r := bufio.NewReader(nc)
		expect := func(code string, n int) {
			for range n {
				line, err := r.ReadString('\n')
				for err == nil && line[3] == '-' {
					line, err = r.ReadString('\n')
				}
				if err != nil || !strings.HasPrefix(line, code) {
					b.Errorf("reply %q, %v", line, err)
				}
			}
		}
		expect("220", 1)
		io.WriteString(nc, "EHLO bench.example\r\n")
		expect("250", 1)
		for pb.Next() {
			io.WriteString(nc, "MAIL FROM:<"+stranger+">\r\nRCPT TO:<"+other+">\r\nDATA\r\n")
			expect("250", 2)
			expect("354", 1)
			io.WriteString(nc, message)
			expect("250", 1)
		}
	})
}
