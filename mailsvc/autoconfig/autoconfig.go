// Package autoconfig tells mail programs how to reach this server, so that
// Thunderbird needs only an address and a password
// (draft-ietf-mailmaint-autoconfig, format "clientConfig version 1.1").
//
// What always holds: the answer is made once, from the ports that really listen,
// and is the same for every address of the domain, so it never tells whether an
// address exists; questions about other domains get 404. The package logs
// nothing: some programs send the password unasked with their questions.
package autoconfig

import (
	"bytes"
	"encoding/xml"
	"net/http"
	"strings"
	"time"
)

// The two places where mail programs look: the first at autoconfig.DOMAIN, the
// second at DOMAIN itself.
const (
	Path          = "/mail/config-v1.1.xml"
	WellKnownPath = "/.well-known/autoconfig/mail/config-v1.1.xml"
	// DiscoverPath is where Exchange's clients look, in any case of letters. It
	// must be answered 404 without a challenge: Thunderbird sends it the password.
	DiscoverPath = "/autodiscover/autodiscover.xml"
)

// Settings says what is offered. A port of 0 is not offered.
type Settings struct {
	Domain      string // the mail domain, lower case ASCII
	Name        string // what people call the service; the domain if empty
	Host        string // the server's name, as in its certificate
	IMAPS       int    // IMAP with TLS from the first byte
	IMAP        int    // IMAP with STARTTLS
	Submissions int    // sending with TLS from the first byte
	Submission  int    // sending with STARTTLS
}

// Handler answers the first two paths above, and 404 to everything else. It is
// an http.Handler.
type Handler struct {
	domain string
	body   []byte // nil if there is nothing to offer
}

// New prepares the answer. Mail programs need a way in and a way out: where one
// is missing, the handler answers 404 everywhere.
func New(s Settings) *Handler {
	c := clientConfig{Version: "1.1", Provider: provider{
		ID: s.Domain, Domain: s.Domain, Name: s.Name, ShortName: s.Name,
		Incoming: servers("imap", s.Host, s.IMAPS, s.IMAP),
		Outgoing: servers("smtp", s.Host, s.Submissions, s.Submission),
	}}
	if s.Name == "" {
		c.Provider.Name, c.Provider.ShortName = s.Domain, s.Domain
	}
	h := &Handler{domain: s.Domain}
	if s.Domain == "" || s.Host == "" || len(c.Provider.Incoming) == 0 || len(c.Provider.Outgoing) == 0 {
		return h
	}
	if body, err := xml.MarshalIndent(c, "", "  "); err == nil { // plain structs of texts and numbers cannot fail
		h.body = append([]byte(xml.Header), append(body, '\n')...)
	}
	return h
}

// servers lists the ways to one service, the one to be preferred first.
func servers(kind, host string, implicit, starttls int) []server {
	var list []server
	for _, way := range []struct {
		port   int
		socket string
	}{{implicit, "SSL"}, {starttls, "STARTTLS"}} {
		if way.port != 0 {
			list = append(list, server{kind, host, way.port, way.socket, "%EMAILADDRESS%", "password-cleartext"})
		}
	}
	return list
}

// ServeHTTP answers GET and HEAD.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != Path && r.URL.Path != WellKnownPath || h.body == nil || !h.mine(r) {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "public, max-age=3600")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(h.body))
}

// mine reports whether the question is about this domain. A question that names
// no address is: the host that was asked already says which domain is meant.
func (h *Handler) mine(r *http.Request) bool {
	address := r.URL.Query().Get("emailaddress")
	if address == "" {
		return true
	}
	_, domain, ok := strings.Cut(address, "@")
	return ok && strings.EqualFold(domain, h.domain)
}

type clientConfig struct {
	XMLName  xml.Name `xml:"clientConfig"`
	Version  string   `xml:"version,attr"`
	Provider provider `xml:"emailProvider"`
}

type provider struct {
	ID        string   `xml:"id,attr"`
	Domain    string   `xml:"domain"`
	Name      string   `xml:"displayName"`
	ShortName string   `xml:"displayShortName"`
	Incoming  []server `xml:"incomingServer"`
	Outgoing  []server `xml:"outgoingServer"`
}

type server struct {
	Type           string `xml:"type,attr"`
	Hostname       string `xml:"hostname"`
	Port           int    `xml:"port"`
	SocketType     string `xml:"socketType"`
	Username       string `xml:"username"`
	Authentication string `xml:"authentication"`
}
