package engine

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"quangtri.gov.vn/vanthu/directory"
	"quangtri.gov.vn/vanthu/dispatch"
	"quangtri.gov.vn/vanthu/dispatch/recipients"
	"quangtri.gov.vn/vanthu/internal/viet"
)

// choice is an answer understood.
type choice struct {
	agencies []directory.ID
	event    dispatch.Event // Answered, Declined, OnPaper or Resending
	channel  string         // "giấy" if the clerk wants paper for the agencies named
}

// add takes an agency once.
func (c *choice) add(id directory.ID) {
	if !slices.Contains(c.agencies, id) {
		c.agencies = append(slices.Clip(c.agencies), id)
	}
}

var (
	yes      = regexp.MustCompile(`^(ok|oke|okay|co|dong y|nhat tri|dung|dung gui di|gui|gui di|xac nhan|yes)( (a|nhe|nha|em|anh|chi|ban|gui di|gui|cam on))?$`)
	numbers  = regexp.MustCompile(`^(?:0|[1-9]\d{0,3})(?:\s*(?:[,;+&/ ]|và|va)\s*(?:0|[1-9]\d{0,3}))*$`)
	lead     = regexp.MustCompile(`(?i)^(?:chọn|chon|số|so|phương án|phuong an|lựa chọn|lua chon|pa|gửi|gui)\s+(?:số\s+|so\s+)?(\d.*)$`)
	withName = regexp.MustCompile(`^([1-9]\d{0,3})\s*(?:\(|-|–|:|=|\.)\s*([^()]+)\)?$`)
	mailto   = regexp.MustCompile(`(?i)<mailto:[^>]*>`)
)

// understand reads one choice. It accepts what people write: a number, several
// numbers, "0", "không", "giấy", agencies' names or addresses.
func (e *Engine) understand(doc *record, p dispatch.Part, text string) (choice, string) {
	text = strings.Trim(viet.Clean(mailto.ReplaceAllString(text, "")), " .;,\"'«»“”[]*_")
	if m := lead.FindStringSubmatch(text); m != nil {
		text = m[1]
	}
	folded := viet.Fold(text)
	switch folded {
	case "0", "khong", "khong gui", "ko gui":
		return choice{event: dispatch.Declined}, ""
	case "giay", "gui giay", "ban giay", "gui ban giay":
		return choice{event: dispatch.OnPaper}, ""
	case "gui lai", "lai":
		return choice{event: dispatch.Resending}, ""
	case "":
		return choice{}, fmt.Sprintf("dòng %s chưa có lựa chọn", p.Label)
	}
	if strings.Contains(text, "?") {
		return choice{}, fmt.Sprintf("dòng %s: chưa rõ ý; xin trả lời bằng một lựa chọn", p.Label)
	}
	if numbers.MatchString(text) {
		return numbered(p, text)
	}
	if m := withName.FindStringSubmatch(text); m != nil {
		return numberedAndNamed(p, m[1], m[2])
	}
	return e.named(doc, p, text)
}

func numbered(p dispatch.Part, text string) (choice, string) {
	c := choice{event: dispatch.Answered}
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return r < '0' || r > '9' }) {
		n, err := strconv.Atoi(w)
		if err != nil || n < 1 || n > len(p.Item.Candidates) {
			return choice{}, fmt.Sprintf("dòng %s không có lựa chọn %s", p.Label, w)
		}
		for _, id := range p.Item.Candidates[n-1].Agencies {
			c.add(id)
		}
	}
	if len(c.agencies) == 0 {
		return choice{}, fmt.Sprintf("lựa chọn của dòng %s không có cơ quan nào trong danh bạ; xin viết tên cơ quan, giấy hoặc 0", p.Label)
	}
	return c, ""
}

// numberedAndNamed takes "1 (Sở Nội vụ)" if number and name agree.
func numberedAndNamed(p dispatch.Part, number, name string) (choice, string) {
	c, problem := numbered(p, number)
	if problem != "" {
		return c, problem
	}
	n, _ := strconv.Atoi(number)
	if !strings.Contains(viet.Fold(p.Item.Candidates[n-1].Name), viet.Fold(name)) {
		return choice{}, fmt.Sprintf("dòng %s: số %s và tên «%s» không khớp nhau", p.Label, number, firstWords(name, 60))
	}
	return c, ""
}

// named finds the agencies that the clerk wrote: official addresses, or what a
// line of Nơi nhận could say, such as "Sở Nội vụ; UBND các huyện". Everything in
// it must be certain.
func (e *Engine) named(doc *record, p dispatch.Part, text string) (choice, string) {
	c := choice{event: dispatch.Answered}
	if !strings.Contains(text, "@") {
		doubt := e.lookUp(doc, text, &c)
		if doubt != "" {
			return choice{}, fmt.Sprintf("dòng %s: danh bạ không biết chắc «%s» là cơ quan nào; xin chọn một số đã cho, viết địa chỉ thư của cơ quan, hoặc viết giấy", p.Label, firstWords(doubt, 60))
		}
	}
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(";, <>()", r) }) {
		if !strings.Contains(text, "@") || viet.Fold(w) == "va" {
			continue
		}
		a, ok := e.Directory().ByAddress(strings.ToLower(w), e.Today())
		if !ok {
			return choice{}, fmt.Sprintf("dòng %s: «%s» không có trong danh bạ địa chỉ chính thức", p.Label, firstWords(w, 80))
		}
		c.add(a.ID)
	}
	return c, e.splitBodies(p, c)
}

// lookUp adds what a text in the language of Nơi nhận names, on the day of issue
// or else today. It returns the part that is in doubt, "" if none is.
func (e *Engine) lookUp(doc *record, text string, c *choice) (doubt string) {
	for _, on := range []directory.Date{doc.Fields.Date, e.Today()} {
		found := *c
		doubt = ""
		for _, it := range recipients.Resolve(e.Directory(), recipients.Block{Lines: []string{text}, Issuer: doc.Issuer, IssuerName: doc.Fields.Issuer, On: on}) {
			if it.Certainty != dispatch.Certain || len(it.Agencies) == 0 || it.NoSend {
				doubt = it.Text
				break
			}
			for _, id := range it.Agencies {
				found.add(id)
			}
			if it.Channel == "giấy" {
				found.channel = it.Channel
			}
		}
		if doubt == "" && len(found.agencies) > 0 {
			*c = found
			return ""
		}
	}
	if doubt == "" {
		doubt = text
	}
	return doubt
}

// splitBodies refuses an agency that no longer exists and was split: the clerk
// must name one of the bodies that took its parts.
func (e *Engine) splitBodies(p dispatch.Part, c choice) string {
	dir := e.Directory()
	for _, id := range c.agencies {
		d := dir.Deliver(id, e.Today())
		if !d.Ask {
			continue
		}
		var names []string
		for _, heir := range d.Choices {
			a, _ := dir.Agency(heir)
			names = append(names, a.Name)
		}
		a, _ := dir.Agency(id)
		return fmt.Sprintf("dòng %s: %s, %s: %s", p.Label, a.Name, d.Reason, strings.Join(names, "; "))
	}
	return ""
}
