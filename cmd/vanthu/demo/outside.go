package demo

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"

	"github.com/emersion/go-smtp"
)

// outside stands for every server that is not ours: ministries, vertical bodies,
// Party offices. It takes all mail on loopback and remembers, in a file that
// outlives a killed process, how many each address got.
type outside struct {
	server *smtp.Server
	addr   string
	done   chan error

	mu  sync.Mutex
	log *os.File       // an address a line, written before the 250
	got map[string]int // address -> mails
}

func newOutside(file string) (*outside, error) {
	old, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	log, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, log.Close())
	}
	o := &outside{addr: l.Addr().String(), done: make(chan error, 1), log: log, got: make(map[string]int)}
	for _, address := range strings.Fields(string(old)) {
		o.got[address]++
	}
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
	return errors.Join(err, o.log.Close())
}

// Copies returns how many mails an address got.
func (o *outside) Copies(address string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.got[address]
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
	if _, err := io.Copy(io.Discard, r); err != nil {
		return err
	}
	v.o.mu.Lock()
	defer v.o.mu.Unlock()
	for _, a := range v.to {
		if _, err := v.o.log.WriteString(a + "\n"); err != nil {
			return err
		}
		v.o.got[a]++
	}
	return nil
}
