package directory

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"time"
	"unicode/utf16"

	"golang.org/x/text/unicode/norm"

	"quangtri.gov.vn/vanthu/internal/cputime"
)

const agenciesHead = "id,name,type,level,parent_id,valid_from,valid_to,code,certainty,note"

func oneFile(name, text string) fstest.MapFS { return fstest.MapFS{name: {Data: []byte(text)}} }

// TestFilesAsSpreadsheetsWriteThem: what Excel and LibreOffice make of a file on
// Vietnamese machines is the same register.
func TestFilesAsSpreadsheetsWriteThem(t *testing.T) {
	t.Parallel()
	plain := agenciesHead + "\na,\"Sở A, B\",so,tinh,,2010-01-01,,,V,\"hai\ndòng\"\nb,Sở B,so,tinh,,,,,V,\n"
	want, err := LoadFS(oneFile(AgenciesFile, plain))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"byte order mark":               "\ufeff" + plain,
		"CRLF":                          strings.ReplaceAll(plain, "\n", "\r\n"),
		"old Mac":                       strings.ReplaceAll(plain, "\n", "\r"),
		"semicolons":                    strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(plain, "A, B", "A# B"), ",", ";"), "#", ","),
		"tabs":                          strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(plain, "A, B", "A# B"), ",", "\t"), "#", ","),
		"NFD":                           norm.NFD.String(plain),
		"header in capitals and spaces": strings.Replace(plain, "id,name", "ID, Name ", 1),
		"empty rows at the end":         plain + ",,,,,,,,,\n" + strings.Repeat(" ,,,,,,,,,\n", 1000),
		"no end of line":                strings.TrimSuffix(plain, "\n"),
		"columns in another order":      strings.Join(swapColumns(plain), ""),
	} {
		got, err := LoadFS(oneFile(AgenciesFile, text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !reflect.DeepEqual(got.facts, want.facts) {
			t.Errorf("%s: %+v", name, got.AllAgencies())
		}
	}
}

// swapColumns exchanges the last two columns, which are without quotes or lines
// of their own but for the note.
func swapColumns(text string) []string {
	r := strings.NewReplacer("certainty,note", "note,certainty", ",V,\"hai\ndòng\"", ",\"hai\ndòng\",V", ",V,\n", ",,V\n")
	return []string{r.Replace(text)}
}

// TestHostileFiles: each is refused with sentences that say what to do, at once
// and without changing anything.
func TestHostileFiles(t *testing.T) {
	t.Parallel()
	row := "a,Sở A,so,tinh,,2010-01-01,,,V,\n"
	utf16le := "\xff\xfe"
	for _, u := range utf16.Encode([]rune(agenciesHead + "\n" + row)) {
		utf16le += string([]byte{byte(u), byte(u >> 8)})
	}
	for name, c := range map[string]struct {
		dir          fstest.MapFS
		line         int
		field, about string
	}{
		"UTF-16":                      {oneFile(AgenciesFile, utf16le), 1, "", "UTF-16"},
		"Windows code page":           {oneFile(AgenciesFile, agenciesHead+"\n"+row+"b,S\xf4 B,so,tinh,,,,,V,\n"), 3, "", "UTF-8"},
		"NUL":                         {oneFile(AgenciesFile, agenciesHead+"\na,S\x00,so,tinh,,,,,V,\n"), 2, "", "NUL"},
		"too long":                    {oneFile(AgenciesFile, agenciesHead+"\n"+strings.Repeat("a", maxFile)), 0, "", "lớn hơn"},
		"too long together":           {fstest.MapFS{AgenciesFile: {Data: make([]byte, maxFile)}, NamesFile: {Data: make([]byte, maxFile)}, GroupsFile: {Data: make([]byte, 9)}}, 0, "", "cộng lại"},
		"too many rows":               {oneFile(AgenciesFile, agenciesHead+"\n"+strings.Repeat("a,,,,,,,,,\n", maxRows+1)), 0, "", ""},
		"a quote never closed":        {oneFile(AgenciesFile, agenciesHead+"\na,\"Sở A,so,tinh,,,,,V,\n"+strings.Repeat(row, 1000)), 2, "", "ngoặc kép"},
		"5,000 columns":               {oneFile(AgenciesFile, strings.Repeat("x,", 5000)+"\n"+strings.Repeat(",", 5000)), 1, "x", "cột lạ"},
		"column without name":         {oneFile(AgenciesFile, agenciesHead+",\n"), 1, "", "không có tên"},
		"day as people do":            {oneFile(AgenciesFile, agenciesHead+"\na,A,so,tinh,,1/7/2025,,,V,\n"), 2, "valid_from", "2025-07-01"},
		"day of Excel":                {oneFile(AgenciesFile, agenciesHead+"\na,A,so,tinh,,45839,,,V,\n"), 2, "valid_from", "2025-07-01"},
		"formula":                     {oneFile(AgenciesFile, agenciesHead+"\na,\"@SUM(1)\",so,tinh,,,,,V,\n"), 2, "name", "công thức"},
		"formula after a tab":         {oneFile(AgenciesFile, agenciesHead+"\na,\"\t=1\",so,tinh,,,,,V,\n"), 2, "name", "công thức"},
		"formula behind a semicolon":  {oneFile(AgenciesFile, agenciesHead+"\na,\"Sở;=HYPERLINK(1)\",so,tinh,,,,,V,\n"), 2, "name", "công thức"},
		"letters of another script":   {oneFile(AgenciesFile, agenciesHead+"\na,S\u1edf N\u043ei v\u1ee5,so,tinh,,,,,V,\n"), 2, "name", "bảng chữ cái khác"},
		"same ID twice":               {oneFile(AgenciesFile, agenciesHead+"\n"+row+"b,B,so,tinh,,,,,V,\n"+row), 4, "", "trùng với dòng 2"},
		"parent nowhere":              {oneFile(AgenciesFile, agenciesHead+"\na,A,so,tinh,x.y,,,,V,\n"), 2, "parent_id", "x.y"},
		"parents in a circle":         {oneFile(AgenciesFile, agenciesHead+"\na,A,so,tinh,b,,,,V,\nb,B,so,tinh,c,,,,V,\nc,C,so,tinh,a,,,,V,\n"), 2, "parent_id", "quay vòng"},
		"a circle on past days":       {withRelations("a,A,so,tinh,,,,,V,\nb,B,so,tinh,a,,,,V,\n", "a,b,parent,2010-01-01,2011-01-01,V,,\n"), 2, "parent_id", "quay vòng"},
		"parent of the past for ever": {withRelations("a,A,so,tinh,,,,,V,\nb,B,so,tinh,a,,,,V,\n", "b,,parent,2010-01-01,,V,,\n"), 2, "valid_to", "trống"},
		"two parents on one day":      {withRelations("a,A,so,tinh,,,,,V,\nb,B,so,tinh,,,,,V,\nc,C,so,tinh,a,,,,V,\n", "c,b,parent,,2011-01-01,V,,\nc,,parent,2011-01-01,2012-01-01,V,,\n"), 2, "valid_from", "trùng"},
		"standing office of a Sở":     {withRelations("a,A,so,tinh,,,,,V,\nb,B,so,tinh,,,,,V,\n", "a,b,standing-office,,,V,,\n"), 2, "agency_id", "bcd"},
		"name held twice":             {files(AgenciesFile, row, NamesFile, "a,Sở A,short,,2010-01-01,,\na,Sở A,short,,2012-01-01,,\n"), 2, "name", "--replace"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := openRegister(t, filepath.Join(t.TempDir(), "d.db"))
			var rep Report
			var err error
			if d := cputime.Of(func() { rep, err = r.Import(context.Background(), c.dir, "An", "", false) }); d > 5*time.Second {
				t.Errorf("took %v", d)
			}
			if !errors.Is(err, ErrInvalid) || len(rep.Errors) == 0 || r.Snapshot().Version() != 0 {
				t.Fatalf("got %v, version %d", err, r.Snapshot().Version())
			}
			e := rep.Errors[0]
			if text := e.Error(); c.about != "" && (e.Line != c.line || e.Field != c.field || !strings.Contains(text, c.about)) || !norm.NFC.IsNormalString(text) || len(text) > 1000 {
				t.Errorf("got line %d, column %q: %s", e.Line, e.Field, text)
			}
			if len(rep.Errors) > maxErrors {
				t.Errorf("%d errors", len(rep.Errors))
			}
		})
	}
}

func withRelations(agencies, relations string) fstest.MapFS {
	return files(AgenciesFile, agencies, RelationsFile, relations)
}

// TestOnlyPlainFilesAreRead: a pipe or a device in the directory would never end.
func TestOnlyPlainFilesAreRead(t *testing.T) {
	t.Parallel()
	for _, mode := range []fs.FileMode{fs.ModeNamedPipe, fs.ModeDevice, fs.ModeSocket} {
		dir := fstest.MapFS{AgenciesFile: {Data: []byte(agenciesHead), Mode: mode}}
		if _, err := ReadCSV(dir); err == nil {
			t.Errorf("%v was read", mode)
		}
	}
}

// TestReplace: a file that replaces is the whole truth about its kind of row, and
// only about that.
func TestReplace(t *testing.T) {
	t.Parallel()
	ctx, r := context.Background(), smallRegister(t)
	replace := func(dir fstest.MapFS, dry bool) (Report, error) {
		set, err := ReadCSV(dir)
		if err != nil {
			t.Fatal(err)
		}
		return r.ImportCSV(ctx, set, "An", "sửa ngày", ImportOptions{DryRun: dry, Replace: true})
	}
	before := r.Snapshot()
	mended := exportAll(t, before)
	for _, f := range Files() {
		if f != NamesFile {
			delete(mended, f)
		}
	}
	text := string(mended[NamesFile].Data)
	mended[NamesFile].Data = []byte(strings.Replace(text, "qt.so-a,Sở A,official,,,", "qt.so-a,Sở A,official,,2005-01-01,", 1))
	if rep, err := replace(mended, true); err != nil || rep.Changes() != 2 || rep.Files[0].Withdrawn != 1 || rep.Files[0].New != 1 || r.Snapshot() != before {
		t.Fatalf("dry run: %+v, %v", rep, err)
	}
	// Without it the corrected first day would stand beside the wrong one.
	if _, err := r.Import(ctx, mended, "An", "", false); !errors.Is(err, ErrInvalid) {
		t.Fatalf("import: %v", err)
	}
	if _, err := replace(mended, false); err != nil {
		t.Fatal(err)
	}
	s := r.Snapshot()
	if n := s.AllNames("qt.so-a"); len(n) != 1 || n[0].From != "2005-01-01" {
		t.Errorf("names: %+v", n)
	}
	if len(s.AllAddresses("qt.so-a")) != 2 {
		t.Error("a file that was not there lost its rows")
	}
	h, err := r.History("qt.so-a")
	if err != nil || h[len(h)-2].Kind != EventWithdraw || h[len(h)-1].Kind != EventImport || h[len(h)-1].Why != "sửa ngày" {
		t.Errorf("history: %+v, %v", h, err)
	}
	if back, err := LoadFS(exportAll(t, s)); err != nil || !reflect.DeepEqual(back.facts, s.facts) {
		t.Errorf("import(export(x)) is not x: %v", err)
	}
	// An agency cannot go, nor what others stand on.
	if rep, err := replace(files(AgenciesFile, "qt,Tỉnh Quảng Trị,dia-ban,tinh,,,,,V,\n"), false); !errors.Is(err, ErrInvalid) || rep.Errors[0].Field != "id" {
		t.Errorf("agencies: %v", err)
	}
	// A file that breaks off is no whole truth.
	if _, err := replace(oneFile(NamesFile, "agency_id,name,kind,issuer_scope,valid_from,valid_to,note\n\"qt"), false); !errors.Is(err, ErrInvalid) || len(r.Snapshot().AllNames("qt.so-a")) != 1 {
		t.Errorf("broken file: %v", err)
	}
}
