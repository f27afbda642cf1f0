package directory

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"quangtri.gov.vn/vanthu/internal/viet"
)

// The closed sets. A row with another word is refused by [Register.Import].
var (
	agencyTypes = []string{
		"dia-ban",                      // territory, root of the chains; takes no mail
		"ubnd",                         // people's committee of a province
		"huyen", "thi-xa", "thanh-pho", // people's committee of a district-level unit
		"xa", "phuong", "thi-tran", "dac-khu", // people's committee of a commune-level unit
		"hdnd",               // council, its standing body, committees, office
		"dang",               // Party committee or its body
		"so", "ban", "nganh", // department, board equal to one, other body counted among "ngành"
		"nganh-doc",       // vertical body of the centre
		"doan-the", "hoi", // Fatherland Front and mass organisation; association
		"don-vi", "truong", "bao-dai", // public unit; school; press
		"doanh-nghiep",     // enterprise, co-operative
		"bo-phan",          // unit inside an agency: its parent's desk takes its mail
		"bcd",              // steering body: its standing office takes its mail
		"kenh-dang",        // channel of publication: publish, do not mail
		"bo", "trung-uong", // ministry; other central body
	}
	levels          = []string{"trung-uong", "tinh", "huyen", "xa"}
	certainties     = []string{"", "V", "S", "M"}
	nameKinds       = []string{"official", "short", "abbreviation", "alias", "symbol"}
	addressKinds    = []string{"agency", "clerk-desk", "unit", "temporary-external"}
	addressStatuses = []string{"attested", "sample", "forward"}
	relationKinds   = []string{kindParent, kindStanding}
	successionKinds = []string{"renamed", "merged", "dissolved-into", "split", "re-established"}
)

// typeTerritory is the type of a territory, which takes no mail.
const typeTerritory = "dia-ban"

// kindSymbol is the kind of a name that is only a code in a document's symbol.
const kindSymbol = "symbol"

// kindSplit is the succession that no mail follows by itself.
const kindSplit = "split"

// The kinds of a [Relation].
const (
	kindParent   = "parent"
	kindStanding = "standing-office"
)

// certain is the certainty of what was read in a source text.
const certain = "V"

// TypeName is the Vietnamese phrase for an agency type, for headings.
func TypeName(t string) string {
	if n, ok := typeNames[t]; ok {
		return n
	}
	return t
}

var typeNames = map[string]string{
	"dia-ban": "Địa bàn", "ubnd": "Ủy ban nhân dân tỉnh", "huyen": "Huyện", "thi-xa": "Thị xã", "thanh-pho": "Thành phố",
	"xa": "Xã", "phuong": "Phường", "thi-tran": "Thị trấn", "dac-khu": "Đặc khu", "hdnd": "Hội đồng nhân dân và Quốc hội",
	"dang": "Cơ quan Đảng", "so": "Sở", "ban": "Ban", "nganh": "Cơ quan ngang Sở", "nganh-doc": "Cơ quan ngành dọc",
	"doan-the": "Mặt trận và đoàn thể", "hoi": "Hội", "don-vi": "Đơn vị sự nghiệp", "truong": "Trường", "bao-dai": "Báo, đài",
	"doanh-nghiep": "Doanh nghiệp, hợp tác xã", "bo-phan": "Bộ phận của cơ quan", "bcd": "Ban chỉ đạo, ban chỉ huy",
	"kenh-dang": "Kênh đăng tải", "bo": "Bộ, cơ quan ngang Bộ", "trung-uong": "Cơ quan Trung ương",
}

// Bounds on what a row may hold, in bytes.
const (
	maxID      = 100
	maxName    = 400
	maxNote    = 2000
	maxAliases = 8000
	maxAddress = 254 // RFC 5321, 4.5.3.1.3
	maxLocal   = 64  // RFC 5321, 4.5.3.1.1
)

var idForm = regexp.MustCompile(`^[a-z0-9]+([.-][a-z0-9]+)*$`)

// ValidID reports whether id has the form of an ID: lower-case ASCII letters
// and digits in groups joined by "." or "-", at most 100 bytes.
func ValidID(id ID) bool { return len(id) <= maxID && idForm.MatchString(string(id)) }

// ParseDate checks that s is a day in the form "2009-07-12".
func ParseDate(s string) (Date, bool) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 1900 || t.Year() > 2999 {
		return "", false
	}
	return Date(s), true
}

// Vietnamese writes the day as people do, "12/7/2009"; "" for the open date.
func (d Date) Vietnamese() string {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return string(d)
	}
	return t.Format("02/01/2006")
}

// AddDays returns the day n days after d, or d itself when it is no day.
func (d Date) AddDays(n int) Date {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return d
	}
	return DateOf(t.AddDate(0, 0, n))
}

var (
	localPart = regexp.MustCompile(`^[a-z0-9!#$%&'*+/=?^_{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_{|}~-]+)*$`)
	domain    = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$`)
)

// ValidAddress reports whether a is an e-mail address as this register holds
// them: a lower-case dot-atom at a domain with at least one dot (RFC 5322,
// 3.4.1), within the lengths of RFC 5321.
func ValidAddress(a string) bool {
	local, dom, ok := strings.Cut(a, "@")
	return ok && len(a) <= maxAddress && len(local) <= maxLocal && localPart.MatchString(local) && domain.MatchString(dom)
}

// nameKey is the key under which forms of names are compared: [viet.Key], with
// every dash one hyphen, no space around "-", "&" and "/", one space after ","
// and none before it, and without a closing ";", "." or ",".
func nameKey(s string) string {
	k := strings.TrimRight(viet.Key(s), " ;,.:")
	if !strings.ContainsAny(k, "-–—‑−&/,") {
		return k
	}
	b := make([]byte, 0, len(k)+4)
	glue := false // the last rune written takes no space after it
	for _, r := range k {
		switch r {
		case '–', '—', '‑', '−':
			r = '-'
		}
		switch {
		case r == ' ' && glue:
			continue
		case r == '-' || r == '&' || r == '/' || r == ',':
			b = append(bytes.TrimRight(b, " "), byte(r))
			if r == ',' {
				b = append(b, ' ')
			}
			glue = true
		default:
			b = utf8.AppendRune(b, r)
			glue = false
		}
	}
	return string(bytes.TrimRight(b, " ,"))
}

func known(set []string, s string) bool { return slices.Contains(set, s) }
