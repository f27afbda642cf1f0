package recipients

import (
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
		r.gather(it, lines, true)
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
		it.Reason = "Điều " + ref.article + " không nêu ai chịu trách nhiệm thi hành; Điều " + other + " mới nêu. Hãy kiểm tra và xác nhận."
		list = addressees(r.b.Articles[other], "")
		r.gather(it, []string{list}, false)
		it.Reason = "Điều " + ref.article + " không nêu ai chịu trách nhiệm thi hành; Điều " + other + " mới nêu. Hãy kiểm tra và xác nhận."
		return
	case list == "":
		it.Reason = "Điều " + ref.article + " không nêu ai chịu trách nhiệm thi hành: hãy kiểm tra số điều và chọn nơi nhận."
		return
	}
	r.gather(it, []string{list}, false)
	if it.Reason == "" || it.Certainty != dispatch.None {
		it.Reason = strings.TrimSpace("Nơi nhận lấy từ Điều " + ref.article + ": hãy xác nhận. " + it.Reason)
	}
}

// gather resolves addressees and puts them into it. Only if every one of them
// is certain and sure may be trusted is the whole certain.
func (r *resolver) gather(it *dispatch.Item, lines []string, sure bool) {
	inner := r.inner()
	for n, text := range lines {
		if len(inner.items) >= maxFollowed {
			sure = false
			break
		}
		inner.line(n, addresseeText(text), nil)
	}
	var ids []directory.ID
	var unsure []string
	for i := range inner.items {
		got := &inner.items[i]
		if got.NoSend && len(got.Agencies) == 0 {
			continue
		}
		take := got.Agencies
		if got.Certainty != dispatch.Certain {
			unsure = append(unsure, got.CanonicalName)
			take = bestGuess(got)
		}
		for _, id := range take {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
		if got.Certainty != dispatch.Certain {
			it.Candidates = append(it.Candidates, got.Candidates...)
		}
	}
	r.conclude(it, ids, unsure, sure)
}

// bestGuess is what a doubtful addressee most likely means: the one body of a
// titled person or of a group that only needs a nod.
func bestGuess(it *dispatch.Item) []directory.ID {
	if len(it.Candidates) == 0 {
		return nil
	}
	first := it.Candidates[0].Agencies
	for _, c := range it.Candidates[1:] {
		if !slices.Equal(c.Agencies, first) {
			return nil
		}
	}
	return first
}

// conclude sets the certainty of a reference from what its addressees became.
func (r *resolver) conclude(it *dispatch.Item, ids []directory.ID, unsure []string, sure bool) {
	if len(it.Candidates) > maxCandidates {
		it.Candidates = it.Candidates[:maxCandidates]
	}
	switch {
	case len(ids) == 0:
		it.Certainty = dispatch.None
		it.Reason = "Chưa xác định được nơi nhận nào: hãy chọn."
		if r.dir == nil {
			it.Reason = "Chưa có danh bạ để đối chiếu: hãy chọn nơi nhận."
		}
	case len(unsure) == 0 && sure:
		it.Certainty, it.Agencies, it.Candidates = dispatch.Certain, ids, nil
		it.Reason = "Mọi nơi ở phần Kính gửi đều có trong danh bạ."
	default:
		it.Certainty = dispatch.Doubtful
		it.Candidates = append([]dispatch.Candidate{{Agencies: ids, Name: "Các nơi đã xác định được", Reason: "Khớp danh bạ vào ngày ban hành."}}, it.Candidates...)
		if len(unsure) > 0 {
			it.Reason = "Chưa chắc: " + clip(strings.Join(unsure, "; "), maxContext) + "."
		}
	}
}

// inner is a resolver for the addressees of a reference: same issuer, no
// further references, no memory of its own.
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
