package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"quangtri.gov.vn/vanthu/cmd/vanthu/app"
	"quangtri.gov.vn/vanthu/cmd/vanthu/config"
	"quangtri.gov.vn/vanthu/directory"
)

// province is a served domain in a directory of its own, with the sample
// register of which no server runs.
func province(t *testing.T) (run func(args ...string) error, find func(query, on string) []app.Found) {
	t.Helper()
	dir := t.TempDir()
	if err := execute("quickstart", "quangtri.gov.vn", "--dir", dir, "--loopback", "--sample"); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "vanthu.toml")
	cfg, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	run = func(args ...string) error { return execute(append([]string{"-c", file, "directory"}, args...)...) }
	find = func(query, on string) []app.Found {
		t.Helper()
		found, err := app.DirectoryFind.Call(t.Context(), cfg, app.Find{Query: query, On: directory.Date(on)})
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	if err := run("import", "--sample"); err != nil {
		t.Fatal(err)
	}
	return run, find
}

func execute(args ...string) error {
	root := rootCommand()
	root.SetArgs(args)
	return root.Execute()
}

func TestOperatorsYear(t *testing.T) {
	t.Parallel()
	run, find := province(t)
	on := []string{"--date", "2026-03-01", "--decision", "QĐ 12/QĐ-UBND"}
	for _, args := range [][]string{
		{"found", "qt.so-x=Sở X=sx@quangtri.gov.vn", "--type", "so", "--level", "tinh", "--parent", "qt.ubnd-2025", "--short", "SX", "--desk", "vanthu.sx@quangtri.gov.vn"},
		{"move", "qt.hoi-nct-2025", "qt.so-nv-2025"},
		{"address", "qt.hoi-nct-2025", "hoinct@quangtri.gov.vn"},
		{"name", "qt.hoi-nct-2025", "Hội NCT mẫu"},
		{"official", "o900", "qt.so-x", "Lê Mẫu Chín", "Giám đốc", "--authorised"},
		{"standing", "qt.bcd-cchc-2025", "qt.so-nv-2025"},
	} {
		if err := run(append(args, on...)...); err != nil {
			t.Fatalf("%v: %v", args, err)
		}
	}
	later := []string{"--date", "2026-06-01", "--decision", "QĐ 40/QĐ-UBND", "--forward-until", "2027-12-31"}
	for _, args := range [][]string{
		{"rename", "qt.so-x", "qt.so-y=Sở Y"},
		{"merge", "qt.so-tc-2025", "qt.so-nv-2025"},
	} {
		if err := run(append(args, later...)...); err != nil {
			t.Fatalf("%v: %v", args, err)
		}
	}
	if f := find("so x", "2026-07-01"); len(f) == 0 || !f[0].Ended || len(f[0].Heirs) != 1 || f[0].Heirs[0].Address != "sx@quangtri.gov.vn" {
		t.Errorf("an old name must lead on: %+v", f)
	}
	if f := find("so x", "2026-04-01"); len(f) == 0 || f[0].Ended || len(f[0].Addresses) != 2 {
		t.Errorf("as of before: %+v", f)
	}
	if f := find("ban chi dao cai cach hanh chinh", "2026-04-01"); len(f) == 0 || f[0].Delivery.Ask || f[0].Delivery.Address != "snv@quangtri.gov.vn" {
		t.Errorf("steering body: %+v", f)
	}
	for name, args := range map[string][]string{
		"no such id":       {"history", "qt.khong-co"},
		"founded twice":    append([]string{"found", "qt.so-y=Sở Y", "--type", "so", "--level", "tinh"}, on...),
		"unknown act date": {"dissolve", "qt.so-y", "--date", "1/6/2026"},
		"undo of nothing":  {"undo", "99999"},
		"missing place":    {"import", "/khong/co"},
	} {
		var e *exitError
		if err := run(args...); !errors.As(err, &e) || e.code != exitFailed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestExportedFilesImportAgain takes the register to another machine, and mends
// a row there.
func TestExportedFilesImportAgain(t *testing.T) {
	t.Parallel()
	run, find := province(t)
	out := filepath.Join(t.TempDir(), "xuat")
	if err := run("export", out); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(out, directory.NamesFile)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	mended := strings.Replace(string(data), "Sở Nội vụ Quảng Trị,alias", "Sở Nội Vụ Mẫu,alias", 1)
	if err := os.WriteFile(path, []byte(mended), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run("import", out, "--replace", "--dry-run"); err != nil {
		t.Fatal(err)
	}
	if err := run("import", out, "--replace", "--why", "sửa tên"); err != nil {
		t.Fatal(err)
	}
	if f := find("so noi vu mau", ""); len(f) == 0 || f[0].Matched != "Sở Nội Vụ Mẫu" {
		t.Errorf("%+v", f)
	}
	again := filepath.Join(t.TempDir(), "lai")
	if err := run("export", again, "--event", "100"); err != nil { // as known early
		t.Fatal(err)
	}
	if some, err := os.ReadFile(filepath.Join(again, directory.AgenciesFile)); err != nil || strings.Count(string(some), "\n") != 101 {
		t.Errorf("as known after 100 events: %v", err)
	}
}

func TestEventsSpeakVietnamese(t *testing.T) {
	t.Parallel()
	e := directory.Event{Kind: directory.EventMove, Who: "operator lan", Date: "2026-03-01", Changes: []directory.Change{
		{Relation: &directory.Relation{Agency: "a", Other: "b", Kind: "parent", Validity: directory.Validity{To: "2026-02-28"}}},
		{Address: &directory.Address{Agency: "a", Address: "a@b.vn", Kind: "agency", Status: "attested"}, Withdrawn: true},
	}}
	var b strings.Builder
	showEvent(&b, e)
	want := "chuyển cấp trên · operator lan · hiệu lực 01/03/2026\n    a: trước kia trực thuộc b, đến 28/02/2026\n    rút lại: địa chỉ a@b.vn (agency, attested) của a\n"
	if b.String() != want {
		t.Errorf("got %q", b.String())
	}
	if _, err := json.Marshal(e); err != nil {
		t.Error(err)
	}
}
