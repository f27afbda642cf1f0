package directory

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	bolt "go.etcd.io/bbolt"
)

// fixedClock dates every event of the tests.
func fixedClock() time.Time { return time.Date(2026, 1, 15, 8, 0, 0, 0, time.UTC) }

func openRegister(t testing.TB, path string) *Register {
	t.Helper()
	r, err := Open(path, func(err error) { t.Errorf("fatal: %v", err) })
	if err != nil {
		t.Fatal(err)
	}
	r.SetClock(fixedClock)
	t.Cleanup(func() { r.Close() })
	return r
}

// files makes a set of CSV files; each argument is a file name and its rows.
func files(rows ...string) fstest.MapFS {
	dir := fstest.MapFS{}
	for i := 0; i < len(rows); i += 2 {
		head := strings.Join(columns[rows[i]], ",")
		dir[rows[i]] = &fstest.MapFile{Data: []byte(head + "\r\n" + strings.ReplaceAll(rows[i+1], "\n", "\r\n"))}
	}
	return dir
}

func exportAll(t testing.TB, s *Snapshot) fstest.MapFS {
	t.Helper()
	dir := fstest.MapFS{}
	for _, name := range Files() {
		var b bytes.Buffer
		if err := s.Export(&b, name); err != nil {
			t.Fatal(err)
		}
		dir[name] = &fstest.MapFile{Data: b.Bytes()}
	}
	return dir
}

func TestImportIsDurableAndIdempotent(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "directory.db")
	r := openRegister(t, path)
	ctx, dir := context.Background(), os.DirFS("../configs/directory")

	dry, err := r.Import(ctx, dir, "vanthu.tinh", "", true)
	if err != nil || dry.Changes() == 0 || r.Snapshot().Version() != 0 {
		t.Fatalf("dry run: %v, %d changes, version %d", err, dry.Changes(), r.Snapshot().Version())
	}
	first, err := r.Import(ctx, dir, "vanthu.tinh", "dữ liệu mẫu", false)
	if err != nil || first.Changes() != dry.Changes() || first.Version != uint64(first.Changes()) {
		t.Fatalf("import: %v, %+v", err, first)
	}
	again, err := r.Import(ctx, dir, "vanthu.tinh", "", false)
	if err != nil || again.Changes() != 0 || again.Version != first.Version {
		t.Fatalf("second import: %v, %+v", err, again)
	}
	before := r.Snapshot()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	after := openRegister(t, path).Snapshot()
	if after.Version() != before.Version() || !reflect.DeepEqual(after.facts, before.facts) {
		t.Error("replay does not give the live state")
	}
}

func TestExportIsTheSampleItself(t *testing.T) {
	t.Parallel()
	s := sampleSnapshot(t)
	out := exportAll(t, s)
	for _, name := range Files() {
		want, err := os.ReadFile("../configs/directory/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(out[name].Data, want) {
			t.Errorf("%s: the export differs from the file that was imported", name)
		}
	}
	back, err := LoadFS(out)
	if err != nil || !reflect.DeepEqual(back.facts, s.facts) {
		t.Errorf("import(export(x)) is not x: %v", err)
	}
}

func TestImportCorrects(t *testing.T) {
	t.Parallel()
	r := openRegister(t, filepath.Join(t.TempDir(), "d.db"))
	ctx := context.Background()
	mustImport := func(dir fstest.MapFS) Report {
		t.Helper()
		rep, err := r.Import(ctx, dir, "An", "thử", false)
		if err != nil {
			t.Fatal(err)
		}
		return rep
	}
	mustImport(files(AgenciesFile, "a,Cơ quan A,so,tinh,,2010-01-01,,,V,\nb,Cơ quan B,so,tinh,,2010-01-01,,,V,\n"))
	rep := mustImport(files(AgenciesFile, "a,Cơ quan A mới,so,tinh,,2010-01-01,,,V,\n"))
	if rep.Version != 3 || rep.Files[0].Changed != 1 || rep.Files[0].New != 0 {
		t.Errorf("report %+v", rep)
	}
	s := r.Snapshot()
	if a, _ := s.Agency("a"); a.Name != "Cơ quan A mới" {
		t.Errorf("got %q", a.Name)
	}
	if _, ok := s.Agency("b"); !ok {
		t.Error("a missing row must change nothing")
	}
	h, err := r.History("a")
	if err != nil || len(h) != 2 || h[0].Kind != EventImport || h[1].Kind != EventCorrect || h[1].Who != "An" || !h[1].At.Equal(fixedClock()) {
		t.Errorf("history %+v, %v", h, err)
	}
}

func TestImportRefuses(t *testing.T) {
	t.Parallel()
	base := "a,Cơ quan A,so,tinh,,2010-01-01,,,V,\n"
	long := strings.Repeat("x", maxName+1)
	for name, c := range map[string]struct {
		dir   fstest.MapFS
		field string
		line  int
	}{
		"unknown parent":    {files(AgenciesFile, "a,A,so,tinh,zzz,,,,V,\n"), "parent_id", 2},
		"own parent":        {files(AgenciesFile, "a,A,so,tinh,a,,,,V,\n"), "parent_id", 2},
		"cycle":             {files(AgenciesFile, "a,A,so,tinh,b,,,,V,\nb,B,so,tinh,a,,,,V,\n"), "parent_id", 2},
		"duplicate id":      {files(AgenciesFile, base+base), "", 3},
		"bad id":            {files(AgenciesFile, "Sở A,A,so,tinh,,,,,V,\n"), "id", 2},
		"no name":           {files(AgenciesFile, "a,,so,tinh,,,,,V,\n"), "name", 2},
		"bad type":          {files(AgenciesFile, "a,A,cuc,tinh,,,,,V,\n"), "type", 2},
		"bad date":          {files(AgenciesFile, "a,A,so,tinh,,2025-02-30,,,V,\n"), "valid_from", 2},
		"date as people do": {files(AgenciesFile, "a,A,so,tinh,,01/07/2025,,,V,\n"), "valid_from", 2},
		"dates swapped":     {files(AgenciesFile, "a,A,so,tinh,,2025-02-02,2025-02-01,,V,\n"), "valid_to", 2},
		"long field":        {files(AgenciesFile, "a,"+long+",so,tinh,,,,,V,\n"), "name", 2},
		"formula":           {files(AgenciesFile, "a,=HYPERLINK(1),so,tinh,,,,,V,\n"), "name", 2},
		"short row":         {files(AgenciesFile, "a,A,so\n"), "", 2},
		"stray quote":       {files(AgenciesFile, "a,A\"B\",so,tinh,,,,,V,\n"), "", 2},
		"unknown agency":    {files(AgenciesFile, base, NamesFile, "b,B,short,,,,\n"), "agency_id", 2},
		"unknown scope":     {files(AgenciesFile, base, NamesFile, "a,B,short,b,,,\n"), "issuer_scope", 2},
		"bad kind":          {files(AgenciesFile, base, NamesFile, "a,B,nickname,,,,\n"), "kind", 2},
		"bad rule":          {files(AgenciesFile, base, GroupsFile, "g,G,,,level=tinh & type in so,,,\n"), "rule", 2},
		"rule with unknown": {files(AgenciesFile, base, GroupsFile, "g,G,,,id=nobody,,,\n"), "rule", 2},
		"bad address":       {files(AgenciesFile, base, AddressesFile, "a,vanthu@localhost,agency,,,sample\n"), "address", 2},
		"marked address":    {files(AgenciesFile, base, AddressesFile, "a,sở@quangtri.gov.vn,agency,,,sample\n"), "address", 2},
		"header injection":  {files(AgenciesFile, base, AddressesFile, "a,\"a@b.vn\nBcc: x@y.vn\",agency,,,sample\n"), "address", 2},
		"two holders": {files(AgenciesFile, base+"b,B,so,tinh,,,,,V,\n", AddressesFile,
			"a,x@quangtri.gov.vn,agency,2010-01-01,2020-01-01,sample\nb,x@quangtri.gov.vn,agency,2020-01-01,,sample\n"), "address", 2},
		"succession to itself":        {files(AgenciesFile, base, SuccessionFile, "a,a,2025-01-01,renamed,,\n"), "to_id", 2},
		"succession undated":          {files(AgenciesFile, base+"b,B,so,tinh,,,,,V,\n", SuccessionFile, "a,b,,renamed,,\n"), "date", 2},
		"authorised":                  {files(AgenciesFile, base, OfficialsFile, "o,N,a,T,có,,,,\n"), "authorised", 2},
		"unknown column":              {fstest.MapFS{AgenciesFile: {Data: []byte("id,name,type,level,parent_id,valid_from,valid_to,code,certainty,note,phone\n")}}, "phone", 1},
		"missing column":              {fstest.MapFS{AgenciesFile: {Data: []byte("id,name\n")}}, "type", 1},
		"semicolons, columns missing": {fstest.MapFS{AgenciesFile: {Data: []byte("id;name;type\n")}}, "level", 1},
		"empty file":                  {fstest.MapFS{AgenciesFile: {}}, "", 1},
		"not UTF-8":                   {fstest.MapFS{AgenciesFile: {Data: []byte("id,name\na,\xff\n")}}, "", 2},
		"unknown file":                {fstest.MapFS{"agency.csv": {Data: []byte("id\n")}, AgenciesFile: files(AgenciesFile, base)[AgenciesFile]}, "", 0},
		"nothing to read":             {fstest.MapFS{"README.md": {}}, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := openRegister(t, filepath.Join(t.TempDir(), "d.db"))
			rep, err := r.Import(context.Background(), c.dir, "An", "", false)
			if !errors.Is(err, ErrInvalid) || len(rep.Errors) == 0 {
				t.Fatalf("got %v, %+v", err, rep)
			}
			if e := rep.Errors[0]; e.Field != c.field || e.Line != c.line || e.Problem == "" || e.Advice == "" {
				t.Errorf("first error %+v, want field %q line %d", e, c.field, c.line)
			}
			if r.Snapshot().Version() != 0 || len(r.Snapshot().AllAgencies()) != 0 {
				t.Error("a refused import changed the register")
			}
		})
	}
}

func TestImportBoundsItsErrors(t *testing.T) {
	t.Parallel()
	r := openRegister(t, filepath.Join(t.TempDir(), "d.db"))
	rep, err := r.Import(context.Background(), files(AgenciesFile, strings.Repeat("?,,,,,,,,,\n", 1000)), "An", "", false)
	if !errors.Is(err, ErrInvalid) || len(rep.Errors) != maxErrors || rep.Dropped == 0 || len(err.Error()) > 4000 {
		t.Errorf("%d errors, %d more, message of %d bytes", len(rep.Errors), rep.Dropped, len(err.Error()))
	}
}

func TestImportNeedsWho(t *testing.T) {
	t.Parallel()
	r := openRegister(t, filepath.Join(t.TempDir(), "d.db"))
	if _, err := r.Import(context.Background(), files(AgenciesFile, ""), "  ", "", false); err == nil {
		t.Error("an import without who must be refused")
	}
}

func TestImportHonoursContext(t *testing.T) {
	t.Parallel()
	r := openRegister(t, filepath.Join(t.TempDir(), "d.db"))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := r.Import(ctx, files(AgenciesFile, "a,A,so,tinh,,,,,V,\n"), "An", "", false); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestOpenRefusesADamagedJournal(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "d.db")
	r := openRegister(t, path)
	if _, err := r.Import(context.Background(), files(AgenciesFile, "a,A,so,tinh,,,,,V,\nb,B,so,tinh,,,,,V,\n"), "An", "", false); err != nil {
		t.Fatal(err)
	}
	r.Close()
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		b := tx.Bucket(eventsBucket)
		k, v := b.Cursor().First()
		bad := bytes.Replace(v, []byte(`"name":"A"`), []byte(`"name":"X"`), 1)
		return b.Put(bytes.Clone(k), bad)
	})
	if err = errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, func(error) {}); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("got %v", err)
	}
}

func TestOpenRefusesASecondProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "d.db")
	openRegister(t, path)
	if _, err := Open(path, func(error) {}); !errors.Is(err, ErrInUse) {
		t.Errorf("got %v", err)
	}
}

func TestSnapshotOutlivesChanges(t *testing.T) {
	t.Parallel()
	r := openRegister(t, filepath.Join(t.TempDir(), "d.db"))
	old := r.Snapshot()
	if _, err := r.Import(context.Background(), files(AgenciesFile, "a,A,so,tinh,,,,,V,\n"), "An", "", false); err != nil {
		t.Fatal(err)
	}
	if _, ok := old.Agency("a"); ok || old.Version() != 0 {
		t.Error("an old snapshot changed")
	}
}

// TestFailedWriteIsFatal lets the file grow no further, as a full disk does.
func TestFailedWriteIsFatal(t *testing.T) {
	t.Parallel()
	var stopped error
	r, err := Open(filepath.Join(t.TempDir(), "d.db"), func(err error) { stopped = err })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	r.db.MaxSize = 1
	if _, err := r.Import(context.Background(), os.DirFS("../configs/directory"), "An", "", false); err == nil || stopped == nil {
		t.Errorf("import: %v, fatal: %v", err, stopped)
	}
	if r.Snapshot().Version() != 0 {
		t.Error("what is not on disk must not be seen")
	}
}

func TestJournal(t *testing.T) {
	t.Parallel()
	r := smallRegister(t)
	all, err := r.Journal(0, 1000)
	if err != nil || uint64(len(all)) != r.Snapshot().Version() {
		t.Fatalf("%d events, %v", len(all), err)
	}
	for i, e := range all {
		if e.Seq != uint64(i+1) || e.Who != "An" || len(e.Changes) != 1 {
			t.Fatalf("event %d is %+v", i+1, e)
		}
	}
	if some, err := r.Journal(3, 2); err != nil || len(some) != 2 || some[0].Seq != 4 {
		t.Errorf("%+v %v", some, err)
	}
}
