package recipients

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"quangtri.gov.vn/vanthu/directory"
	"quangtri.gov.vn/vanthu/dispatch"
	"quangtri.gov.vn/vanthu/internal/viet"
)

// ownBlock is one block of testdata/blocks.txt.
type ownBlock struct {
	title string
	block Block
	rows  []string // the lines as written
	want  []wanted
}

// wanted is what one item must be.
type wanted struct {
	line                             int
	kind, name, certainty, who, more string
}

func loadBlocks(t testing.TB) []ownBlock {
	t.Helper()
	return readBlocks(t, "blocks.txt")
}

// loadTexts reads a file of the same form whose lines stand as they do on paper:
// with bullets, and ">>" before what is wrapped. They go through [ParseText].
func loadTexts(t testing.TB, file string) []ownBlock {
	t.Helper()
	out := readBlocks(t, file)
	for i := range out {
		out[i].block.Lines = ParseText(strings.Join(out[i].rows, "\n"))
	}
	return out
}

func readBlocks(t testing.TB, file string) []ownBlock {
	t.Helper()
	data, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	var out []ownBlock
	for _, row := range strings.Split(string(data), "\n") {
		switch {
		case row == "" || strings.HasPrefix(row, "#"):
		case strings.HasPrefix(row, "== "):
			f := fieldsOf(row[3:], 4)
			b := Block{Articles: map[string]string{}, IssuerName: f[2], On: directory.Date(f[3])}
			if f[1] != "-" {
				b.Issuer = directory.ID(f[1])
			}
			out = append(out, ownBlock{title: f[0], block: b})
		default:
			out[len(out)-1].add(row)
		}
	}
	return out
}

func fieldsOf(row string, n int) []string {
	parts := strings.SplitN(row, "|", n)
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	for len(parts) < n {
		parts = append(parts, "")
	}
	return parts
}

func (o *ownBlock) add(row string) {
	switch {
	case strings.HasPrefix(row, "kg: "):
		o.block.KinhGui = append(o.block.KinhGui, row[4:])
	case strings.HasPrefix(row, "dieu: "):
		for n, text := range ParseArticles(row[6:]) {
			o.block.Articles[n] = text
		}
	case strings.HasPrefix(row, "> "):
		o.block.Lines = append(o.block.Lines, row[2:])
		o.rows = append(o.rows, row[2:])
	case strings.HasPrefix(row, ">> "):
		o.rows = append(o.rows, row[3:])
	default:
		line := len(o.block.Lines) - 1
		if rest, extra := strings.CutPrefix(row, "+ "); extra {
			row, line = rest, len(o.block.Lines)
		}
		f := fieldsOf(row, 5)
		o.want = append(o.want, wanted{line, f[0], f[1], f[2], f[3], f[4]})
	}
}

func TestOwnBlocks(t *testing.T) {
	t.Parallel()
	dir := snapshot(t)
	blocks := loadBlocks(t)
	if len(blocks) < 60 {
		t.Errorf("%d blocks, want at least 60", len(blocks))
	}
	for _, o := range blocks {
		t.Run(o.title, func(t *testing.T) {
			got := Resolve(dir, o.block)
			if len(got) != len(o.want) {
				t.Errorf("%d items, want %d", len(got), len(o.want))
			}
			for i := range min(len(got), len(o.want)) {
				o.want[i].check(t, &got[i])
			}
			cover(t, o.block.Lines, got)
		})
	}
}

func (w *wanted) check(t *testing.T, it *dispatch.Item) {
	t.Helper()
	bad := func(what, got, want string) {
		t.Helper()
		t.Errorf("%q: %s %q, want %q (%s)", it.Text, what, got, want, it.Reason)
	}
	if it.Line != w.line {
		bad("line", strconv.Itoa(it.Line), strconv.Itoa(w.line))
	}
	if w.kind != "*" && string(it.Kind) != w.kind {
		bad("kind", string(it.Kind), w.kind)
	}
	if !w.named(it.CanonicalName) {
		bad("name", it.CanonicalName, w.name)
	}
	if !w.sure(it) {
		bad("certainty", string(it.Certainty), w.certainty)
	}
	if certain := it.Certainty == dispatch.Certain; (w.certainty != "may" || certain) && (w.certainty != "ask" || w.who != "") && !w.meant(it) {
		bad("bodies", idsOf(it), w.who)
	}
	if it.Certainty != dispatch.Certain && it.Reason == "" {
		bad("reason", "", "some")
	}
	w.checkMore(t, it, bad)
}

func idsOf(it *dispatch.Item) string {
	var b strings.Builder
	for _, id := range it.Agencies {
		b.WriteString(string(id) + " ")
	}
	for _, c := range it.Candidates {
		b.WriteString("?" + joinIDs(c.Agencies) + " ")
	}
	return b.String()
}

func joinIDs(ids []directory.ID) string {
	var s []string
	for _, id := range ids {
		s = append(s, string(id))
	}
	return strings.Join(s, ",")
}

// meant compares the bodies of an item with "id id", "n=10", "a~id", "?id,id".
func (w *wanted) meant(it *dispatch.Item) bool {
	switch {
	case w.who == "":
		return w.certainty != string(dispatch.Certain) || len(it.Agencies) == 0
	case strings.HasPrefix(w.who, "n="):
		return strconv.Itoa(len(it.Agencies)) == w.who[2:]
	case strings.HasPrefix(w.who, "a~"):
		return slices.Contains(it.Agencies, directory.ID(w.who[2:]))
	case strings.HasPrefix(w.who, "?"):
		return len(it.Agencies) == 0 && slices.ContainsFunc(it.Candidates, func(c dispatch.Candidate) bool { return joinIDs(c.Agencies) == w.who[1:] })
	}
	return strings.Join(strings.Fields(idsOf(it)), " ") == w.who
}

func (w *wanted) checkMore(t *testing.T, it *dispatch.Item, bad func(what, got, want string)) {
	t.Helper()
	rest := w.more
	for _, key := range []string{"reason=", "except=", "channel=", "via=", "copies=", "purposes="} {
		i := strings.Index(rest, key)
		if i < 0 {
			continue
		}
		want := strings.TrimSpace(rest[i+len(key):])
		want = strings.TrimSpace(strings.TrimSuffix(want, "nosend"))
		if j := strings.Index(want, " copies="); j >= 0 {
			want = want[:j]
		}
		got := map[string]string{"reason=": it.Reason, "except=": strings.Join(it.Exceptions, ", "), "channel=": it.Channel, "via=": it.Via,
			"copies=": strconv.Itoa(it.Copies), "purposes=": strings.Join(it.Purposes, ", ")}[key]
		if got != want && !(key == "reason=" && strings.Contains(got, want)) {
			bad(key, got, want)
		}
	}
	if strings.Contains(w.more, "nosend") != it.NoSend {
		bad("nosend", strconv.FormatBool(it.NoSend), w.more)
	}
}

// cover checks that the items' texts together are the whole text of the lines,
// in order: what is left of a line are separators and the word "và".
func cover(t testing.TB, lines []string, items []dispatch.Item) {
	t.Helper()
	byLine := make(map[int][]string)
	for _, it := range items {
		byLine[it.Line] = append(byLine[it.Line], it.Text)
	}
	for n, raw := range lines {
		body, _ := trimBullet(raw)
		rest := viet.Clean(body)
		for _, text := range byLine[n] {
			i := strings.Index(rest, text)
			if i < 0 || hasWord(rest[:i]) {
				t.Errorf("line %q: text %q is not next in %q", raw, text, rest)
				return
			}
			rest = rest[i+len(text):]
		}
		if hasWord(rest) {
			t.Errorf("line %q: %q is covered by no item: %q", raw, rest, byLine[n])
		}
	}
}

// hasWord reports whether s holds more than separators and connectives.
func hasWord(s string) bool {
	for _, t := range tokenize(s) {
		if t.word() && t.key != "và" && t.text != "&" {
			return true
		}
	}
	return false
}
