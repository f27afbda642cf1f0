package web

import (
	"maps"
	"net/http"
	"slices"

	"quangtri.gov.vn/vanthu/directory"
	"quangtri.gov.vn/vanthu/internal/viet"
)

// relation is a step to another agency in time.
type relation struct {
	ID       directory.ID
	Name     string
	Above    string // the body above, for telling namesakes apart
	How      string
	Date     string
	Decision string
}

// childList is a list of agencies of one type below another.
type childList struct {
	Type    string
	Entries []entry
}

type agencyPage struct {
	Agency    directory.Agency
	Type      string
	Life      string
	Ended     bool
	Starts    bool               // it is still to come
	Above     []directory.Agency // from the top
	Delivery  *directory.Delivery
	Heir      directory.Agency
	Choices   []entry
	Propose   bool // Choices are standing offices that are not certain
	Addresses []shownAddress
	Past      []shownAddress
	Names     []string
	OldNames  []directory.Name
	From, To  []relation
	Officials []directory.Official
	Children  []childList
	NoMail    string // why there is no address
}

type shownAddress struct {
	directory.Address
	Status string // in words, "" for nothing worth saying
}

func (s *site) agency(w http.ResponseWriter, r *http.Request) {
	snap, today := s.snapshot(), s.today()
	a, ok := snap.Agency(directory.ID(r.PathValue("id")))
	if !ok {
		s.fail(w, r, http.StatusNotFound)
		return
	}
	p := &agencyPage{Agency: a, Type: directory.TypeName(a.Type), Life: between(a.Validity), Ended: a.To != "" && a.To < today, Starts: a.From > today}
	p.climb(snap, when(a, today))
	p.addresses(snap, today)
	p.names(snap, today)
	p.history(snap)
	for _, o := range snap.Officials(a.ID, today) {
		if o.Authorised && !p.Ended {
			p.Officials = append(p.Officials, o)
		}
	}
	p.children(snap, when(a, today), today)
	s.render(w, http.StatusOK, snap, "agency", a.Name, "", p)
}

// climb collects the bodies above.
func (p *agencyPage) climb(snap *directory.Snapshot, on directory.Date) {
	seen := map[directory.ID]bool{p.Agency.ID: true}
	for id := p.Agency.ID; ; {
		up, ok := snap.Parent(id, on)
		if !ok || seen[up.ID] {
			break
		}
		seen[up.ID] = true
		p.Above = append(p.Above, up)
		id = up.ID
	}
	slices.Reverse(p.Above)
}

// addresses collects where mail goes today, and went before.
func (p *agencyPage) addresses(snap *directory.Snapshot, today directory.Date) {
	for _, a := range snap.AllAddresses(p.Agency.ID) {
		shown := shownAddress{Address: a}
		switch a.Status {
		case "forward":
			shown.Status = "chỉ chuyển tiếp"
		case "sample":
			shown.Status = "dữ liệu mẫu"
		}
		if a.From > today {
			shown.Status = "chưa dùng"
		}
		if a.On(today) || a.From > today {
			p.Addresses = append(p.Addresses, shown)
		} else {
			p.Past = append(p.Past, shown)
		}
	}
	d := snap.Deliver(p.Agency.ID, today)
	switch {
	case d.Ask:
		p.Propose = !p.Ended
		for _, id := range d.Choices {
			c, _ := snap.Agency(id)
			p.Choices = append(p.Choices, newEntry(snap, c, today))
		}
	case d.Agency != p.Agency.ID:
		p.Delivery = &d
		p.Heir, _ = snap.Agency(d.Agency)
	case len(p.Addresses) > 0, p.Starts:
	case p.Agency.Type == "dia-ban":
		p.NoMail = "Đây là địa bàn, không phải cơ quan; không nhận thư."
	case p.Agency.Type == "kenh-dang":
		p.NoMail = "Đây là kênh đăng tải văn bản, không nhận thư."
	default:
		p.NoMail = "Cơ quan này chưa có địa chỉ thư điện tử chính thức. Hãy gửi bản giấy."
	}
}

// names collects other current names, and names of the past.
func (p *agencyPage) names(snap *directory.Snapshot, today directory.Date) {
	on := when(p.Agency, today)
	seen := map[string]bool{viet.Key(p.Agency.Name): true}
	for _, n := range snap.AllNames(p.Agency.ID) {
		k := viet.Key(n.Text)
		scope, scoped := snap.Agency(n.Scope)
		if n.Kind == "symbol" || scoped && scope.Type != "dia-ban" || seen[k] {
			continue
		}
		seen[k] = true
		switch {
		case n.On(on):
			p.Names = append(p.Names, n.Text)
		case n.From <= on:
			p.OldNames = append(p.OldNames, n)
		}
	}
}

var successionWords = map[string][2]string{ // seen from the successor, from the predecessor
	"renamed":        {"đổi tên từ", "đổi tên thành"},
	"merged":         {"hợp nhất từ", "hợp nhất vào"},
	"dissolved-into": {"tiếp nhận", "nhập vào"},
	"split":          {"nhận một phần của", "một phần chuyển về"},
	"re-established": {"lập lại từ", "lập lại thành"},
}

// history collects whom the agency follows and who follows it.
func (p *agencyPage) history(snap *directory.Snapshot) {
	step := func(id directory.ID, r directory.Succession, side int) relation {
		other, _ := snap.Agency(id)
		above := ""
		if up, ok := snap.Agency(other.Parent); ok && other.Name == p.Agency.Name {
			above = up.Name
		}
		return relation{ID: id, Name: other.Name, Above: above, How: successionWords[r.Kind][side], Date: r.Date.Vietnamese(), Decision: r.Decision}
	}
	for _, r := range snap.Former(p.Agency.ID) {
		p.From = append(p.From, step(r.From, r, 0))
	}
	for _, r := range snap.Successors(p.Agency.ID) {
		p.To = append(p.To, step(r.To, r, 1))
	}
}

// childOrder is the order in which people expect the kinds of bodies below one.
var childOrder = []string{
	"ubnd", "so", "nganh", "ban", "nganh-doc", "hdnd", "dang", "doan-the", "hoi", "huyen", "thanh-pho", "thi-xa",
	"phuong", "xa", "thi-tran", "dac-khu", "don-vi", "truong", "bao-dai", "bo-phan", "bcd", "kenh-dang", "doanh-nghiep",
}

// children collects the bodies below on a day, a list for each type.
func (p *agencyPage) children(snap *directory.Snapshot, on, today directory.Date) {
	byType := make(map[string][]entry)
	for _, c := range snap.Children(p.Agency.ID, on) {
		e := newEntry(snap, c, today)
		e.Above = "" // this page
		byType[c.Type] = append(byType[c.Type], e)
	}
	for _, t := range childOrder {
		if len(byType[t]) > 0 {
			p.Children = append(p.Children, childList{directory.TypeName(t), byType[t]})
		}
		delete(byType, t)
	}
	for _, t := range slices.Sorted(maps.Keys(byType)) {
		p.Children = append(p.Children, childList{directory.TypeName(t), byType[t]})
	}
}
