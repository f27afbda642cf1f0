package directory

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"quangtri.gov.vn/vanthu/internal/viet"
)

// The six CSV files of the register: UTF-8 with or without a byte order mark,
// header line, commas, RFC 4180 quoting; written with CRLF.
const (
	AgenciesFile   = "agencies.csv"
	NamesFile      = "names.csv"
	SuccessionFile = "succession.csv"
	GroupsFile     = "groups.csv"
	AddressesFile  = "addresses.csv"
	OfficialsFile  = "officials.csv"
)

// Files returns the names of the CSV files in the order in which they are read.
func Files() []string {
	return []string{AgenciesFile, NamesFile, SuccessionFile, GroupsFile, AddressesFile, OfficialsFile}
}

var columns = map[string][]string{
	AgenciesFile:   {"id", "name", "type", "level", "parent_id", "valid_from", "valid_to", "code", "certainty", "note"},
	NamesFile:      {"agency_id", "name", "kind", "issuer_scope", "valid_from", "valid_to", "note"},
	SuccessionFile: {"from_id", "to_id", "date", "kind", "decision", "note"},
	GroupsFile:     {"id", "name", "aliases", "scope", "rule", "valid_from", "valid_to", "note"},
	AddressesFile:  {"agency_id", "address", "kind", "valid_from", "valid_to", "status"},
	OfficialsFile:  {"id", "name", "agency_id", "title", "authorised", "duty_address", "valid_from", "valid_to", "note"},
}

// Bounds on what an import reads.
const (
	maxFile   = 32 << 20 // bytes
	maxRows   = 200_000  // in one file
	maxErrors = 200      // reported one by one; the rest is counted
)

// RowError is one thing wrong with a CSV file, for the person who keeps it. Its
// texts are Vietnamese.
type RowError struct {
	File    string `json:"file"`
	Line    int    `json:"line"`  // from 1; 0 when the file as a whole is meant
	Field   string `json:"field"` // column, or ""
	Problem string `json:"problem"`
	Advice  string `json:"advice"`
}

func (e RowError) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.File == "" {
		b.WriteString("thay đổi")
	}
	if e.Line > 0 {
		fmt.Fprintf(&b, ", dòng %d", e.Line)
	}
	if e.Field != "" {
		fmt.Fprintf(&b, ", cột %s", e.Field)
	}
	fmt.Fprintf(&b, ": %s. %s.", e.Problem, e.Advice)
	return b.String()
}

// sourced is a change with the place that it came from.
type sourced struct {
	change Change
	file   string
	line   int
}

// csvReader collects the rows and errors of a set of files.
type csvReader struct {
	rows    []sourced
	counts  map[string]int
	errs    []RowError
	dropped int
}

func (r *csvReader) fail(e RowError) {
	if len(r.errs) >= maxErrors {
		r.dropped++
		return
	}
	r.errs = append(r.errs, e)
}

// readAll reads the CSV files in the root of dir. A file may be absent, not all of them.
func (r *csvReader) readAll(dir fs.FS) error {
	r.counts = make(map[string]int)
	entries, err := fs.ReadDir(dir, ".")
	if err != nil {
		return fmt.Errorf("directory: list CSV files: %w", err)
	}
	seen := 0
	for _, e := range entries {
		if e.IsDir() || !strings.HasSuffix(strings.ToLower(e.Name()), ".csv") {
			continue
		}
		if _, ok := columns[e.Name()]; !ok {
			r.fail(RowError{File: viet.Clean(e.Name()), Problem: "tên tệp không phải tệp của danh bạ", Advice: "Chỉ dùng các tên " + strings.Join(Files(), ", ")})
			continue
		}
		seen++
	}
	if seen == 0 {
		r.fail(RowError{File: "thư mục nhập", Problem: "không có tệp CSV nào của danh bạ", Advice: "Cần ít nhất một trong các tệp " + strings.Join(Files(), ", ")})
		return nil
	}
	for _, name := range Files() {
		f, err := dir.Open(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("directory: open %s: %w", name, err)
		}
		data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
		if cerr := f.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return fmt.Errorf("directory: read %s: %w", name, err)
		}
		r.read(name, data)
	}
	return nil
}

// read takes in one file.
func (r *csvReader) read(file string, data []byte) {
	text := strings.TrimPrefix(string(data), "\ufeff")
	switch {
	case len(data) > maxFile:
		r.fail(RowError{File: file, Problem: fmt.Sprintf("tệp lớn hơn %d MiB", maxFile>>20), Advice: "Hãy chia thành nhiều lần nhập"})
		return
	case !utf8.ValidString(text):
		line := 1 + strings.Count(text[:firstInvalid(text)], "\n")
		r.fail(RowError{File: file, Line: line, Problem: "tệp không phải UTF-8", Advice: `Hãy lưu lại với bảng mã "UTF-8" (trong LibreOffice: Unicode (UTF-8))`})
		return
	}
	in := csv.NewReader(strings.NewReader(text))
	in.FieldsPerRecord = -1
	at, ok := r.header(in, file, text)
	if !ok {
		return
	}
	for n := 0; ; n++ {
		record, err := in.Read()
		if err == io.EOF {
			return
		}
		if err != nil {
			var p *csv.ParseError
			line := 0
			if errors.As(err, &p) {
				line = p.StartLine
			}
			r.fail(RowError{File: file, Line: line, Problem: "dấu ngoặc kép không đúng quy cách", Advice: `Ô có dấu phẩy hoặc dấu " phải nằm trong "…", dấu " bên trong viết thành ""; các dòng sau chưa được đọc`})
			return
		}
		line, _ := in.FieldPos(0)
		if n >= maxRows {
			r.fail(RowError{File: file, Line: line, Problem: fmt.Sprintf("tệp có hơn %d dòng", maxRows), Advice: "Hãy chia thành nhiều lần nhập"})
			return
		}
		if len(record) != len(at) {
			r.fail(RowError{File: file, Line: line, Problem: fmt.Sprintf("dòng có %d ô, cần %d ô", len(record), len(at)), Advice: "Kiểm tra dấu phẩy thừa hoặc thiếu"})
			continue
		}
		r.counts[file]++
		r.row(&rowReader{r: r, file: file, line: line, at: at, record: record})
	}
}

func firstInvalid(s string) int {
	for i, c := range s {
		if c == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				return i
			}
		}
	}
	return len(s)
}

// header reads the first line and returns the column each field stands in.
func (r *csvReader) header(in *csv.Reader, file, text string) (map[string]int, bool) {
	want := columns[file]
	names, err := in.Read()
	if err != nil {
		r.fail(RowError{File: file, Line: 1, Problem: "không có dòng tiêu đề", Advice: "Dòng đầu phải là: " + strings.Join(want, ",")})
		return nil, false
	}
	if len(names) == 1 && strings.Contains(names[0], ";") {
		r.fail(RowError{File: file, Line: 1, Problem: "các ô cách nhau bằng dấu chấm phẩy", Advice: "Hãy lưu lại với dấu phẩy ngăn cách"})
		return nil, false
	}
	at := make(map[string]int, len(want))
	ok := true
	for i, n := range names {
		n = strings.TrimSpace(n)
		_, twice := at[n]
		switch {
		case !slices.Contains(want, n):
			r.fail(RowError{File: file, Line: 1, Field: clip(n), Problem: "cột lạ", Advice: "Các cột được dùng: " + strings.Join(want, ", ")})
			ok = false
		case twice:
			r.fail(RowError{File: file, Line: 1, Field: n, Problem: "cột lặp lại", Advice: "Bỏ một trong hai cột"})
			ok = false
		}
		at[n] = i
	}
	for _, n := range want {
		if _, have := at[n]; !have {
			r.fail(RowError{File: file, Line: 1, Field: n, Problem: "thiếu cột", Advice: "Thêm cột này vào dòng tiêu đề; ô có thể để trống nếu không bắt buộc"})
			ok = false
		}
	}
	return at, ok
}

// clip shortens a foreign text for an error message.
func clip(s string) string {
	const most = 60
	rs := []rune(viet.Clean(s[:min(len(s), 4*most)]))
	if len(rs) > most {
		return string(rs[:most]) + "…"
	}
	return string(rs)
}

// row turns one record into a change.
func (r *csvReader) row(in *rowReader) {
	var c Change
	switch in.file {
	case AgenciesFile:
		c.Agency = in.agency()
	case NamesFile:
		c.Name = in.name()
	case SuccessionFile:
		c.Succession = in.succession()
	case GroupsFile:
		c.Group = in.group()
	case AddressesFile:
		c.Address = in.address()
	case OfficialsFile:
		c.Official = in.official()
	}
	if !in.bad {
		r.rows = append(r.rows, sourced{c, in.file, in.line})
	}
}

// LoadFS reads a register from CSV files without a store: for tests and tools.
// A faulty row is an error; the first few are in its text.
func LoadFS(dir fs.FS) (*Snapshot, error) {
	f := &facts{}
	report, changes, err := plan(f, dir)
	if err != nil {
		return nil, err
	}
	if err := report.err(); err != nil {
		return nil, err
	}
	for _, c := range changes {
		f.apply(c)
	}
	return newSnapshot(f, uint64(len(changes)), time.Time{}), nil
}

// Export writes one of the [Files] to w, in the form that Import reads: an
// import of what was exported changes nothing.
func (s *Snapshot) Export(w io.Writer, file string) error {
	return s.export(w, file, func(Official) bool { return true })
}

// ExportPublic is Export without the officials who may not be published.
func (s *Snapshot) ExportPublic(w io.Writer, file string) error {
	return s.export(w, file, func(o Official) bool { return o.Authorised })
}

func (s *Snapshot) export(w io.Writer, file string, shown func(Official) bool) error {
	cols, ok := columns[file]
	if !ok {
		return fmt.Errorf("directory: export %q: no such file", file)
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if err := out.Write(cols); err != nil {
		return fmt.Errorf("directory: export %s: %w", file, err)
	}
	if err := out.WriteAll(s.records(file, shown)); err != nil {
		return fmt.Errorf("directory: export %s: %w", file, err)
	}
	return nil
}

func (s *Snapshot) records(file string, shown func(Official) bool) [][]string {
	var out [][]string
	for _, c := range s.facts.changes(file) {
		if c.Official == nil || shown(*c.Official) {
			_, record := c.record()
			out = append(out, record)
		}
	}
	return out
}

// changes returns the rows that file holds, in order.
func (f *facts) changes(file string) []Change {
	switch file {
	case AgenciesFile:
		return changesOf(&f.agencies, func(v *Agency) Change { return Change{Agency: v} })
	case NamesFile:
		return changesOf(&f.names, func(v *Name) Change { return Change{Name: v} })
	case SuccessionFile:
		return changesOf(&f.succession, func(v *Succession) Change { return Change{Succession: v} })
	case GroupsFile:
		return changesOf(&f.groups, func(v *Group) Change { return Change{Group: v} })
	case AddressesFile:
		return changesOf(&f.addresses, func(v *Address) Change { return Change{Address: v} })
	case OfficialsFile:
		return changesOf(&f.officials, func(v *Official) Change { return Change{Official: v} })
	}
	return nil
}

func changesOf[K comparable, V any](t *rows[K, V], wrap func(*V) Change) []Change {
	var out []Change
	for _, v := range t.all() {
		out = append(out, wrap(&v))
	}
	return out
}

// record writes the row of c as its file has it.
func (c Change) record() (file string, fields []string) {
	switch {
	case c.Agency != nil:
		a := c.Agency
		return AgenciesFile, []string{string(a.ID), a.Name, a.Type, a.Level, string(a.Parent), string(a.From), string(a.To), a.Code, a.Certainty, a.Note}
	case c.Name != nil:
		n := c.Name
		return NamesFile, []string{string(n.Agency), n.Text, n.Kind, string(n.Scope), string(n.From), string(n.To), n.Note}
	case c.Succession != nil:
		r := c.Succession
		return SuccessionFile, []string{string(r.From), string(r.To), string(r.Date), r.Kind, r.Decision, r.Note}
	case c.Group != nil:
		g := c.Group
		return GroupsFile, []string{string(g.ID), g.Name, strings.Join(g.Aliases, "|"), string(g.Scope), g.Rule, string(g.From), string(g.To), g.Note}
	case c.Address != nil:
		a := c.Address
		return AddressesFile, []string{string(a.Agency), a.Address, a.Kind, string(a.From), string(a.To), a.Status}
	case c.Official != nil:
		o := c.Official
		return OfficialsFile, []string{string(o.ID), o.Name, string(o.Agency), o.Title, strconv.FormatBool(o.Authorised), o.Address, string(o.From), string(o.To), o.Note}
	}
	return "", nil
}
