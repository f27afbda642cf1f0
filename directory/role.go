package directory

import (
	"slices"
	"strings"

	"quangtri.gov.vn/vanthu/internal/viet"
)

// shortTitles spells the titles out that documents shorten, by [viet.Key].
var shortTitles = map[string]string{
	"ct": "chủ tịch", "q. ct": "quyền chủ tịch", "q.ct": "quyền chủ tịch", "q ct": "quyền chủ tịch",
	"pct": "phó chủ tịch", "cvp": "chánh văn phòng", "pcvp": "phó chánh văn phòng", "pvp": "phó chánh văn phòng",
	"phó văn phòng": "phó chánh văn phòng", "gđ": "giám đốc", "pgđ": "phó giám đốc", "q. gđ": "quyền giám đốc",
	"tp": "trưởng phòng", "ptp": "phó trưởng phòng", "vt": "văn thư", "cv": "chuyên viên", "bt": "bí thư",
	"pbt": "phó bí thư", "ctt": "chánh thanh tra", "cht": "chỉ huy trưởng",
}

// acting is how the title of somebody who holds a post for the time being begins.
const acting = "quyền "

// Role returns who holds a post on that day, in Vietnamese order of name. Short
// forms are known (CT, PCT, CVP, PVP, GĐ, PGĐ, TP, VT, CV, Q. CT); whoever acts
// for a post ("Quyền Chủ tịch") answers to its title; a leading "các" is dropped.
func (s *Snapshot) Role(agency ID, title string, on Date) []Official {
	if len(title) > maxForm {
		return nil
	}
	want := spellTitle(title)
	if want == "" {
		return nil
	}
	var out []Official
	for _, o := range s.officialsOf[agency] {
		have := viet.Key(o.Title)
		if o.On(on) && (have == want || have == acting+want) {
			out = append(out, o)
		}
	}
	slices.SortStableFunc(out, func(a, b Official) int { return viet.Compare(a.Name, b.Name) })
	return out
}

func spellTitle(title string) string {
	k := strings.TrimPrefix(strings.Trim(viet.Key(title), " .,;:"), "các ")
	if full, ok := shortTitles[k]; ok {
		return full
	}
	return k
}
