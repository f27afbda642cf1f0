package document

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"quangtri.gov.vn/vanthu/dispatch"
	"quangtri.gov.vn/vanthu/internal/viet"
)

// truth is the ground truth beside a file of the corpus.
type truth struct {
	ID       string `json:"id"`
	File     string `json:"file"`
	Kind     string `json:"kind"`
	Encoding string `json:"encoding"`
	Expect   string `json:"expect"`
	Same     string `json:"same_content_as"`
	Fields   *struct {
		dispatch.Fields
		Secrecy *string `json:"secrecy"`
		Urgency *string `json:"urgency"`
		Parent  *string `json:"issuer_parent"`
	} `json:"fields"`
}

func (t truth) secrecy() string {
	if t.Fields == nil || t.Fields.Secrecy == nil {
		return ""
	}
	return *t.Fields.Secrecy
}

func (t truth) urgency() string {
	if t.Fields == nil || t.Fields.Urgency == nil {
		return ""
	}
	return *t.Fields.Urgency
}

const corpusDir = "testdata/corpus"

// corpus loads the truths whose name matches the pattern.
func corpus(t testing.TB, pattern string) (all []truth) {
	names, err := filepath.Glob(filepath.Join(corpusDir, pattern+".json"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no corpus files %s: %v", pattern, err)
	}
	for _, n := range names {
		b, err := os.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		var c truth
		if err := json.Unmarshal(b, &c); err != nil {
			t.Fatalf("%s: %v", n, err)
		}
		if c.File != "" {
			all = append(all, c)
		}
	}
	return all
}

func (t truth) load(tb testing.TB) []byte {
	b, err := os.ReadFile(filepath.Join(corpusDir, t.File))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// same compares as the corpus' README asks: issuer names without case, texts of
// 8-bit files without fonts without case.
func (t truth) same(a, b string, anyCase bool) bool {
	if anyCase || t.File == "d43.txt" {
		return viet.Key(a) == viet.Key(b)
	}
	return a == b
}

func (t truth) sameList(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !t.same(a[i], b[i], false) {
			return false
		}
	}
	return true
}

// diff lists the fields that differ from the truth.
func (t truth) diff(f dispatch.Fields) (out []string) {
	w := t.Fields
	one := func(name, got, want string, anyCase bool) {
		if !t.same(got, want, anyCase) {
			out = append(out, name+": got "+quote(got)+" want "+quote(want))
		}
	}
	one("number", f.Number, w.Number, false)
	one("symbol", f.Symbol, w.Symbol, false)
	one("number_symbol", f.NumberSymbol, w.NumberSymbol, false)
	one("date", string(f.Date), string(w.Date), false)
	one("doc_type", f.Type, w.Type, false)
	if f.TypePrinted != w.TypePrinted {
		out = append(out, "doc_type_printed")
	}
	one("place", f.Place, w.Place, false)
	one("place_date_text", f.PlaceDateText, w.PlaceDateText, false)
	one("subject", f.Subject, w.Subject, false)
	one("issuer", f.Issuer, w.Issuer, true)
	parent := ""
	if w.Parent != nil {
		parent = *w.Parent
	}
	one("issuer_parent", f.IssuerParent, parent, true)
	one("urgency", f.Urgency, t.urgency(), false)
	one("signer", f.Signer, w.Signer, false)
	one("signer_title", f.SignerTitle, w.SignerTitle, false)
	if !t.sameList(f.SignLines, w.SignLines) {
		out = append(out, "sign_lines: got "+quote(strings.Join(f.SignLines, " | ")))
	}
	if !t.sameList(f.KinhGui, w.KinhGui) {
		out = append(out, "kinh_gui: got "+quote(strings.Join(f.KinhGui, " | "))+" want "+quote(strings.Join(w.KinhGui, " | ")))
	}
	if !t.sameList(f.Recipients, w.Recipients) {
		out = append(out, "recipients: got "+quote(strings.Join(f.Recipients, " | "))+" want "+quote(strings.Join(w.Recipients, " | ")))
	}
	return out
}

func quote(s string) string { return "“" + s + "”" }

// open reads the fields of a document, past the gate, as only this test may.
func (t truth) fields(tb testing.TB, o Options) (dispatch.Fields, gate) {
	m := &machine{o: o}
	defer m.close()
	p, err := m.open(tb.Context(), t.load(tb))
	if err != nil {
		tb.Fatalf("%s: %v", t.File, err)
	}
	x := newExtractor(p)
	g := x.judge()
	f := x.fields()
	f.Urgency = g.urgency
	return f, g
}

// TestNativeCorpus reads every native file exactly: recipients, number, symbol,
// date and type of all, and the rest of the fields too.
func TestNativeCorpus(t *testing.T) {
	t.Parallel()
	for _, c := range corpus(t, "d*") {
		if c.Kind == "scanned-pdf" {
			continue
		}
		t.Run(c.File, func(t *testing.T) {
			t.Parallel()
			f, g := c.fields(t, testOptions)
			for _, d := range c.diff(f) {
				t.Error(d)
			}
			if g.secrecy != c.secrecy() {
				t.Errorf("secrecy: got %q want %q", g.secrecy, c.secrecy())
			}
			if g.secrecy == "" && len(g.hints) > 0 {
				t.Errorf("invented hints %v", g.hints)
			}
		})
	}
}

func jsonOf(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
