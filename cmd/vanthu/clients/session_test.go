package clients

import (
	"errors"
	"reflect"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-sasl"
)

// TestSession goes through every command of go-imap's client. Each part has an
// account of its own on one server.
func TestSession(t *testing.T) {
	t.Parallel()
	parts := []struct {
		name string
		play func(*testing.T, server, login)
	}{
		{"enter", enter}, {"folders", folders}, {"append and fetch", appendFetch},
		{"store", store}, {"copy, move, expunge", moves}, {"search", search}, {"sort and thread", sortThread},
		{"idle", idle}, {"rights and quota", rights}, {"many at once", pipelined},
	}
	s, people := demo(t, len(parts))
	official, own := people[2], people[3:]
	t.Run("parts", func(t *testing.T) { // returns when all parts are through
		for i, p := range parts {
			t.Run(p.name, func(t *testing.T) {
				t.Parallel()
				p.play(t, s, own[i])
			})
		}
		t.Run("agency mailbox", func(t *testing.T) {
			t.Parallel()
			agency(t, s, official)
		})
	})
}

// STARTTLS needs a server as it is set up for work: the demonstration takes
// passwords without TLS.
func TestStartTLS(t *testing.T) {
	t.Parallel()
	site := setUp(t, anyPort, "")
	s, _ := site.serve(t)
	an := site.person(t, "an", "An")
	plain := value(imapclient.DialInsecure(s.IMAP, nil))(t)
	defer plain.Close()
	if err := plain.Login(an.Address, an.Password).Wait(); err == nil {
		t.Error("a password was taken without TLS")
	}
	c := value(imapclient.DialStartTLS(s.IMAP, &imapclient.Options{TLSConfig: s.tls}))(t)
	defer c.Close()
	must(t, c.Login(an.Address, an.Password).Wait(), c.Logout().Wait())
}

func enter(t *testing.T, s server, who login) {
	c := s.dial(t, nil)
	must(t, c.WaitGreeting())
	caps := value(c.Capability().Wait())(t)
	for _, k := range []imap.Cap{imap.CapIMAP4rev1, imap.CapIMAP4rev2, imap.AuthCap(sasl.Plain), imap.CapSASLIR} {
		if !caps.Has(k) {
			t.Errorf("before login, %s is not offered", k)
		}
	}
	var refused *imap.Error
	if err := c.Login(who.Address, "sai").Wait(); !errors.As(err, &refused) || refused.Code != imap.ResponseCodeAuthenticationFailed {
		t.Errorf("a wrong password: %v", err)
	}
	must(t, c.Authenticate(sasl.NewPlainClient("", who.Address, who.Password)))
	if id := value(c.ID(&imap.IDData{Name: "thử", Version: "1"}).Wait())(t); id.Name != "vanthu" {
		t.Errorf("ID is %+v", id)
	}
	ns := value(c.Namespace().Wait())(t)
	if !reflect.DeepEqual(ns.Personal, []imap.NamespaceDescriptor{{Prefix: "", Delim: '/'}}) {
		t.Errorf("personal namespace is %+v", ns.Personal)
	}
	enabled := value(c.Enable(imap.CapIMAP4rev2, imap.CapUTF8Accept).Wait())(t)
	if !enabled.Caps.Has(imap.CapIMAP4rev2) || !enabled.Caps.Has(imap.CapUTF8Accept) {
		t.Errorf("enabled only %v", enabled.Caps)
	}
	must(t, c.Noop().Wait(), c.Unauthenticate().Wait())
	must(t, c.Login(who.Address, who.Password).Wait(), c.Logout().Wait())
	<-c.Closed()
}

// METADATA is not offered. A client that asks all the same is told so and goes on.
func TestUnknownCommand(t *testing.T) {
	t.Parallel()
	site := setUp(t, anyPort, "")
	s, _ := site.serve(t)
	who := site.person(t, "an", "An")
	c := value(imapclient.DialTLS(s.IMAPS, &imapclient.Options{TLSConfig: s.tls}))(t)
	defer c.Close()
	must(t, c.Login(who.Address, who.Password).Wait())
	if c.Caps().Has(imap.CapMetadata) {
		t.Error("METADATA is offered")
	}
	var refused *imap.Error
	if _, err := c.GetMetadata("INBOX", []string{"/shared/comment"}, nil).Wait(); !errors.As(err, &refused) || refused.Type != imap.StatusResponseTypeBad {
		t.Errorf("GETMETADATA: %v", err)
	}
	comment := []byte("ghi chú")
	if err := c.SetMetadata("INBOX", map[string]*[]byte{"/private/comment": &comment}).Wait(); err == nil {
		t.Error("SETMETADATA was taken")
	}
	value(c.Select("INBOX", nil).Wait())(t)
}

func isCode(err error, code imap.ResponseCode) bool {
	var e *imap.Error
	return errors.As(err, &e) && e.Type == imap.StatusResponseTypeNo && e.Code == code
}
