package fetch

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"quangtri.gov.vn/vanthu/configs"
	"quangtri.gov.vn/vanthu/directory"
	"quangtri.gov.vn/vanthu/dispatch"
	"quangtri.gov.vn/vanthu/dispatch/engine"
	"quangtri.gov.vn/vanthu/internal/blob"
	"quangtri.gov.vn/vanthu/mailsvc/identity"
	"quangtri.gov.vn/vanthu/mailsvc/mailbox"
)

const hostile = `<script>alert(1)</script>"'&`

func reading(_ context.Context, name string, _ []byte) dispatch.Reading {
	return dispatch.Reading{File: name, Verdict: dispatch.OK, Fields: dispatch.Fields{
		Issuer: "Ủy ban nhân dân tỉnh Quảng Trị", Number: "1", Symbol: "CT-UBND", NumberSymbol: "1/CT-UBND", Date: "2010-05-20",
		Type: "Chỉ thị", Subject: hostile, Recipients: []string{"Lưu: VT"},
	}}
}

// issued issues one document and returns a server of its page and the page's path.
func issued(t *testing.T) (*httptest.Server, string) {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	snapshot, err := directory.LoadFS(configs.Directory())
	must(err)
	dir := t.TempDir()
	blobs, err := blob.Open(dir+"/blobs", blob.Options{})
	must(err)
	ids, err := identity.Open(dir+"/accounts.db", identity.Options{Domains: []string{"quangtri.gov.vn"}})
	must(err)
	t.Cleanup(func() { must(ids.Close()) })
	e, err := engine.Open(dir, engine.Options{
		Directory: func() *directory.Snapshot { return snapshot }, Identities: ids, Blobs: mailbox.Bodies{Store: blobs}, Read: reading,
		Domain: "quangtri.gov.vn", BaseURL: func() string { return "http://x" }, Today: func() directory.Date { return "2010-12-31" },
		Now: time.Now, Logger: slog.New(slog.DiscardHandler),
	})
	must(err)
	t.Cleanup(func() { must(e.Close()) })
	r, err := e.Issue(t.Context(), engine.Submission{Files: []engine.Upload{{Name: "Chỉ thị <b>.odt", Data: []byte("nguyên vẹn")}}})
	must(err)
	path, ok := e.PublicPath(r.Document)
	if !ok {
		t.Fatal("document has no page")
	}
	srv := httptest.NewServer(Handler(e, slog.New(slog.DiscardHandler)))
	t.Cleanup(srv.Close)
	return srv, path
}

func get(t *testing.T, url string) (int, string, http.Header) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b), resp.Header
}

func TestPage(t *testing.T) {
	t.Parallel()
	srv, path := issued(t)
	code, body, h := get(t, srv.URL+path)
	if code != 200 || !strings.Contains(body, "1/CT-UBND") || strings.Contains(body, "<script>") || strings.Contains(body, "<b>") {
		t.Errorf("page %d:\n%s", code, body)
	}
	if !strings.Contains(h.Get("Content-Security-Policy"), "default-src 'none'") || h.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("headers = %v", h)
	}
	code, body, h = get(t, srv.URL+path+"/1/a.odt")
	if code != 200 || body != "nguyên vẹn" || !strings.HasPrefix(h.Get("Content-Disposition"), "attachment") || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("file %d %q %v", code, body, h)
	}
	for _, p := range []string{"/vb/x", path + "/0/a", path + "/2/a", path + "/-1/a", "/vb/" + strings.Repeat("a", 5000)} {
		if code, _, _ := get(t, srv.URL+p); code != 404 {
			t.Errorf("%.40s: %d", p, code)
		}
	}
}
