package queue

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"io"
	"math/big"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/emersion/go-msgauth/dkim"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// oneHop is a queue that tries each item once and then gives up.
func oneHop(t *testing.T, set func(*Options)) (*Queue, *bodies) {
	b := newBodies()
	o := b.options(t, nil)
	o.Dial = (&net.Dialer{}).DialContext
	o.Expiry = time.Nanosecond
	set(&o)
	q, _ := start(t, file(t), o)
	return q, b
}

func TestOnTheWire(t *testing.T) {
	t.Parallel()
	p := &peer{}
	address := p.listen(t)
	for in, want := range map[string]string{
		"A: b\r\n\r\nx\r\n":            "A: b\r\n\r\nx\r\n",
		"A: b\n\nx\n.\n..y\n":          "A: b\r\n\r\nx\r\n.\r\n..y\r\n",
		"A: b\r\n\r\nx\ry\rz":          "A: b\r\n\r\nx\r\ny\r\nz\r\n",
		"A: b\r\n\r\n.\r\r\n.\r\nx\r":  "A: b\r\n\r\n.\r\n\r\n.\r\nx\r\n",
		"A: b\r\n\r\nx\r.\rQUIT\r":     "A: b\r\n\r\nx\r\n.\r\nQUIT\r\n",
		"A: đ\r\n\r\n" + lines(40_000): "A: đ\r\n\r\n" + lines(40_000),
	} {
		q, b := oneHop(t, func(o *Options) { o.Routes = map[string]string{there: address} })
		must(t, q.Enqueue(t.Context(), b.mail("a", func(m *mailsvc.Outgoing) { m.Blob, m.Prefix = b.put(in), nil })))
		wantPhase(t, await(t, q, "a"), mailsvc.Delivered)
		got := p.got()
		if data := got[len(got)-1].data; data != want {
			t.Errorf("%.60q arrived as %.60q", in, data)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if bytes.Count(p.wire, []byte("\r")) != bytes.Count(p.wire, []byte("\r\n")) || bytes.Count(p.wire, []byte("\n")) != bytes.Count(p.wire, []byte("\r\n")) {
		t.Error("a CR or LF stood alone on the wire")
	}
}

func lines(n int) string { return strings.Repeat("0123456789\r\n", n) }

func FuzzCanonical(f *testing.F) {
	for _, s := range []string{"", "\r", "\n", "a\r\nb", "\r\r\n\n\r", "x\r\n.\r\n"} {
		f.Add(s, true)
	}
	f.Fuzz(func(t *testing.T, in string, slow bool) {
		var r io.Reader = strings.NewReader(in)
		if slow {
			r = iotest.OneByteReader(r)
		}
		out, err := io.ReadAll(newCanonical(r))
		if err != nil {
			t.Fatal(err)
		}
		want := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(in)
		if want != "" && !strings.HasSuffix(want, "\n") {
			want += "\n"
		}
		if want = strings.ReplaceAll(want, "\n", "\r\n"); string(out) != want {
			t.Fatalf("%q became %q, want %q", in, out, want)
		}
		again, _ := io.ReadAll(newCanonical(bytes.NewReader(out)))
		if !bytes.Equal(again, out) {
			t.Fatalf("%q is not stable", out)
		}
	})
}

func TestSignatures(t *testing.T) {
	t.Parallel()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	sign, err := DKIM(Key{here, "r", rsaKey}, Key{here, "e", edKey})
	must(t, err)
	der, err := x509.MarshalPKIXPublicKey(rsaKey.Public())
	must(t, err)
	records := map[string]string{
		"r._domainkey." + here: "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der),
		"e._domainkey." + here: "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(edKey.Public().(ed25519.PublicKey)),
	}
	p := &peer{}
	address := p.listen(t)
	q, b := oneHop(t, func(o *Options) {
		o.Routes = map[string]string{there: address}
		o.Sign = sign
	})
	// Line endings that the wire will not keep: what is signed is what is sent.
	must(t, q.Enqueue(t.Context(), b.mail("a", func(m *mailsvc.Outgoing) { m.Blob = b.put(strings.ReplaceAll(letter, "\r\n", "\n") + "x\ry") })))
	wantPhase(t, await(t, q, "a"), mailsvc.Delivered)
	verify := func(data string) (good int) {
		vs, err := dkim.VerifyWithOptions(strings.NewReader(data), &dkim.VerifyOptions{LookupTXT: func(name string) ([]string, error) {
			return []string{records[name]}, nil
		}})
		must(t, err)
		for _, v := range vs {
			if v.Err == nil && v.Domain == here {
				good++
			}
		}
		return good
	}
	data := p.got()[0].data
	if n := verify(data); n != 2 {
		t.Errorf("%d good signatures in\n%s", n, data)
	}
	for _, forged := range []string{
		strings.Replace(data, "hello", "hallo", 1), strings.Replace(data, "Subject: x", "Subject: y", 1),
		strings.Replace(data, "From:", "From: other@x.example\r\nFrom:", 1), strings.Replace(data, "Subject:", "Cc: x@x.example\r\nSubject:", 1),
	} {
		if verify(forged) != 0 {
			t.Errorf("a changed message is still signed:\n%s", forged)
		}
	}
	if _, err := sign(iotest.ErrReader(io.ErrUnexpectedEOF)); err == nil {
		t.Error("half a message was signed")
	}
	if _, err := DKIM(Key{"", "r", rsaKey}); err == nil {
		t.Error("a key without a domain was accepted")
	}
}

// dns is a Resolver with fixed answers.
type dns struct {
	mx   map[string][]*net.MX
	host map[string][]string
}

var errServer = &net.DNSError{Err: "server misbehaving", IsTemporary: true}

func (d dns) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	if mx, ok := d.mx[name]; ok {
		if mx == nil {
			return nil, errServer
		}
		return mx, nil
	}
	return noDNS{}.LookupMX(ctx, name)
}

func (d dns) LookupHost(ctx context.Context, name string) ([]string, error) {
	if a, ok := d.host[name]; ok {
		if a == nil {
			return nil, errServer
		}
		return a, nil
	}
	return noDNS{}.LookupHost(ctx, name)
}

func TestHops(t *testing.T) {
	t.Parallel()
	d := dns{
		mx: map[string][]*net.MX{
			"two.example":   {{Host: "b.two.example.", Pref: 20}, {Host: "A.two.example.", Pref: 10}},
			"null.example":  {{Host: ".", Pref: 0}},
			"sick.example":  nil,
			"self.example":  {{Host: "mail." + here + ".", Pref: 10}, {Host: "a.two.example.", Pref: 20}},
			"back.example":  {{Host: "a.two.example.", Pref: 5}, {Host: "MAIL." + here + ".", Pref: 10}, {Host: "b.two.example.", Pref: 20}},
			"gone.example":  {{Host: "nowhere.example.", Pref: 10}},
			"half.example":  {{Host: "nowhere.example.", Pref: 10}, {Host: "sickhost.example.", Pref: 20}},
			"xn--t-8kc.vn":  {{Host: "a.two.example.", Pref: 5}},
			"crowd.example": slices.Repeat([]*net.MX{{Host: "a.two.example.", Pref: 5}}, 100),
		},
		host: map[string][]string{
			"a.two.example": {"192.0.2.1", "2001:db8::1"}, "b.two.example": {"192.0.2.2"}, "bare.example": {"192.0.2.3"}, "sickhost.example": nil,
		},
	}
	b := newBodies()
	o := b.options(t, (&peer{}).pipe)
	o.Resolver, o.Routes = d, map[string]string{"Route.example": "127.0.0.1:2525", "named.example": "b.two.example:26"}
	q, err := Open(file(t), o)
	must(t, err)
	defer q.Close()
	for domain, want := range map[string]string{
		"two.example": "192.0.2.1:25 [2001:db8::1]:25 192.0.2.2:25", "bare.example": "192.0.2.3:25",
		"back.example": "192.0.2.1:25 [2001:db8::1]:25", "route.example": "127.0.0.1:2525", "named.example": "192.0.2.2:26",
		"null.example": "5.1.10", "self.example": "5.4.6", "gone.example": "5.1.2", "unknown.example": "5.1.2", "[192.0.2.1]": "5.1.2", "a b": "5.1.2",
		"sick.example": "temporary", "half.example": "temporary",
	} {
		hops, err := q.hops(t.Context(), domain)
		var got []string
		for _, h := range hops {
			got = append(got, h.address)
		}
		var v verdict
		switch {
		case errors.As(err, &v):
			got = strings.Fields(v.why)[:1]
		case err != nil:
			got = []string{"temporary"}
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%s: %s, want %s (%v)", domain, s, want, err)
		}
	}
	if hops, err := q.hops(t.Context(), "crowd.example"); err != nil || len(hops) != maxAddresses {
		t.Errorf("%d hops of a crowd, %v", len(hops), err)
	}
}

func TestNothingElseIsDialled(t *testing.T) {
	t.Parallel()
	dialled := make(chan string, 10)
	q, b := oneHop(t, func(o *Options) {
		o.Expiry = 0
		o.Resolver = dns{host: map[string][]string{"far.example": {"192.0.2.7"}}}
		o.AllowDial = func(_, address string) error {
			if host, _, _ := net.SplitHostPort(address); !net.ParseIP(host).IsLoopback() {
				return errors.New("only loopback")
			}
			return nil
		}
		o.Dial = func(_ context.Context, _, address string) (net.Conn, error) {
			dialled <- address
			return nil, errors.New("no")
		}
	})
	must(t, q.Enqueue(t.Context(), b.mail("a", func(m *mailsvc.Outgoing) { m.To = "x@far.example" })))
	o := await(t, q, "a")
	wantPhase(t, o, mailsvc.Bounced)
	if len(dialled) != 0 || !strings.Contains(o.Reply, "only loopback") {
		t.Errorf("dialled %d times, %+v", len(dialled), o)
	}
}

func selfSigned(t *testing.T, name string) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	leaf, err := x509.ParseCertificate(der)
	must(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, pool
}

func TestTLS(t *testing.T) {
	t.Parallel()
	const host = "mx.bo.example"
	good, roots := selfSigned(t, host)
	other, _ := selfSigned(t, "other.example")
	always := func(string) bool { return true }
	for name, c := range map[string]struct {
		peer   *peer
		verify func(string) bool
		want   mailsvc.Phase
		secure bool
	}{
		"offered":                 {&peer{tls: good}, nil, mailsvc.Delivered, true},
		"offered, wrong name":     {&peer{tls: other}, nil, mailsvc.Delivered, true},
		"not offered":             {&peer{}, nil, mailsvc.Delivered, false},
		"offered, but broken":     {&peer{tls: &tls.Config{}}, nil, mailsvc.Delivered, false},
		"offered, but refused":    {&peer{tls: good, answer: says("STARTTLS", "454 not now")}, nil, mailsvc.Delivered, false},
		"injection after the 220": {&peer{tls: good, answer: says("STARTTLS", "220 go\r\n250 injected")}, nil, mailsvc.Delivered, false},
		"verified":                {&peer{tls: good}, always, mailsvc.Delivered, true},
		"verified, wrong name":    {&peer{tls: other}, always, mailsvc.Bounced, false},
		"verified, not offered":   {&peer{}, always, mailsvc.Bounced, false},
		"verified, injection":     {&peer{tls: good, answer: says("STARTTLS", "220 go\r\n250 injected")}, always, mailsvc.Bounced, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := c.peer
			_, port, _ := net.SplitHostPort(p.listen(t))
			q, b := oneHop(t, func(o *Options) {
				o.Routes = map[string]string{there: host + ":" + port}
				o.Resolver = dns{host: map[string][]string{host: {"127.0.0.1"}}}
				o.VerifyTLS, o.TLSConfig = c.verify, &tls.Config{RootCAs: roots}
			})
			must(t, q.Enqueue(t.Context(), b.mail("a")))
			o := await(t, q, "a")
			wantPhase(t, o, c.want)
			if got := p.count("EHLO mail."+here) >= 2; c.want == mailsvc.Delivered && c.secure && !got {
				t.Errorf("no EHLO after TLS; said %q", p.said)
			}
			if n := p.count("MAIL"); (n == 1) != (c.want == mailsvc.Delivered) {
				t.Errorf("%d MAIL", n)
			}
		})
	}
}

func says(step, reply string) func(string, string, int) string {
	return func(s, _ string, _ int) string {
		if s == step {
			return reply
		}
		return ""
	}
}

func TestSmarthost(t *testing.T) {
	t.Parallel()
	const host = "relay.example"
	good, roots := selfSigned(t, host)
	p := &peer{tls: good, ext: "250-AUTH PLAIN\r\n"}
	_, port, _ := net.SplitHostPort(p.listen(t))
	relay := &Smarthost{Address: host + ":" + port, Security: STARTTLS, User: "u", Password: "p"}
	q, b := oneHop(t, func(o *Options) {
		o.Routes, o.Smarthost = nil, relay
		o.Resolver = dns{host: map[string][]string{host: {"127.0.0.1"}}}
		o.TLSConfig = &tls.Config{RootCAs: roots}
	})
	must(t, q.Enqueue(t.Context(), b.mail("a")))
	wantPhase(t, await(t, q, "a"), mailsvc.Delivered)
	if p.count("AUTH PLAIN "+base64.StdEncoding.EncodeToString([]byte("\x00u\x00p"))) != 1 {
		t.Errorf("said %q", p.said)
	}
	plain := &peer{ext: "250-AUTH PLAIN\r\n"} // without TLS the password stays here
	_, port, _ = net.SplitHostPort(plain.listen(t))
	q, b = oneHop(t, func(o *Options) {
		o.Routes, o.Smarthost = nil, &Smarthost{Address: host + ":" + port, Security: STARTTLS, User: "u", Password: "p"}
		o.Resolver = dns{host: map[string][]string{host: {"127.0.0.1"}}}
	})
	must(t, q.Enqueue(t.Context(), b.mail("a")))
	wantPhase(t, await(t, q, "a"), mailsvc.Bounced)
	if plain.count("AUTH") != 0 || plain.count("MAIL") != 0 {
		t.Errorf("said %q", plain.said)
	}
	for _, bad := range []*Smarthost{{Address: "x"}, {Address: "x:25", Security: "maybe"}, {Address: "x:25", Security: Plain, User: "u"}} {
		o := b.options(t, nil)
		o.Smarthost = bad
		if _, err := Open(file(t), o); err == nil {
			t.Errorf("smarthost %+v was accepted", bad)
		}
	}
}

func TestImplicitTLS(t *testing.T) {
	t.Parallel()
	good, roots := selfSigned(t, "relay.example")
	p := &peer{}
	l, err := tls.Listen("tcp", "127.0.0.1:0", good)
	must(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(nc)
		}
	}()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	q, b := oneHop(t, func(o *Options) {
		o.Routes, o.Smarthost = nil, &Smarthost{Address: "relay.example:" + port, Security: TLS}
		o.Resolver = dns{host: map[string][]string{"relay.example": {"127.0.0.1"}}}
		o.TLSConfig = &tls.Config{RootCAs: roots}
	})
	must(t, q.Enqueue(t.Context(), b.mail("a")))
	wantPhase(t, await(t, q, "a"), mailsvc.Delivered)
}

func TestAddressesBeyondASCII(t *testing.T) {
	t.Parallel()
	for ext, want := range map[string]mailsvc.Phase{"": mailsvc.Bounced, "250-SMTPUTF8\r\n": mailsvc.Delivered} {
		p := &peer{ext: ext}
		address := p.listen(t)
		q, b := oneHop(t, func(o *Options) { o.Routes = map[string]string{there: address} })
		must(t, q.Enqueue(t.Context(), b.mail("a", func(m *mailsvc.Outgoing) { m.To = "bộ@" + there })))
		wantPhase(t, await(t, q, "a"), want)
	}
}

func TestAMissingBodyBounces(t *testing.T) {
	t.Parallel()
	p := &peer{}
	address := p.listen(t)
	q, b := oneHop(t, func(o *Options) { o.Routes, o.Expiry = map[string]string{there: address}, 0 })
	must(t, q.Enqueue(t.Context(), b.mail("a", func(m *mailsvc.Outgoing) { m.Blob = "unknown" })))
	wantPhase(t, await(t, q, "a"), mailsvc.Bounced)
	if len(p.got()) != 0 {
		t.Error("an empty message was sent")
	}
}
