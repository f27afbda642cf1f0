// Package fetch serves the public page of an issued document: what it is, its
// checksum, and the untouched file. The directive of 2009 allows an address
// where a document can be fetched in place of sending it.
//
// The address holds a random token that cannot be guessed; there is no listing.
// Secret documents and those of limited circulation never have one.
package fetch

import (
	"embed"
	"html/template"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"time"

	"quangtri.gov.vn/vanthu/dispatch"
	"quangtri.gov.vn/vanthu/dispatch/engine"
	"quangtri.gov.vn/vanthu/internal/viet"
)

//go:embed page.html kieu.css
var pages embed.FS

var page = template.Must(template.ParseFS(pages, "page.html"))

// Handler answers /vb/{token} and /vb/{token}/{n}/{name}.
func Handler(e *engine.Engine, log *slog.Logger) http.Handler {
	h := &handler{e, log}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /vb/{token}", h.show)
	mux.HandleFunc("GET /vb/kieu.css", h.style)
	mux.HandleFunc("GET /vb/{token}/{n}/{name}", h.file)
	return mux
}

type handler struct {
	engine *engine.Engine
	log    *slog.Logger
}

// shown is what the page template prints.
type shown struct {
	engine.Public
	Token string
	Rows  []row
}

type row struct {
	dispatch.File
	N    int
	Slug string // ASCII name for the address line
}

func (h *handler) show(w http.ResponseWriter, r *http.Request) {
	headers(w)
	doc, ok := h.engine.Public(r.PathValue("token"))
	if !ok {
		h.missing(w)
		return
	}
	s := shown{Public: doc, Token: r.PathValue("token")}
	for i, f := range doc.Files {
		s.Rows = append(s.Rows, row{f, i + 1, viet.ASCIIFileName(f.Name)})
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := page.ExecuteTemplate(w, "document", s); err != nil {
		h.log.Warn("document page", "cause", err)
	}
}

func (h *handler) file(w http.ResponseWriter, r *http.Request) {
	headers(w)
	doc, ok := h.engine.Public(r.PathValue("token"))
	n, err := strconv.Atoi(r.PathValue("n"))
	if !ok || err != nil || n < 1 || n > len(doc.Files) {
		h.missing(w)
		return
	}
	f := doc.Files[n-1]
	body, closer, err := h.engine.OpenFile(f)
	if err != nil {
		h.log.Error("document file", "cause", err)
		w.WriteHeader(http.StatusInternalServerError)
		io.WriteString(w, "Không mở được tệp; xin thử lại sau.\n")
		return
	}
	defer closer.Close()
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.Name}))
	w.Header().Set("ETag", `"`+f.SHA256+`"`)
	http.ServeContent(w, r, "", time.Time{}, body)
}

func (h *handler) style(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "max-age=3600")
	http.ServeFileFS(w, r, pages, "kieu.css")
}

func (h *handler) missing(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(http.StatusNotFound)
	if err := page.ExecuteTemplate(w, "missing", nil); err != nil {
		h.log.Warn("document page", "cause", err)
	}
}

// headers keep the token out of other sites' logs and the file out of a frame.
func headers(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Robots-Tag", "noindex")
	h.Set("Cache-Control", "private, no-cache")
}
