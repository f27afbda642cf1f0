package clients

import (
	"encoding/xml"
	"io"
	"net/http"
	"testing"
)

// Where Thunderbird looks first for its settings, and in which ways: mail
// programs and browsers prefer HTTP/2 where TLS offers it.
func TestAutoconfig(t *testing.T) {
	t.Parallel()
	site := setUp(t, anyPort, "")
	s, _ := site.serve(t)
	for _, q := range []struct {
		name, base, protocol string
		http2                bool
	}{
		{"plain", "http://" + s.HTTP, "HTTP/1.1", false},
		{"TLS", "https://" + s.HTTPS, "HTTP/1.1", false},
		{"TLS with HTTP/2", "https://" + s.HTTPS, "HTTP/2.0", true},
	} {
		t.Run(q.name, func(t *testing.T) {
			t.Parallel()
			transport := &http.Transport{TLSClientConfig: s.tls.Clone(), ForceAttemptHTTP2: q.http2}
			defer transport.CloseIdleConnections()
			r := value((&http.Client{Transport: transport, Timeout: patience}).Get(q.base + "/mail/config-v1.1.xml?emailaddress=an@" + domain))(t)
			defer r.Body.Close()
			body := value(io.ReadAll(r.Body))(t)
			var told struct {
				Incoming []struct {
					Hostname string `xml:"hostname"`
				} `xml:"emailProvider>incomingServer"`
			}
			must(t, xml.Unmarshal(body, &told))
			if r.StatusCode != http.StatusOK || r.Proto != q.protocol || len(told.Incoming) == 0 || told.Incoming[0].Hostname != "mail."+domain {
				t.Errorf("%s %s: %s", r.Proto, r.Status, body)
			}
		})
	}
}
