package directory

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"quangtri.gov.vn/vanthu/internal/viet"
)

// The CSV files of the register: UTF-8 with or without a byte order mark,
// header line, commas, RFC 4180 quoting; written with CRLF.
const (
	AgenciesFile   = "agencies.csv"
	NamesFile      = "names.csv"
	SuccessionFile = "succession.csv"
	GroupsFile     = "groups.csv"
	AddressesFile  = "addresses.csv"
	OfficialsFile  = "officials.csv"
	RelationsFile  = "relations.csv"
)

// Files returns the names of the CSV files in the order in which they are read.
func Files() []string {
	return []string{AgenciesFile, NamesFile, SuccessionFile, GroupsFile, AddressesFile, OfficialsFile, RelationsFile}
}

var columns = map[string][]string{
	AgenciesFile:   {"id", "name", "type", "level", "parent_id", "valid_from", "valid_to", "code", "certainty", "note"},
	NamesFile:      {"agency_id", "name", "kind", "issuer_scope", "valid_from", "valid_to", "note"},
	SuccessionFile: {"from_id", "to_id", "date", "kind", "decision", "note"},
	GroupsFile:     {"id", "name", "aliases", "scope", "rule", "valid_from", "valid_to", "note"},
	AddressesFile:  {"agency_id", "address", "kind", "valid_from", "valid_to", "status"},
	OfficialsFile:  {"id", "name", "agency_id", "title", "authorised", "duty_address", "valid_from", "valid_to", "note"},
	RelationsFile:  {"agency_id", "to_id", "kind", "valid_from", "valid_to", "certainty", "decision", "note"},
}

// Bounds on what an import reads.
const (
	maxFile   = 16 << 20 // bytes; a province is not one yet
	maxSet    = 32 << 20 // bytes of all files
	maxRows   = 50_000   // in one file
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
	counts  map[string]int  // rows by file
	whole   map[string]bool // files that were read to the end
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

// CSV holds the content of CSV files by name, as they were found: possibly too
// long, not UTF-8, or no files of the register at all.
type CSV map[string][]byte

// ReadCSV reads the CSV files in the root of dir, of each no more than shows that
// it is too long. Files that are not called as those of the register are only
// named.
func ReadCSV(dir fs.FS) (CSV, error) {
	entries, err := fs.ReadDir(dir, ".")
	if err != nil {
		return nil, fmt.Errorf("directory: list CSV files: %w", err)
	}
	set, left := make(CSV), int64(maxSet+1)
	for _, e := range entries {
		name := e.Name()
		if !strings.HasSuffix(strings.ToLower(name), ".csv") || e.IsDir() {
			continue
		}
		if _, ok := columns[name]; !ok {
			set[name] = nil
			continue
		}
		if set[name], err = readFile(dir, name, min(left, maxFile+1)); err != nil {
			return nil, fmt.Errorf("directory: read %s: %w", name, err)
		}
		left -= int64(len(set[name]))
	}
	return set, nil
}

// readFile reads at most so many bytes. Only plain files are opened: a pipe
// would wait for ever.
func readFile(dir fs.FS, name string, most int64) (data []byte, err error) {
	info, err := fs.Stat(dir, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a plain file")
	}
	f, err := dir.Open(name)
	if err != nil {
		return nil, err
	}
	data, err = io.ReadAll(io.LimitReader(f, most))
	return data, errors.Join(err, f.Close())
}

// readAll takes in a set of files. A file may be absent, not all of them.
func (r *csvReader) readAll(set CSV) {
	r.counts, r.whole = make(map[string]int), make(map[string]bool)
	total, seen := 0, 0
	for _, name := range slices.Sorted(maps.Keys(set)) {
		total += len(set[name])
		if _, ok := columns[name]; !ok {
			r.fail(RowError{File: viet.Clean(name), Problem: "tên tệp không phải tệp của danh bạ", Advice: "Chỉ dùng các tên " + strings.Join(Files(), ", ")})
			continue
		}
		seen++
	}
	switch {
	case seen == 0:
		r.fail(RowError{File: "thư mục nhập", Problem: "không có tệp CSV nào của danh bạ", Advice: "Cần ít nhất một trong các tệp " + strings.Join(Files(), ", ")})
	case total > maxSet:
		r.fail(RowError{File: "thư mục nhập", Problem: fmt.Sprintf("các tệp cộng lại lớn hơn %d MiB", maxSet>>20), Advice: "Hãy chia thành nhiều lần nhập"})
		return
	}
	for _, name := range Files() {
		if data, ok := set[name]; ok {
			r.read(name, data)
		}
	}
}

// text returns the content of a file as text, false when it is none.
func (r *csvReader) text(file string, data []byte) (string, bool) {
	const saveAs = `Hãy lưu lại với bảng mã UTF-8 (Excel: "CSV UTF-8 (Comma delimited)"; LibreOffice: Unicode (UTF-8))`
	if len(data) > maxFile {
		r.fail(RowError{File: file, Problem: fmt.Sprintf("tệp lớn hơn %d MiB", maxFile>>20), Advice: "Hãy chia thành nhiều lần nhập"})
		return "", false
	}
	text := strings.TrimPrefix(string(data), "\ufeff")
	lineOf := func(at int) int { return 1 + strings.Count(text[:at], "\n") }
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		r.fail(RowError{File: file, Line: 1, Problem: "tệp ở bảng mã UTF-16", Advice: saveAs})
		return "", false
	}
	if !utf8.ValidString(text) {
		r.fail(RowError{File: file, Line: lineOf(firstInvalid(text)), Problem: "tệp không phải UTF-8", Advice: saveAs})
		return "", false
	}
	if i := strings.IndexByte(text, 0); i >= 0 {
		r.fail(RowError{File: file, Line: lineOf(i), Problem: "có ký tự rỗng (NUL), không phải tệp văn bản", Advice: saveAs})
		return "", false
	}
	if strings.Contains(text, "\r") && !strings.Contains(text, "\n") {
		text = strings.ReplaceAll(text, "\r", "\n") // as old Macs end lines
	}
	return text, true
}

// separator is the sign between the cells of a file: the comma, or what
// spreadsheets on Vietnamese Windows write in its place.
func separator(text string) rune {
	head, _, _ := strings.Cut(text, "\n")
	if !strings.Contains(head, ",") {
		for _, sign := range ";\t" {
			if strings.ContainsRune(head, sign) {
				return sign
			}
		}
	}
	return ','
}

// read takes in one file.
func (r *csvReader) read(file string, data []byte) {
	text, ok := r.text(file, data)
	if !ok {
		return
	}
	in := csv.NewReader(strings.NewReader(text))
	in.FieldsPerRecord, in.Comma = -1, separator(text)
	at, ok := r.header(in, file)
	if !ok {
		return
	}
	for n := 0; ; n++ {
		record, err := in.Read()
		if err == io.EOF {
			r.whole[file] = true
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
		if blank(record) {
			continue // spreadsheets leave such rows at the end
		}
		if len(record) != len(at) {
			r.fail(RowError{File: file, Line: line, Problem: fmt.Sprintf("dòng có %d ô, cần %d ô", len(record), len(at)), Advice: "Kiểm tra dấu phẩy thừa hoặc thiếu; ô có dấu phẩy phải nằm trong ngoặc kép"})
			continue
		}
		r.counts[file]++
		r.row(&rowReader{r: r, file: file, line: line, at: at, record: record})
	}
}

func blank(record []string) bool {
	return !slices.ContainsFunc(record, func(cell string) bool { return strings.TrimSpace(cell) != "" })
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
func (r *csvReader) header(in *csv.Reader, file string) (map[string]int, bool) {
	want := columns[file]
	names, err := in.Read()
	if err != nil {
		r.fail(RowError{File: file, Line: 1, Problem: "không có dòng tiêu đề", Advice: "Dòng đầu phải là: " + strings.Join(want, ",")})
		return nil, false
	}
	at := make(map[string]int, len(want))
	ok := true
	for i, n := range names {
		n = strings.ToLower(strings.TrimSpace(n))
		_, twice := at[n]
		switch {
		case n == "":
			r.fail(RowError{File: file, Line: 1, Problem: fmt.Sprintf("cột thứ %d không có tên", i+1), Advice: "Xóa cột này hoặc ghi tên cột"})
			ok = false
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
	case RelationsFile:
		c.Relation = in.relation()
	}
	if !in.bad {
		r.rows = append(r.rows, sourced{c, in.file, in.line})
	}
}

// LoadFS reads a register from CSV files without a store: for tests and tools.
// A faulty row is an error; the first few are in its text.
func LoadFS(dir fs.FS) (*Snapshot, error) {
	set, err := ReadCSV(dir)
	if err != nil {
		return nil, err
	}
	f := &facts{}
	report, changes := plan(f, set, false)
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
	case RelationsFile:
		return changesOf(&f.relations, func(v *Relation) Change { return Change{Relation: v} })
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
	case c.Relation != nil:
		r := c.Relation
		return RelationsFile, []string{string(r.Agency), string(r.Other), r.Kind, string(r.From), string(r.To), r.Certainty, r.Decision, r.Note}
	}
	return "", nil
}
