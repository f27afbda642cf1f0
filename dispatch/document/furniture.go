package document

import (
	"regexp"
	"strings"

	"quangtri.gov.vn/vanthu/internal/viet"
)

// Where furniture stands: shares of a page's height from its edges.
const (
	edgeZone   = 0.10  // page numbers, an agency's address
	repeatZone = 0.075 // running titles
)

var (
	// folio is a page number: "2", "- 2 -", "Trang 2/5".
	folio = regexp.MustCompile(`^(?:trang )?[-–. ]*\d{1,4}(?: ?/ ?\d{1,4})?[-–. ]*$`)
	// contact is the line at the foot of page 1 that says how to reach the agency.
	contact = regexp.MustCompile(`(?:^|[^\pL])(?:e-?mail|điện thoại|đt|fax|website|địa chỉ|tel|hotline) ?:|https?://|www\.`)
)

// trimFurniture takes page numbers, running titles and an agency's address out of
// the pages' rows: they would stand in the middle of what goes on over the page.
func trimFurniture(sheets []sheet) {
	repeated := repeatedEdges(sheets)
	for i := range sheets {
		s := &sheets[i]
		for len(s.rows) > 0 && s.isFurniture(s.rows[0], repeated) {
			s.head, s.rows = append(s.head, s.rows[0]), s.rows[1:]
		}
		for n := len(s.rows) - 1; n >= 0 && s.isFurniture(s.rows[n], repeated); n-- {
			s.foot, s.rows = append([]row{s.rows[n]}, s.foot...), s.rows[:n]
		}
	}
}

func (s sheet) isFurniture(r row, repeated map[string]int) bool {
	if s.height == 0 {
		return false
	}
	down := r.y / s.height
	if down > edgeZone && down < 1-edgeZone {
		return false
	}
	t := text(r.words)
	key := viet.Key(t)
	switch {
	case folio.MatchString(key):
		return true
	case down < repeatZone || down > 1-repeatZone:
		if repeated[edgeKey(key)] > 1 {
			return true
		}
	}
	return down > 0.5 && contact.MatchString(key) && !bullet.MatchString(t)
}

// repeatedEdges counts, by their keys without digits, the lines at the edges of
// pages. Heads of documents, which a file of several repeats, are not counted.
func repeatedEdges(sheets []sheet) map[string]int {
	n := map[string]int{}
	for _, s := range sheets {
		seen := map[string]bool{}
		for _, r := range s.rows {
			if down := r.y / max(s.height, 1); down > repeatZone && down < 1-repeatZone {
				continue
			}
			t := text(r.words)
			if key := edgeKey(viet.Key(t)); key != "" && !seen[key] && !motto.MatchString(key) && !isCaps(t) && !labelText(t) {
				seen[key] = true
				n[key]++
			}
		}
	}
	return n
}

func edgeKey(key string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return -1
		}
		return r
	}, key))
}
