package recipients

import (
	"strings"
	"testing"

	"quangtri.gov.vn/vanthu/directory"
	"quangtri.gov.vn/vanthu/dispatch"
)

// answers is a Memory over a map.
func answers(m map[string]Answer) Memory {
	return func(key string) (Answer, bool) {
		a, ok := m[key]
		return a, ok
	}
}

func block(lines ...string) Block {
	return Block{Lines: lines, Issuer: "qt.ubnd", IssuerName: "UBND tỉnh Quảng Trị", On: "2014-05-05"}
}

func TestMemoryAnswersWhatWasAskedBefore(t *testing.T) {
	t.Parallel()
	dir := snapshot(t)
	b := block("Các PVP, CV;", "TH, NC;", "Các doanh nghiệp nhà nước trên địa bàn;")
	learnt := map[string]Answer{}
	for _, it := range Resolve(dir, b) {
		if it.Certainty == dispatch.Certain {
			t.Fatalf("%q is certain before anybody answered", it.Text)
		}
		key := AnswerKey(it)
		if key == "" {
			t.Fatalf("%q cannot be remembered", it.Text)
		}
		learnt[key] = Answer{Agencies: []directory.ID{"qt.vp-ubnd"}}
	}
	learnt[AnswerKey(Resolve(dir, b)[1])] = Answer{NotSent: true}
	b.Memory = answers(learnt)
	for i, it := range Resolve(dir, b) {
		if it.Certainty != dispatch.Certain {
			t.Errorf("%q: %s after the answer (%s)", it.Text, it.Certainty, it.Reason)
		}
		if i == 1 && (!it.NoSend || it.Reason != "Đã chọn lần trước: không gửi.") || i != 1 && (len(it.Agencies) != 1 || it.Reason != "Đã chọn lần trước.") {
			t.Errorf("%q: %v %q", it.Text, it.Agencies, it.Reason)
		}
	}
}

// The key does not depend on how the form is typed.
func TestAnswerKeyIsNormal(t *testing.T) {
	t.Parallel()
	one := Resolve(nil, block("UBND các huyện, TX, TP (trừ huyện đảo Cồn Cỏ);"))[0]
	two := Resolve(nil, block("- Uỷ ban nhân dân các huyện, thị xã, thành phố, trừ huyện đảo Cồn Cỏ"))[0]
	if k := AnswerKey(one); k == "" || k != AnswerKey(two) {
		t.Errorf("%q and %q", k, AnswerKey(two))
	}
	plain := Resolve(nil, block("UBND các huyện, thị xã, thành phố"))[0]
	if AnswerKey(plain) == AnswerKey(one) {
		t.Error("an exception makes no difference to the key")
	}
}

// What means something else in each document is not remembered.
func TestAnswerKeyOfWhatChanges(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"Như trên", "Như Điều 3", "Mục V", "Theo danh sách", "Các Sở, ngành liên quan", "Lưu: VT", "Ban CHQS các huyện (theo danh sách)"} {
		if it := Resolve(nil, block(text))[0]; AnswerKey(it) != "" {
			t.Errorf("%q: key %q", text, AnswerKey(it))
		}
	}
}

// An answer that names a body which was gone on the day of issue is void.
func TestMemoryOfBodiesThatAreGone(t *testing.T) {
	t.Parallel()
	dir := snapshot(t)
	b := block("Các PVP;")
	b.Issuer, b.On = "qt.ubnd-2025", "2025-10-10"
	key := AnswerKey(Resolve(dir, b)[0])
	b.Memory = answers(map[string]Answer{key: {Agencies: []directory.ID{"qt.vp-ubnd"}}})
	if it := Resolve(dir, b)[0]; it.Certainty == dispatch.Certain {
		t.Errorf("certain with %v", it.Agencies)
	}
}

// A certain line needs no memory, and the archive is never sent.
func TestMemoryDoesNotOverrule(t *testing.T) {
	t.Parallel()
	dir := snapshot(t)
	b := block("Sở Tài chính;", "Lưu: VT.")
	b.Memory = func(string) (Answer, bool) { return Answer{Agencies: []directory.ID{"qt.so-nv"}}, true }
	items := Resolve(dir, b)
	if len(items[0].Agencies) != 1 || items[0].Agencies[0] != "qt.so-tc" {
		t.Errorf("Sở Tài chính: %v", items[0].Agencies)
	}
	if !items[1].NoSend || items[1].Kind != dispatch.KindArchive {
		t.Errorf("Lưu: %+v", items[1])
	}
}

// What is asked for one document only has no key: lists that are not whole,
// private persons, whoever a plan or an annex names.
func TestAnswersThatHoldOnce(t *testing.T) {
	t.Parallel()
	dir := snapshot(t)
	for _, text := range []string{
		"Các Sở, Ban, ngành, UBND các huyện liên quan", "Các Sở, Ban, ngành cấp tỉnh, trừ Sở Y tế, Sở Nội vụ", "Tỉnh ủy, HĐND, UBND các tỉnh Quảng Bình, Hà Tĩnh",
		"Ông Lê Mẫu Tư", "Các đơn vị có tên tại Phụ lục 1", "Các cá nhân nêu trên", "Gia đình ông Lê Mẫu Tư", "Các đương sự", "Sở Y tế (theo danh sách)", strings.Repeat("Công ty Mẫu ", 90),
	} {
		if it := Resolve(dir, block(text))[0]; AnswerKey(it) != "" || it.Certainty == dispatch.Certain {
			t.Errorf("%q: %s, key %q", text, it.Certainty, AnswerKey(it))
		}
	}
}

// A remark in parentheses is part of what was asked.
func TestAnswerKeyHoldsTheRemark(t *testing.T) {
	t.Parallel()
	dir := snapshot(t)
	one, two := Resolve(dir, block("Sở Tư pháp (CSDL quốc gia về pháp luật)"))[0], Resolve(dir, block("Sở Tư pháp (xem và trả lại)"))[0]
	if AnswerKey(one) == "" || AnswerKey(one) == AnswerKey(two) {
		t.Errorf("%q and %q", AnswerKey(one), AnswerKey(two))
	}
}

// An answer counts only while the same is asked: when other bodies come into
// question, because the register or the day changed, the clerk is asked again.
func TestMemoryOfAnotherQuestion(t *testing.T) {
	t.Parallel()
	dir := snapshot(t)
	b := block("UBND phường 1;")
	asked := Resolve(dir, b)[0]
	answer := Answer{Agencies: []directory.ID{"qt.ubnd.phuong-1.dong-ha"}, Question: Question(asked)}
	b.Memory = answers(map[string]Answer{AnswerKey(asked): answer})
	if it := Resolve(dir, b)[0]; it.Certainty != dispatch.Certain || it.Agencies[0] != answer.Agencies[0] {
		t.Errorf("the same question: %s %v", it.Certainty, it.Agencies)
	}
	answer.Question = "?qt.ubnd.phuong-1.dong-ha ;"
	b.Memory = answers(map[string]Answer{AnswerKey(asked): answer})
	if it := Resolve(dir, b)[0]; it.Certainty == dispatch.Certain || len(it.Candidates) == 0 {
		t.Errorf("another question: %s %v", it.Certainty, it.Agencies)
	}
}
