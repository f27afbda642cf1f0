package web

import (
	"bytes"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"quangtri.gov.vn/vanthu/directory"
	"quangtri.gov.vn/vanthu/internal/viet"
)

// maxShown bounds the results of one search page.
const maxShown = 50

// maxShownQuery bounds, in runes, how much of a query is repeated on the page.
const maxShownQuery = 200

var functions = template.FuncMap{
	"kind":    addressKind,
	"between": between,
	"type":    directory.TypeName,
}

func addressKind(kind string) string {
	switch kind {
	case "agency":
		return "Hộp thư cơ quan"
	case "clerk-desk":
		return "Bàn văn thư"
	case "unit":
		return "Hộp thư bộ phận"
	case "temporary-external":
		return "Hộp thư ngoài, dùng tạm"
	}
	return kind
}

// between writes a span of days as people do.
func between(v directory.Validity) string {
	switch {
	case v.From == "" && v.To == "":
		return ""
	case v.To == "":
		return "từ " + v.From.Vietnamese()
	case v.From == "":
		return "đến " + v.To.Vietnamese()
	}
	return v.From.Vietnamese() + " – " + v.To.Vietnamese()
}

// asked returns a query parameter, cleaned and cut to what a page may repeat.
func asked(r *http.Request, name string) string {
	rs := []rune(viet.Clean(r.URL.Query().Get(name)))
	return strings.TrimSpace(string(rs[:min(len(rs), maxShownQuery)]))
}

// entry is one agency in a list.
type entry struct {
	ID      directory.ID
	Name    string
	Type    string
	Above   string // the body above, for telling namesakes apart
	Address string
	Matched string // the form that was found, if it is not the name
	OldName bool   // that form belongs to the past
	Starts  string // the agency's first day, if it is still to come
	Ended   string // the agency's last day, "" while it exists
	Heir    string // who takes its mail today
	HeirTo  string // at which address
	Parts   int    // how many bodies share its work, when nobody can say who takes its mail
	Via     string // the standing office of a steering body
	Paper   bool   // it takes mail, but has no address
}

func newEntry(snap *directory.Snapshot, a directory.Agency, today directory.Date) entry {
	e := entry{ID: a.ID, Name: a.Name, Type: directory.TypeName(a.Type)}
	if list := snap.Addresses(a.ID, today); len(list) > 0 {
		e.Address = list[0].Address
	}
	e.Paper = e.Address == "" && !slices.Contains([]string{"dia-ban", "bcd", "kenh-dang", "bo-phan"}, a.Type)
	if up, ok := snap.Parent(a.ID, when(a, today)); ok {
		e.Above = up.Name
	}
	if a.To != "" && a.To < today {
		e.Ended = a.To.Vietnamese()
		e.Address, e.Paper = "", false
		e.heirs(snap, today)
	}
	if a.From > today && today != "" {
		e.Starts, e.Paper = a.From.Vietnamese(), false
	}
	if a.Type == "bcd" && e.Ended == "" {
		if office, sure := snap.StandingOffice(a.ID, today); len(office) == 1 {
			to, _ := snap.Agency(office[0])
			if e.Via = to.Name; !sure {
				e.Via += " (chưa xác nhận)"
			}
		}
	}
	return e
}

// heirs fills in where mail for an agency that has ended goes: an old name never
// leads nowhere if the register knows better.
func (e *entry) heirs(snap *directory.Snapshot, today directory.Date) {
	d := snap.Deliver(e.ID, today)
	if d.Ask {
		e.Parts = len(d.Choices)
		return
	}
	if heir, ok := snap.Agency(d.Agency); ok && d.Moved != nil {
		e.Heir, e.HeirTo = heir.Name, d.Address
	}
}

// when is the day on which to look at a: today, or its last day if it has ended.
func when(a directory.Agency, today directory.Date) directory.Date {
	if a.To != "" && a.To < today {
		return a.To
	}
	return today
}

func (s *site) search(w http.ResponseWriter, r *http.Request) {
	snap, today, q := s.snapshot(), s.today(), asked(r, "q")
	page := struct {
		Query   string
		Entries []entry
		More    bool
		Address bool // the query looks like an address
	}{Query: q, Address: strings.Contains(q, "@")}
	hits := snap.Find(q, today, maxShown+1)
	page.More = len(hits) > maxShown
	for _, h := range hits[:min(len(hits), maxShown)] {
		e := newEntry(snap, h.Agency, today)
		if viet.Key(h.Matched) != viet.Key(h.Agency.Name) {
			e.Matched = h.Matched
			e.OldName = h.Former && e.Ended == ""
		}
		page.Entries = append(page.Entries, e)
	}
	title := "Tìm cơ quan"
	if q != "" {
		title = "Tìm: " + q
	}
	s.render(w, http.StatusOK, snap, "search", title, q, page)
}

func (s *site) data(w http.ResponseWriter, _ *http.Request) {
	s.render(w, http.StatusOK, s.snapshot(), "data", "Dữ liệu mở", "", dataFiles)
}

var dataFiles = []struct{ File, About, English string }{
	{directory.AgenciesFile, "Cơ quan và thời gian tồn tại", "Agencies"},
	{directory.NamesFile, "Tên gọi, tên viết tắt", "Names and short forms"},
	{directory.AddressesFile, "Địa chỉ thư chính thức", "Official addresses"},
	{directory.OfficialsFile, "Công chức có thẩm quyền được công bố", "Authorised officials"},
	{directory.GroupsFile, "Nhóm cơ quan", "Groups of agencies"},
	{directory.SuccessionFile, "Cơ quan kế tục", "Who follows whom"},
	{directory.RelationsFile, "Cơ quan thường trực, cấp trên trước đây", "Standing offices, former bodies above"},
}

// download serves a CSV file with a byte order mark, for spreadsheets. Officials
// who may not be published are not in it.
func (s *site) download(w http.ResponseWriter, r *http.Request) {
	file := r.PathValue("file")
	if !slices.Contains(directory.Files(), file) {
		s.fail(w, r, http.StatusNotFound)
		return
	}
	snap := s.snapshot()
	data, err := s.csv(snap, file)
	if err != nil {
		s.log.Error("directory download failed", "file", file, "error", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("ETag", fmt.Sprintf(`"%d"`, snap.Version()))
	h.Set("Cache-Control", "public, max-age=300")
	h.Set("Content-Type", "text/csv; charset=utf-8; header=present")
	h.Set("Content-Disposition", "attachment; filename="+strconv.Quote(file))
	http.ServeContent(w, r, "", snap.Updated(), bytes.NewReader(data))
}

// csv makes each file once for every version of the register.
func (s *site) csv(snap *directory.Snapshot, file string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.downloads == nil || s.cached != snap.Version() {
		s.downloads, s.cached = make(map[string][]byte), snap.Version()
	}
	if data, ok := s.downloads[file]; ok {
		return data, nil
	}
	b := bytes.NewBufferString("\ufeff")
	if err := snap.ExportPublic(b, file); err != nil {
		return nil, err
	}
	s.downloads[file] = b.Bytes()
	return b.Bytes(), nil
}
