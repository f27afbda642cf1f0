package web

import (
	"net/http"
	"slices"

	"quangtri.gov.vn/vanthu/directory"
)

// group is one of the lists on the first page.
type group struct {
	Key, Name, English string
	holds              func(a directory.Agency, local bool) bool
}

// groups are tried in order; local says that the agency stands in a territory
// that exists today.
var groups = []group{
	{"so-ban-nganh", "UBND tỉnh và các sở, ban, ngành", "Provincial committee and departments", func(a directory.Agency, local bool) bool {
		return local && a.Level == "tinh" && slices.Contains([]string{"ubnd", "so", "ban", "nganh"}, a.Type)
	}},
	{"xa-phuong-dac-khu", "UBND xã, phường, đặc khu", "Communes, wards, special zone", func(a directory.Agency, local bool) bool {
		return local && slices.Contains([]string{"xa", "phuong", "thi-tran", "dac-khu"}, a.Type)
	}},
	{"huyen", "UBND huyện, thị xã, thành phố", "Districts and towns", func(a directory.Agency, local bool) bool {
		return local && slices.Contains([]string{"huyen", "thi-xa", "thanh-pho"}, a.Type)
	}},
	{"nganh-doc", "Cơ quan ngành dọc đóng tại tỉnh", "Central agencies in the province", func(a directory.Agency, local bool) bool { return local && a.Type == "nganh-doc" }},
	{"hdnd", "Hội đồng nhân dân, đoàn đại biểu Quốc hội", "Councils, National Assembly delegation", func(a directory.Agency, local bool) bool { return local && a.Type == "hdnd" }},
	{"dang", "Cơ quan Đảng", "Party bodies", func(a directory.Agency, local bool) bool { return local && a.Type == "dang" }},
	{"doan-the", "Mặt trận, đoàn thể, hội", "Fatherland Front, mass organisations", func(a directory.Agency, local bool) bool {
		return local && (a.Type == "doan-the" || a.Type == "hoi")
	}},
	{"don-vi", "Đơn vị sự nghiệp, trường, báo đài", "Public units, schools, press", func(a directory.Agency, local bool) bool {
		return local && slices.Contains([]string{"don-vi", "truong", "bao-dai"}, a.Type)
	}},
	{"doanh-nghiep", "Doanh nghiệp, hợp tác xã", "Enterprises, co-operatives", func(a directory.Agency, local bool) bool { return local && a.Type == "doanh-nghiep" }},
	{"trung-uong", "Bộ và cơ quan Trung ương", "Ministries and central bodies", func(a directory.Agency, _ bool) bool { return a.Level == "trung-uong" }},
	{"tinh-ban", "UBND tỉnh, thành phố khác", "Other provinces", func(a directory.Agency, local bool) bool { return !local && a.Type == "ubnd" }},
	{"khac", "Ban chỉ đạo, kênh đăng tải", "Steering bodies, channels of publication", func(a directory.Agency, local bool) bool {
		return local && (a.Type == "bcd" || a.Type == "kenh-dang")
	}},
}

// members lists the agencies of g today.
func (g group) members(snap *directory.Snapshot, today directory.Date) []directory.Agency {
	homes := snap.Home(today)
	var out []directory.Agency
	for _, a := range snap.Agencies(today) {
		local := slices.ContainsFunc(homes, func(h directory.Agency) bool { return snap.UnderOn(a.ID, h.ID, today) })
		if a.Type != "dia-ban" && g.holds(a, local) {
			out = append(out, a)
		}
	}
	return out
}

type counted struct {
	group
	Count int
}

func (s *site) home(w http.ResponseWriter, _ *http.Request) {
	snap, today := s.snapshot(), s.today()
	page := struct {
		Groups []counted
		Total  int
	}{}
	for _, g := range groups {
		if n := len(g.members(snap, today)); n > 0 {
			page.Groups = append(page.Groups, counted{g, n})
			page.Total += n
		}
	}
	s.render(w, http.StatusOK, snap, "home", "Danh bạ thư công vụ", "", page)
}

func (s *site) group(w http.ResponseWriter, r *http.Request) {
	snap, today := s.snapshot(), s.today()
	i := slices.IndexFunc(groups, func(g group) bool { return g.Key == r.PathValue("group") })
	if i < 0 {
		s.fail(w, r, http.StatusNotFound)
		return
	}
	page := struct {
		Group   group
		Entries []entry
	}{Group: groups[i]}
	for _, a := range groups[i].members(snap, today) {
		page.Entries = append(page.Entries, newEntry(snap, a, today))
	}
	if !slices.ContainsFunc(page.Entries, func(e entry) bool { return e.Above != page.Entries[0].Above }) {
		for i := range page.Entries { // all stand below one body: saying so each time is noise
			page.Entries[i].Above = ""
		}
	}
	s.render(w, http.StatusOK, snap, "group", groups[i].Name, "", page)
}
