package recipients

import (
	"strings"

	"quangtri.gov.vn/vanthu/dispatch"
)

// webHeads begin the name of a place of publication.
var webHeads = map[string]string{
	"website": "Website", "web": "Website", "trang web": "Website", "trang tin": "Trang thông tin", "trang tin điện tử": "Trang tin điện tử",
	"trang ttđt": "Trang thông tin điện tử", "trang thông tin điện tử": "Trang thông tin điện tử", "trang tt điện tử": "Trang thông tin điện tử",
	"cổng ttđt": "Cổng thông tin điện tử", "cổng thông tin điện tử": "Cổng thông tin điện tử", "cổng tt điện tử": "Cổng thông tin điện tử", "cổng tt": "Cổng thông tin", "cổng thông tin": "Cổng thông tin",
	"cổng ttđtcp": "Cổng thông tin điện tử Chính phủ", "cổng tin điện tử": "Cổng thông tin điện tử", "cổng gtđt": "Cổng giao tiếp điện tử", "cổng giao tiếp điện tử": "Cổng giao tiếp điện tử", "cổng dịch vụ công": "Cổng dịch vụ công", "cổng dvc": "Cổng dịch vụ công",
	"đăng website": "Website", "đăng công báo": "Công báo", "công báo": "Công báo", "hệ thống văn bản": "Hệ thống văn bản", "trang điện tử": "Trang thông tin điện tử", "fanpage": "Fanpage", "cổng thành phần": "Cổng thành phần", "csdl": "Cơ sở dữ liệu", "cơ sở dữ liệu": "Cơ sở dữ liệu",
}

// web reads a place of publication.
func (is *issuer) web(toks []token) (meaning, bool) {
	head, n := longest(webHeads, toks)
	if n == 0 {
		return meaning{}, false
	}
	rest := trimMarks(toks[n:])
	if len(rest) > 0 && rest[0].key == "của" {
		rest = rest[1:]
	}
	m := meaning{kind: dispatch.KindWeb}
	tail := is.webOwner(rest)
	switch level, k := levelAt(rest); {
	case head == "Công báo" && len(rest) == 0 && is.rank == central:
		tail = "nước CHXHCN Việt Nam"
	case head == "Website" && k > 0 && k == len(rest):
		head, tail = "Cổng/Trang thông tin điện tử", is.at(level).String()
	case len(rest) == 0 && strings.HasSuffix(head, "Chính phủ"):
	case len(rest) == 0:
		tail = is.seat().String()
		if is.class != committee && is.class != office || tail == "" {
			tail = is.brief
		}
		if head == "Công báo" {
			tail = is.province.String()
		}
	}
	m.name = strings.TrimSpace(head + " " + tail)
	form := toks
	if form[0].key == "đăng" {
		form = form[1:]
	}
	m.forms = distinctForms(joinForm(form), m.name)
	return m, true
}

// webOwner names whose page it is.
func (is *issuer) webOwner(rest []token) string {
	if len(rest) == 0 {
		return ""
	}
	if len(rest) == 1 {
		switch body := is.bodyWord(rest); {
		case rest[0].key == "sở" && is.class == department, rest[0].key == "bộ" && is.class == ministry:
			return is.brief
		case body != rest[0].text:
			return body
		}
	}
	return is.bodyName(rest)
}

// joinForm writes tokens back as a form to look up.
func joinForm(toks []token) string {
	var b strings.Builder
	for i, t := range toks {
		if i > 0 && t.start > toks[i-1].end {
			b.WriteByte(' ')
		}
		b.WriteString(t.text)
	}
	return b.String()
}
