package recipients

import (
	"fmt"
	"slices"
	"strings"

	"quangtri.gov.vn/vanthu/directory"
	"quangtri.gov.vn/vanthu/dispatch"
	"quangtri.gov.vn/vanthu/internal/viet"
)

// maxFollowed bounds the addressees that one reference is expanded to.
const maxFollowed = 300

// follow resolves a reference to the bodies it points to.
func (r *resolver) follow(it *dispatch.Item, ref *reference) {
	it.Certainty = dispatch.None
	if r.depth > 0 {
		it.Reason = "Tham chiếu trong tham chiếu: hãy chọn nơi nhận."
		return
	}
	switch ref.target {
	case "kinh_gui", "thanh_phan_moi":
		if len(r.b.KinhGui) == 0 {
			it.Reason = "Văn bản không có phần Kính gửi: hãy chọn nơi nhận hoặc không gửi."
			return
		}
		lines := r.b.KinhGui
		r.gather(it, lines, true, false)
		if ref.target == "thanh_phan_moi" && it.Certainty == dispatch.Certain {
			r.doubt(it, "Thành phần mời lấy từ phần Kính gửi: hãy xác nhận.")
		}
	case "dieu":
		r.followArticle(it, ref)
	case "muc":
		it.Reason = "Nơi nhận nêu ở mục " + ref.section + " của văn bản: hãy chọn các cơ quan ở mục đó."
	case "danh_sach":
		it.Reason = "Nơi nhận theo danh sách kèm theo: hãy chọn các cơ quan trong danh sách."
	default:
		it.Reason = "Nơi nhận nêu trong nội dung văn bản: hãy chọn các cơ quan."
	}
}

// followArticle checks that the article really says who must carry the
// document out, and offers those. It is never certain (design D6).
func (r *resolver) followArticle(it *dispatch.Item, ref *reference) {
	text, ok := r.b.Articles[ref.article]
	list := addressees(text, ref.clause)
	other := otherArticle(r.b.Articles, ref.article)
	switch {
	case !ok && other == "":
		it.Reason = "Không đọc được Điều " + ref.article + " của văn bản: hãy chọn nơi nhận."
		return
	case list == "" && other != "":
		list = addressees(r.b.Articles[other], "")
		r.gather(it, []string{list}, false, true)
		it.Reason = "Điều " + ref.article + " không nêu ai chịu trách nhiệm thi hành; Điều " + other + " mới nêu. Hãy kiểm tra và xác nhận."
		return
	case list == "":
		it.Reason = "Điều " + ref.article + " không nêu ai chịu trách nhiệm thi hành: hãy kiểm tra số điều và chọn nơi nhận."
		return
	}
	r.gather(it, []string{list}, false, true)
	if it.Certainty != dispatch.None {
		it.Reason = strings.TrimSpace("Nơi nhận lấy từ Điều " + ref.article + ": hãy xác nhận. " + it.Reason)
	}
}

// gather resolves addressees and puts them into it. Only if every one of them
// is certain and sure is set is the whole certain. With titles, as in an
// article, the title of a body's head stands for the body.
func (r *resolver) gather(it *dispatch.Item, lines []string, sure, titles bool) {
	inner := r.inner()
	for n, text := range lines {
		if len(inner.items) >= maxFollowed {
			sure = false
			break
		}
		inner.line(n, addresseeText(text), nil)
	}
	var ids []directory.ID
	var open []int
	for i := range inner.items {
		got := &inner.items[i]
		if got.NoSend && len(got.Agencies) == 0 {
			continue
		}
		take := got.Agencies
		if got.Certainty != dispatch.Certain {
			take = inner.guesses[i]
			if !titles || len(take) == 0 || got.Kind != dispatch.KindPerson {
				open = append(open, i)
			}
		}
		for _, id := range take {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	r.conclude(it, ids, sure && !titles && len(open) == 0)
	r.leaveOpen(it, ids, inner, open)
}

// conclude sets the certainty of a reference from what its addressees became.
func (r *resolver) conclude(it *dispatch.Item, ids []directory.ID, certain bool) {
	switch {
	case len(ids) == 0 && r.dir == nil:
		it.Certainty, it.Reason = dispatch.None, "Chưa có danh bạ để đối chiếu: hãy chọn nơi nhận."
	case len(ids) == 0:
		it.Certainty, it.Reason = dispatch.None, "Chưa xác định được nơi nhận nào: hãy chọn."
	case certain:
		it.Certainty, it.Agencies = dispatch.Certain, ids
		it.Reason = "Mọi nơi ở phần Kính gửi đều có trong danh bạ."
	default:
		it.Certainty, it.Reason = dispatch.Doubtful, ""
		it.Candidates = []dispatch.Candidate{{Agencies: ids, Name: r.listNames(ids), Reason: "Các nơi đã xác định được theo danh bạ."}}
	}
}

// leaveOpen names the addressees in doubt and offers what each may mean on top
// of those that are known.
func (r *resolver) leaveOpen(it *dispatch.Item, ids []directory.ID, inner *resolver, open []int) {
	var names []string
	for _, i := range open {
		got := &inner.items[i]
		names = append(names, got.CanonicalName)
		if len(inner.guesses[i]) > 0 {
			continue
		}
		for _, c := range got.Candidates {
			if len(it.Candidates) < maxCandidates && len(c.Agencies) > 0 {
				if len(ids) > 0 {
					c.Agencies, c.Name = append(slices.Clone(ids), c.Agencies...), "Các nơi trên và "+c.Name
				}
				it.Candidates = append(it.Candidates, c)
				it.Certainty = dispatch.Doubtful
			}
		}
	}
	if len(names) > 0 && r.dir != nil {
		it.Reason = strings.TrimSpace(it.Reason + " Còn phải xác nhận: " + clip(strings.Join(names, "; "), maxContext) + ".")
	}
}

// listNames writes the names of bodies for the clerk.
func (r *resolver) listNames(ids []directory.ID) string {
	const most = 8
	var names []string
	for _, id := range ids {
		if len(names) == most {
			return strings.Join(names, "; ") + fmt.Sprintf(" và %d cơ quan khác", len(ids)-most)
		}
		if a, ok := r.dir.Agency(id); ok {
			names = append(names, a.Name)
		}
	}
	return strings.Join(names, "; ")
}

// inner is a resolver for the addressees of a reference: same issuer and
// memory, no further references.
func (r *resolver) inner() *resolver {
	b := r.b
	b.Lines, b.KinhGui = nil, nil
	return &resolver{dir: r.dir, b: b, is: r.is, members: r.members, depth: r.depth + 1}
}

// addresseeText drops what may stand before an addressee: a bullet, "Kính
// gửi:", "điện:".
func addresseeText(s string) string {
	s, _ = trimBullet(s)
	toks := tokenize(clip(viet.Clean(s), maxContext))
	for _, lead := range [][]string{{"kính", "gửi"}, {"đồng", "kính", "gửi"}, {"điện"}, {"gửi"}} {
		if n, ok := hasWords(toks, lead...); ok && n < len(toks) && toks[n].mark == ':' {
			clean := viet.Clean(s)
			return strings.TrimSpace(clean[toks[n].end:])
		}
	}
	return s
}
