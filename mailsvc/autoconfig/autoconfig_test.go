package autoconfig

import (
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
)

var settings = Settings{
	Domain: "quangtri.test", Name: `Thư <Quảng Trị> & "huyện"`, Host: "mail.quangtri.test",
	IMAPS: 2993, IMAP: 2143, Submissions: 2465, Submission: 2587,
}

func ask(t *testing.T, s Settings, method, target string) *httptest.ResponseRecorder {
	t.Helper()
	h := New(s)
	w := httptest.NewRecorder()
	r := httptest.NewRequest(method, target, nil)
	r.SetBasicAuth("nguyenmauan@quangtri.test", "canary-password")
	h.ServeHTTP(w, r)
	if strings.Contains(w.Body.String(), "canary") || w.Header().Get("WWW-Authenticate") != "" {
		t.Errorf("%s answers a password: %v %s", target, w.Header(), w.Body)
	}
	return w
}

func TestAnswer(t *testing.T) {
	t.Parallel()
	for _, target := range []string{
		Path, WellKnownPath,
		Path + "?emailaddress=nguyenmauan%40quangtri.test",
		WellKnownPath + "?emailaddress=a%40QuangTri.Test",
	} {
		w := ask(t, settings, http.MethodGet, target)
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/xml; charset=utf-8" {
			t.Fatalf("%s: %d %v", target, w.Code, w.Header())
		}
		var got clientConfig
		if err := xml.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		const user, auth = "%EMAILADDRESS%", "password-cleartext"
		want := provider{
			ID: "quangtri.test", Domain: "quangtri.test", Name: settings.Name, ShortName: settings.Name,
			Incoming: []server{{"imap", settings.Host, 2993, "SSL", user, auth}, {"imap", settings.Host, 2143, "STARTTLS", user, auth}},
			Outgoing: []server{{"smtp", settings.Host, 2465, "SSL", user, auth}, {"smtp", settings.Host, 2587, "STARTTLS", user, auth}},
		}
		if got.Version != "1.1" || !reflect.DeepEqual(got.Provider, want) {
			t.Errorf("%s: got %+v", target, got)
		}
	}
}

func TestOnlyWhatListens(t *testing.T) {
	t.Parallel()
	s := settings
	s.IMAP, s.Submission, s.Name = 0, 0, ""
	body := ask(t, s, http.MethodGet, Path).Body.String()
	if strings.Contains(body, "STARTTLS") || !strings.Contains(body, "<displayName>quangtri.test</displayName>") {
		t.Error(body)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		method, target string
		want           int
	}{
		{http.MethodGet, Path + "?emailaddress=a%40other.test", http.StatusNotFound},
		{http.MethodGet, Path + "?emailaddress=a%40x%40quangtri.test", http.StatusNotFound},
		{http.MethodGet, Path + "?emailaddress=quangtri.test", http.StatusNotFound},
		{http.MethodGet, DiscoverPath, http.StatusNotFound},
		{http.MethodPost, DiscoverPath, http.StatusNotFound},
		{http.MethodPost, "/Autodiscover/Autodiscover.xml", http.StatusNotFound},
		{http.MethodGet, "/", http.StatusNotFound},
		{http.MethodPost, Path, http.StatusMethodNotAllowed},
		{http.MethodHead, Path, http.StatusOK},
	} {
		if w := ask(t, settings, tt.method, tt.target); w.Code != tt.want {
			t.Errorf("%s %s: %d, wanted %d", tt.method, tt.target, w.Code, tt.want)
		}
	}
}

func TestNothingToOffer(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Settings){
		"no domain":  func(s *Settings) { s.Domain = "" },
		"no host":    func(s *Settings) { s.Host = "" },
		"no way in":  func(s *Settings) { s.IMAP, s.IMAPS = 0, 0 },
		"no way out": func(s *Settings) { s.Submission, s.Submissions = 0, 0 },
	} {
		s := settings
		change(&s)
		if w := ask(t, s, http.MethodGet, Path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}
