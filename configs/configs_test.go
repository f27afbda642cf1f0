package configs

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
)

func demo(t *testing.T) []Document {
	t.Helper()
	documents, err := Demo()
	if err != nil {
		t.Fatal(err)
	}
	return documents
}

// table reads a file of the sample directory as rows by column name.
func table(t *testing.T, name string) []map[string]string {
	t.Helper()
	f, err := Directory().Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var list []map[string]string
	for _, row := range rows[1:] {
		m := map[string]string{}
		for i, column := range rows[0] {
			m[column] = row[i]
		}
		list = append(list, m)
	}
	return list
}

func holds(row map[string]string, on string) bool {
	return (row["valid_from"] == "" || row["valid_from"] <= on) && (row["valid_to"] == "" || on <= row["valid_to"])
}

// What expected.json says of a line must follow from the sample directory.
func TestExpectationsFollowFromTheDirectory(t *testing.T) {
	t.Parallel()
	agencies, names, addresses, groups := table(t, "agencies.csv"), table(t, "names.csv"), table(t, "addresses.csv"), table(t, "groups.csv")
	for _, d := range demo(t) {
		for _, line := range d.Lines {
			form, _, _ := strings.Cut(line.Raw, " (")
			switch {
			case line.Archive || strings.HasPrefix(line.Raw, "Như "):
			case len(line.Recipients) == 1:
				if !slices.ContainsFunc(names, func(n map[string]string) bool {
					return n["name"] == form && n["agency_id"] == line.Recipients[0].Agency && holds(n, d.Date)
				}) {
					t.Errorf("%s: %q is no name of %s", d.Number, form, line.Recipients[0].Agency)
				}
			default:
				i := slices.IndexFunc(groups, func(g map[string]string) bool {
					return g["scope"] == "qt" && holds(g, d.Date) && (g["name"] == form || slices.Contains(strings.Split(g["aliases"], "|"), form))
				})
				if i < 0 || (groups[i]["rule"] == "ask") != line.Held {
					t.Errorf("%s: %q is no group, or the wrong one", d.Number, form)
				}
			}
			for _, r := range line.Recipients {
				if !slices.ContainsFunc(agencies, func(a map[string]string) bool { return a["id"] == r.Agency && holds(a, d.Date) }) {
					t.Errorf("%s: %s does not exist", d.Number, r.Agency)
				}
				if want := stateOf(addresses, r.Agency, d.Date); r.State != want && !line.Held {
					t.Errorf("%s: %s is expected to be %s, but its address makes it %s", d.Number, r.Agency, r.State, want)
				}
			}
		}
	}
}

// stateOf is what becomes of a copy for an agency, judging by its address.
func stateOf(addresses []map[string]string, agency, on string) string {
	for _, a := range addresses {
		if a["agency_id"] == agency && holds(a, on) {
			if strings.HasSuffix(a["address"], "@quangtri.gov.vn") {
				return "arrived"
			}
			return "sent"
		}
	}
	return "paper"
}

// The demo must show every kind of outcome.
func TestDemoShowsEverything(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for _, d := range demo(t) {
		seen[d.Verdict]++
		for _, line := range d.Lines {
			if line.Held {
				seen["held"]++
			}
			if line.Archive {
				seen["archive"]++
			}
			for _, r := range line.Recipients {
				seen[r.State]++
			}
		}
	}
	for _, what := range []string{"ok", "secret", "held", "archive", "arrived", "sent", "paper"} {
		if seen[what] == 0 {
			t.Errorf("nothing is %s: %v", what, seen)
		}
	}
}

// The lines and numbers stand in the documents as expected.json gives them, and
// every document says that it is a sample.
func TestDocumentsSayWhatIsExpected(t *testing.T) {
	t.Parallel()
	for _, d := range demo(t) {
		data, err := Files.ReadFile(d.File)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(d.File, ".pdf") {
			if !bytes.HasPrefix(data, []byte("%PDF-")) {
				t.Errorf("%s is no PDF", d.File)
			}
			continue
		}
		text := paragraphs(t, data)
		want := []string{"Số: " + d.Number, "(Văn bản mẫu dùng để trình diễn)"}
		for i, line := range d.Lines {
			end := ";"
			if i == len(d.Lines)-1 {
				end = "."
			}
			want = append(want, "- "+line.Raw+end)
		}
		for _, w := range want {
			if !slices.Contains(text, w) {
				t.Errorf("%s: no paragraph %q", d.File, w)
			}
		}
		for _, canary := range d.Canaries {
			if !bytes.Contains(data, []byte(canary)) {
				t.Errorf("%s: %s is not to be seen in the bytes", d.File, canary)
			}
		}
	}
}

// paragraphs reads the text of each paragraph of an .odt or .docx file.
func paragraphs(t *testing.T, data []byte) []string {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(archive.File, func(f *zip.File) bool { return f.Name == "content.xml" || f.Name == "word/document.xml" })
	f, err := archive.File[i].Open()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var list []string
	var text strings.Builder
	for d := xml.NewDecoder(f); ; {
		token, err := d.Token()
		if err == io.EOF {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		switch x := token.(type) {
		case xml.CharData:
			text.Write(x)
		case xml.StartElement:
			if x.Name.Local == "p" {
				text.Reset()
			}
		case xml.EndElement:
			if x.Name.Local == "p" {
				list = append(list, text.String())
			}
		}
	}
}

// Everything that is shipped for the demo is used by it.
func TestNoStrayFiles(t *testing.T) {
	t.Parallel()
	known := []string{"demo/README.md", "demo/expected.json"}
	for _, d := range demo(t) {
		known = append(known, d.File)
	}
	err := fs.WalkDir(Files, "demo", func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && !slices.Contains(known, path) {
			t.Errorf("stray %s", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestPoliciesAreJSON(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("thunderbird/policies.json")
	if err != nil {
		t.Fatal(err)
	}
	var p struct {
		Policies map[string]json.RawMessage `json:"policies"`
	}
	if err := json.Unmarshal(data, &p); err != nil || len(p.Policies) == 0 {
		t.Errorf("%v, %d policies", err, len(p.Policies))
	}
}
