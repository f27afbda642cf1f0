package directory

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// ErrInvalid says that rows were refused; the report names each of them, and
// nothing was changed.
var ErrInvalid = errors.New("rows were refused")

// Report says what an import did, or would do in a dry run.
type Report struct {
	DryRun  bool         `json:"dry_run"`
	Files   []FileReport `json:"files"`
	Errors  []RowError   `json:"errors,omitempty"`
	Dropped int          `json:"more_errors,omitempty"` // errors beyond the first 200
	Version uint64       `json:"version"`               // of the register afterwards
}

// FileReport counts the rows of one file.
type FileReport struct {
	File    string `json:"file"`
	Rows    int    `json:"rows"`
	New     int    `json:"new"`
	Changed int    `json:"changed"`
	Same    int    `json:"same"`
	// Withdrawn rows were in the register and are missing from a file that
	// replaces it.
	Withdrawn int `json:"withdrawn,omitempty"`
}

// Changes is the number of events that the import made or would make.
func (r Report) Changes() int {
	n := 0
	for _, f := range r.Files {
		n += f.New + f.Changed + f.Withdrawn
	}
	return n
}

// err sums the refused rows up, nil when there are none.
func (r Report) err() error {
	if len(r.Errors) == 0 {
		return nil
	}
	var b strings.Builder
	for i, e := range r.Errors {
		if i == 3 {
			fmt.Fprintf(&b, " … (%d)", len(r.Errors)+r.Dropped)
			break
		}
		b.WriteByte('\n')
		b.WriteString(e.Error())
	}
	return fmt.Errorf("directory: import: %w:%s", ErrInvalid, b.String())
}

// plan works out what the files change in f, without touching f. A row that f
// already holds is no change; a row that is missing from the files is none
// either, unless they replace what f holds: then it is withdrawn. The report has
// errors, and no changes come back, when any row is faulty or the result would
// not hold together.
func plan(f *facts, set CSV, replace bool) (Report, []Change) {
	var in csvReader
	in.readAll(set)
	report := Report{}
	count := make(map[string]*FileReport)
	for _, name := range Files() {
		if in.whole[name] {
			report.Files = append(report.Files, FileReport{File: name, Rows: in.counts[name]})
		}
	}
	for i := range report.Files {
		count[report.Files[i].File] = &report.Files[i]
	}
	next := f.clone()
	seen := make(map[any]int)
	var kept []sourced
	for _, row := range in.rows {
		key := row.change.key()
		if first, twice := seen[key]; twice {
			in.fail(RowError{File: row.file, Line: row.line, Problem: fmt.Sprintf("trùng với dòng %d", first), Advice: "Bỏ một trong hai dòng"})
			continue
		}
		seen[key] = row.line
		kept = append(kept, row)
	}
	var changes []Change
	if replace {
		changes = in.missing(f, seen, count)
	}
	for _, row := range kept {
		c := count[row.file]
		if c == nil { // the file broke off, which is an error already
			continue
		}
		switch f.compare(row.change) {
		case rowSame:
			c.Same++
			continue
		case rowNew:
			c.New++
		case rowChanged:
			c.Changed++
		}
		changes = append(changes, row.change)
	}
	for _, c := range changes {
		next.apply(c)
	}
	checkAll(f, next, seen, &in)
	report.Errors, report.Dropped = in.errs, in.dropped
	if len(report.Errors) > 0 {
		return report, nil
	}
	return report, changes
}

// missing withdraws the rows of f that the files which were read do not have.
// Agencies cannot go: their IDs are never free again.
func (r *csvReader) missing(f *facts, seen map[any]int, count map[string]*FileReport) []Change {
	var out []Change
	for _, file := range Files() {
		if count[file] == nil {
			continue
		}
		for _, c := range f.changes(file) {
			if _, ok := seen[c.key()]; ok {
				continue
			}
			if c.Agency != nil {
				r.fail(RowError{File: file, Field: "id", Problem: fmt.Sprintf("thiếu cơ quan %q đang có trong danh bạ", c.Agency.ID), Advice: "Cơ quan không xóa được; hãy giữ dòng này và ghi ngày kết thúc"})
				continue
			}
			c.Withdrawn = true
			count[file].Withdrawn++
			out = append(out, c)
		}
	}
	return out
}

type comparison int

const (
	rowNew comparison = iota
	rowSame
	rowChanged
)

// key identifies the row that c is about, across kinds.
func (c Change) key() any {
	switch {
	case c.Agency != nil:
		return c.Agency.row()
	case c.Name != nil:
		return c.Name.row()
	case c.Succession != nil:
		return c.Succession.row()
	case c.Group != nil:
		return [2]string{"group", string(c.Group.ID)}
	case c.Address != nil:
		return c.Address.row()
	case c.Official != nil:
		return [2]string{"official", string(c.Official.ID)}
	case c.Relation != nil:
		return c.Relation.row()
	}
	return nil
}

// compare tells whether f holds the row of c, and as c has it.
func (f *facts) compare(c Change) comparison {
	switch {
	case c.Agency != nil:
		return compareRow(&f.agencies, c.Agency.row(), *c.Agency)
	case c.Name != nil:
		return compareRow(&f.names, c.Name.row(), *c.Name)
	case c.Succession != nil:
		return compareRow(&f.succession, c.Succession.row(), *c.Succession)
	case c.Group != nil:
		return compareRow(&f.groups, c.Group.row(), *c.Group)
	case c.Address != nil:
		return compareRow(&f.addresses, c.Address.row(), *c.Address)
	case c.Official != nil:
		return compareRow(&f.officials, c.Official.row(), *c.Official)
	case c.Relation != nil:
		return compareRow(&f.relations, c.Relation.row(), *c.Relation)
	}
	return rowSame
}

func compareRow[K comparable, V any](t *rows[K, V], k K, v V) comparison {
	old, ok := t.get(k)
	switch {
	case !ok:
		return rowNew
	case reflect.DeepEqual(old, v):
		return rowSame
	}
	return rowChanged
}
