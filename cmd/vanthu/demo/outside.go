package demo

import (
	"crypto/sha256"
	"errors"
	"io"
	"net"
	"sync"

	"github.com/emersion/go-smtp"
)

// outside stands for every server that is not ours: ministries, vertical bodies,
// Party offices. It takes all mail on loopback and counts what each address got.
type outside struct {
	server *smtp.Server
	addr   string
	done   chan error

	mu  sync.Mutex
	got map[string][][32]byte // address -> digests of what arrived
}

func newOutside() (*outside, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	o := &outside{addr: l.Addr().String(), done: make(chan error, 1), got: make(map[string][][32]byte)}
	o.server = smtp.NewServer(o)
	o.server.Domain = "outside.example"
	o.server.EnableSMTPUTF8 = true
	go func() { o.done <- o.server.Serve(l) }()
	return o, nil
}

// Addr is where the outside world listens.
func (o *outside) Addr() string { return o.addr }

// Close stops the server.
func (o *outside) Close() error {
	err := o.server.Close()
	if serve := <-o.done; !errors.Is(serve, smtp.ErrServerClosed) {
		err = errors.Join(err, serve)
	}
	return err
}

// Copies returns how many mails an address got.
func (o *outside) Copies(address string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.got[address])
}

// NewSession implements smtp.Backend.
func (o *outside) NewSession(*smtp.Conn) (smtp.Session, error) { return &visit{o: o}, nil }

// visit is one SMTP session.
type visit struct {
	o  *outside
	to []string
}

func (v *visit) Mail(string, *smtp.MailOptions) error { v.to = nil; return nil }
func (v *visit) Rcpt(to string, _ *smtp.RcptOptions) error {
	v.to = append(v.to, to)
	return nil
}
func (v *visit) Reset()        { v.to = nil }
func (v *visit) Logout() error { return nil }

func (v *visit) Data(r io.Reader) error {
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return err
	}
	v.o.mu.Lock()
	defer v.o.mu.Unlock()
	for _, a := range v.to {
		v.o.got[a] = append(v.o.got[a], [32]byte(h.Sum(nil)))
	}
	return nil
}
