// Package web shows the directory to the public: search, one page for each
// agency, "is this address official?", and the data as CSV files. Điều 28 of
// the Law on Information Technology asks for it, free of charge and usable by
// anybody, so there is no login, no script, no cookie and nothing from
// elsewhere.
//
// # What always holds
//
// Pages only read one immutable snapshot each. Officials who may not be
// published appear on no page and in no file. Whatever comes from the register
// or the query is escaped by html/template and is NFC. Every answer, errors
// included, carries the same strict security headers. A query costs a bounded
// amount of work, however long it is.
package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"quangtri.gov.vn/vanthu/directory"
)

//go:embed pages style.css icon.svg
var assets embed.FS

// vietnam is the time zone in which days begin; it has had no summer time since 1975.
var vietnam = time.FixedZone("ICT", 7*3600)

// site is the handler. Its fields never change after New, but for the cache of downloads.
type site struct {
	snapshot func() *directory.Snapshot
	now      func() time.Time
	log      *slog.Logger
	mux      *http.ServeMux
	pages    map[string]*template.Template
	style    asset
	icon     asset

	mu        sync.Mutex
	downloads map[string][]byte // of version cached
	cached    uint64
}

// asset is a file with its content's hash in its name, so that it may be cached for ever.
type asset struct {
	Path, media string
	data        []byte
}

// New returns the public pages of the register that snapshot gives, to be
// mounted at "/": it answers GET and HEAD for every path and has a page of its
// own for those it does not know. now tells today; days begin at midnight in
// Việt Nam.
func New(snapshot func() *directory.Snapshot, now func() time.Time, log *slog.Logger) (http.Handler, error) {
	s := &site{snapshot: snapshot, now: now, log: log, mux: http.NewServeMux(), pages: make(map[string]*template.Template)}
	var err error
	if s.style, err = newAsset("style.css", "danh-ba", ".css", "text/css; charset=utf-8"); err != nil {
		return nil, err
	}
	if s.icon, err = newAsset("icon.svg", "bieu-tuong", ".svg", "image/svg+xml"); err != nil {
		return nil, err
	}
	for _, name := range []string{"home", "group", "search", "agency", "check", "data", "error"} {
		s.pages[name], err = template.New("").Funcs(functions).ParseFS(assets, "pages/layout.html", "pages/"+name+".html")
		if err != nil {
			return nil, fmt.Errorf("web: page %s: %w", name, err)
		}
	}
	s.mux.HandleFunc("GET /{$}", s.home)
	s.mux.HandleFunc("GET /nhom/{group}", s.group)
	s.mux.HandleFunc("GET /tim", s.search)
	s.mux.HandleFunc("GET /co-quan/{id}", s.agency)
	s.mux.HandleFunc("GET /kiem-tra", s.check)
	s.mux.HandleFunc("GET /du-lieu", s.data)
	s.mux.HandleFunc("GET /du-lieu/{file}", s.download)
	s.mux.HandleFunc("GET "+s.style.Path, s.style.serve)
	s.mux.HandleFunc("GET "+s.icon.Path, s.icon.serve)
	s.mux.HandleFunc("/", s.unknown)
	return s, nil
}

func newAsset(file, base, ext, media string) (asset, error) {
	data, err := assets.ReadFile(file)
	if err != nil {
		return asset{}, fmt.Errorf("web: %w", err)
	}
	sum := sha256.Sum256(data)
	return asset{"/" + base + "-" + hex.EncodeToString(sum[:6]) + ext, media, data}, nil
}

func (a asset) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", a.media)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.data))
}

// ServeHTTP puts the security headers on every answer and turns away what no
// page could answer.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		h.Set("Allow", "GET, HEAD")
		s.fail(w, r, http.StatusMethodNotAllowed)
	case !wellFormed(r.URL.RawQuery):
		s.fail(w, r, http.StatusBadRequest)
	default:
		s.mux.ServeHTTP(w, r)
	}
}

// maxRawQuery bounds the bytes of a query string; longer ones are no search of a person.
const maxRawQuery = 8 << 10

func wellFormed(rawQuery string) bool {
	if len(rawQuery) > maxRawQuery {
		return false
	}
	_, err := url.ParseQuery(rawQuery)
	return err == nil
}

func (s *site) today() directory.Date { return directory.DateOf(s.now().In(vietnam)) }

// frame is what every page shows around its content.
type frame struct {
	Title    string
	Province string
	Style    string
	Icon     string
	Query    string // in the search box
	Sample   bool   // some addresses are not real
	Updated  string // last change of the register, as people write it
	Page     any
}

// render writes a page whole or not at all.
func (s *site) render(w http.ResponseWriter, status int, snap *directory.Snapshot, page, title, query string, content any) {
	f := frame{Title: title, Style: s.style.Path, Icon: s.icon.Path, Query: query, Sample: snap.Sample(), Page: content, Province: s.province(snap)}
	if at := snap.Updated(); !at.IsZero() {
		f.Updated = directory.DateOf(at.In(vietnam)).Vietnamese()
	}
	var b bytes.Buffer
	if err := s.pages[page].ExecuteTemplate(&b, "layout", f); err != nil {
		s.log.Error("directory page failed", "page", page, "error", err)
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprintln(w, "Trang đang có lỗi. Xin thử lại sau ít phút.")
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
	if w.Header().Get("Cache-Control") == "" {
		w.Header().Set("Cache-Control", "public, max-age=60")
	}
	w.WriteHeader(status)
	if _, err := w.Write(b.Bytes()); err != nil {
		s.log.Debug("directory page not taken", "page", page, "error", err)
	}
}

// province is the name of the territory that exists today, "" when there are
// several or none.
func (s *site) province(snap *directory.Snapshot) string {
	homes := snap.Home(s.today())
	if len(homes) != 1 {
		return ""
	}
	return homes[0].Name
}

func (s *site) unknown(w http.ResponseWriter, r *http.Request) { s.fail(w, r, http.StatusNotFound) }

var failures = map[int][3]string{
	http.StatusBadRequest:       {"Yêu cầu không đọc được", "Địa chỉ trang bị hỏng hoặc quá dài. Hãy về trang đầu và tìm lại.", "The request could not be read."},
	http.StatusNotFound:         {"Không có trang này", "Địa chỉ trang không đúng, hoặc cơ quan không có trong danh bạ. Hãy tìm theo tên ở ô phía trên.", "There is no such page."},
	http.StatusMethodNotAllowed: {"Thao tác không được hỗ trợ", "Trang này chỉ để đọc. Hãy mở lại bằng trình duyệt.", "This page can only be read."},
}

// fail shows the page of an error.
func (s *site) fail(w http.ResponseWriter, _ *http.Request, status int) {
	text := failures[status]
	w.Header().Set("Cache-Control", "no-store")
	s.render(w, status, s.snapshot(), "error", text[0], "", struct {
		Status       int
		Head, Advice string
		English      string
	}{status, text[0], text[1], text[2]})
}
