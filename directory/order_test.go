package directory

import (
	"context"
	"slices"
	"strings"
	"testing"
)

// These tests are about acts that come in another order than their days.

func TestActsOnOneDay(t *testing.T) {
	t.Parallel()
	ctx, r := context.Background(), smallRegister(t)
	day := act("2025-03-01")
	fresh := Body{Agency: Agency{ID: "qt.so-m", Name: "Sở M", Type: "so", Level: "tinh", Parent: "qt.ubnd"}}
	must(t)(r.Found(ctx, day, fresh))
	// One decision founds, another of the same day merges into it.
	must(t)(r.Merge(ctx, day, []ID{"qt.so-a"}, Body{Agency: Agency{ID: "qt.so-m"}}))
	must(t)(r.Merge(ctx, day, []ID{"qt.so-b"}, Body{Agency: Agency{ID: "qt.so-m"}}))
	s := r.Snapshot()
	for _, id := range []ID{"qt.so-a", "qt.so-b"} {
		if d := s.Deliver(id, "2025-03-01"); d.Agency != "qt.so-m" || d.Moved == nil || d.Moved.Kind != "merged" {
			t.Errorf("%s: %+v", id, d)
		}
	}
	// A body that begins on a day cannot end on it: there is no day on which it was.
	refused(t)(r.Rename(ctx, day, "qt.so-m", Body{Agency: Agency{ID: "qt.so-n", Name: "Sở N"}}))
	refused(t)(r.Rename(ctx, day, "qt.so-a", Body{Agency: Agency{ID: "qt.so-n", Name: "Sở N"}}))
	// An address that was set twice on one day is the later one.
	must(t)(r.SetAddress(ctx, day, Address{Agency: "qt.so-m", Address: "m1@quangtri.gov.vn", Kind: "agency", Status: "sample"}))
	must(t)(r.SetAddress(ctx, day, Address{Agency: "qt.so-m", Address: "m2@quangtri.gov.vn", Kind: "agency", Status: "sample"}))
	if a := r.Snapshot().Addresses("qt.so-m", "2025-03-01"); len(a) != 1 || a[0].Address != "m2@quangtri.gov.vn" {
		t.Errorf("addresses: %+v", a)
	}
}

func TestActsBeforeLaterOnes(t *testing.T) {
	t.Parallel()
	ctx, r := context.Background(), smallRegister(t)
	must(t)(r.Merge(ctx, act("2025-03-01"), []ID{"qt.so-b"}, Body{Agency: Agency{ID: "qt.so-a"}}))
	must(t)(r.Rename(ctx, act("2025-07-01"), "qt.h1", Body{Agency: Agency{ID: "qt.tp1", Name: "Ủy ban nhân dân thành phố Một"}}))
	// A survivor cannot end before it took others in; what has ended cannot end earlier.
	refused(t)(r.Dissolve(ctx, act("2020-01-01"), "qt.so-a", nil))
	refused(t)(r.Rename(ctx, act("2024-01-01"), "qt.h1", Body{Agency: Agency{ID: "qt.tpx", Name: "X"}}))
	refused(t)(r.Dissolve(ctx, act("2025-02-28"), "qt.so-b", nil))
	// Nothing is founded below what is gone.
	refused(t)(r.Found(ctx, act("2026-01-01"), Body{Agency: Agency{ID: "n", Name: "N", Type: "so", Level: "tinh", Parent: "qt.so-b"}}))

	set := func(day Date, address string) {
		t.Helper()
		must(t)(r.SetAddress(ctx, Act{Who: "An", Date: day}, Address{Agency: "qt.h2", Address: address, Kind: "agency", Status: "sample"}))
	}
	set("2015-01-01", "h2-2015@quangtri.gov.vn")
	set("2012-01-01", "h2-2012@quangtri.gov.vn") // the later one stands
	for day, want := range map[Date]string{
		"2011-12-31": "", "2012-01-01": "h2-2012@quangtri.gov.vn", "2014-12-31": "h2-2012@quangtri.gov.vn", "2015-01-01": "h2-2015@quangtri.gov.vn",
	} {
		got := ""
		if a := r.Snapshot().Addresses("qt.h2", day); len(a) == 1 {
			got = a[0].Address
		} else if len(a) > 1 {
			t.Errorf("two on %s: %+v", day, a)
		}
		if got != want {
			t.Errorf("on %s %q, want %q", day, got, want)
		}
	}
	// What was to begin after the end never begins.
	set("2030-01-01", "h2-2030@quangtri.gov.vn")
	must(t)(r.SetOfficial(ctx, Act{Who: "An", Date: "2030-01-01"}, Official{ID: "o30", Name: "Lê Mẫu Ba", Agency: "qt.h2", Title: "Chủ tịch"}, ""))
	must(t)(r.Dissolve(ctx, act("2026-01-01"), "qt.h2", []ID{"qt.ubnd"}))
	s := r.Snapshot()
	if a := s.Addresses("qt.h2", "2030-06-01"); len(a) != 0 {
		t.Errorf("addresses after the end: %+v", a)
	}
	if o := s.Officials("qt.h2", "2030-06-01"); len(o) != 0 {
		t.Errorf("officials after the end: %+v", o)
	}
	if _, ok := s.ByAddress("h2-2015@quangtri.gov.vn", "2026-06-01"); !ok {
		t.Error("the last address forwards")
	}
}

func TestRenameKeeps(t *testing.T) {
	t.Parallel()
	ctx, r := context.Background(), smallRegister(t)
	must(t)(r.Rename(ctx, act("2025-03-01"), "qt.so-a", Body{Agency: Agency{ID: "qt.so-a2", Name: "Sở A và C"}, Keep: true}))
	s := r.Snapshot()
	if d := s.Deliver("qt.so-a", "2025-03-01"); d.Agency != "qt.so-a2" || d.Address != "a@quangtri.gov.vn" {
		t.Errorf("%+v", d)
	}
	if a := s.Addresses("qt.so-a2", "2025-03-01"); len(a) != 2 || a[1].Address != "vanthu.a@quangtri.gov.vn" {
		t.Errorf("addresses: %+v", a)
	}
	if a := s.Addresses("qt.so-a", "2025-03-01"); len(a) != 0 {
		t.Errorf("the old body holds %+v", a)
	}
	if o := s.Role("qt.so-a2", "GĐ", "2025-03-01"); len(o) != 1 || o[0].Name != "Nguyễn Mẫu An" {
		t.Errorf("officials: %+v", o)
	}
	if o := s.Role("qt.so-a", "GĐ", "2025-02-28"); len(o) != 1 || o[0].ID != "o1" {
		t.Errorf("before: %+v", o)
	}
}

// TestAddressNeverGoesToAStranger: a retired address is not given to a body that
// does not follow its holder.
func TestAddressNeverGoesToAStranger(t *testing.T) {
	t.Parallel()
	ctx, r := context.Background(), smallRegister(t)
	a := act("2020-01-01")
	a.ForwardUntil = ""
	must(t)(r.Merge(ctx, a, []ID{"qt.so-b"}, Body{Agency: Agency{ID: "qt.so-a"}}))
	refused(t)(r.SetAddress(ctx, act("2021-01-01"), Address{Agency: "qt.h1", Address: "b@quangtri.gov.vn", Kind: "agency", Status: "sample"}))
	must(t)(r.SetAddress(ctx, act("2021-01-01"), Address{Agency: "qt.so-a", Address: "b@quangtri.gov.vn", Kind: "clerk-desk", Status: "sample"}))
	rep, err := r.Import(ctx, files(AddressesFile, "qt.h1,b@quangtri.gov.vn,unit,2022-01-01,2022-02-01,sample\n"), "An", "", false)
	if err == nil || len(rep.Errors) != 1 || rep.Errors[0].Field != "address" {
		t.Errorf("import: %v", err)
	}
}

// TestDeliveryThroughReforms follows bodies through several reforms.
func TestDeliveryThroughReforms(t *testing.T) {
	t.Parallel()
	ctx, r := context.Background(), smallRegister(t)
	so := func(id ID, name string) Body {
		return Body{Agency: Agency{ID: id, Name: name, Type: "so", Level: "tinh", Parent: "qt.ubnd"}, Addresses: []Address{{Address: string(id[3:]) + "@quangtri.gov.vn", Kind: "agency", Status: "sample"}}}
	}
	must(t)(r.Rename(ctx, act("2010-01-01"), "qt.so-a", so("qt.so-c", "Sở C")))
	must(t)(r.Merge(ctx, act("2015-01-01"), []ID{"qt.so-b", "qt.so-c"}, so("qt.so-d", "Sở D")))
	d := r.Snapshot().Deliver("qt.so-a", "2016-01-01")
	if d.Agency != "qt.so-d" || d.Address != "so-d@quangtri.gov.vn" || d.Moved.From != "qt.so-a" || d.Moved.Kind != "merged" || !strings.Contains(d.Reason, "Sở D") {
		t.Errorf("renamed, then merged: %+v", d)
	}
	must(t)(r.Split(ctx, act("2020-01-01"), "qt.so-d", []Body{so("qt.so-e", "Sở E"), so("qt.so-f", "Sở F")}, false))
	d = r.Snapshot().Deliver("qt.so-a", "2021-01-01")
	if !d.Ask || d.Address != "" || !slices.Equal(d.Choices, []ID{"qt.so-e", "qt.so-f"}) || !strings.Contains(d.Reason, "Sở D") {
		t.Errorf("then split: %+v", d)
	}
	// One of the parts is renamed: the choice is between those of today.
	must(t)(r.Rename(ctx, act("2022-01-01"), "qt.so-e", so("qt.so-g", "Sở G")))
	if d = r.Snapshot().Deliver("qt.so-a", "2023-01-01"); !slices.Equal(d.Choices, []ID{"qt.so-g", "qt.so-f"}) {
		t.Errorf("then a part renamed: %+v", d)
	}
	if d = r.Snapshot().Deliver("qt.so-a", "2016-01-01"); d.Agency != "qt.so-d" || d.Ask {
		t.Errorf("as of before: %+v", d)
	}
	// Recreated under its first name: the old entry never becomes the new one by itself.
	must(t)(r.Found(ctx, act("2024-01-01"), so("qt.so-a-2024", "Sở A")))
	if d = r.Snapshot().Deliver("qt.so-a", "2025-01-01"); !d.Ask || slices.Contains(d.Choices, "qt.so-a-2024") {
		t.Errorf("recreated: %+v", d)
	}
	if m := r.Snapshot().Lookup("Sở A", "qt.ubnd", "2025-01-01"); !m.Certain || m.Agencies[0] != "qt.so-a-2024" {
		t.Errorf("the name today: %+v", m)
	}
	if m := r.Snapshot().Lookup("Sở A", "qt.ubnd", "2009-01-01"); !m.Certain || m.Agencies[0] != "qt.so-a" {
		t.Errorf("the name then: %+v", m)
	}
	if m := r.Snapshot().Lookup("Sở A", "qt.ubnd", "2012-01-01"); m.Certain || m.Agencies[0] != "qt.so-a" {
		t.Errorf("the name in between: %+v", m)
	}
}

// TestSuccessionMustMakeSense: rows that contradict the agencies are refused.
func TestSuccessionMustMakeSense(t *testing.T) {
	t.Parallel()
	two := "a,A,so,tinh,,2010-01-01,2019-12-31,,V,\nb,B,so,tinh,,2020-01-01,,,V,\nc,C,so,tinh,,2020-01-01,2020-12-31,,V,\n"
	for name, c := range map[string]struct{ rows, field string }{
		"alive":         {"b,a,2021-01-01,renamed,,\n", "to_id"},
		"not yet there": {"a,b,2019-06-01,renamed,,\n", "to_id"},
		"not ended":     {"b,c,2020-06-01,merged,,\n", "date"},
		"before it was": {"c,b,2020-01-01,split,,\n", "date"},
		"in a circle":   {"a,c,2020-01-01,renamed,,\nc,b,2021-01-01,renamed,,\nb,a,2021-01-01,renamed,,\n", "to_id"},
	} {
		_, err := LoadFS(files(AgenciesFile, two, SuccessionFile, c.rows))
		if err == nil || !strings.Contains(err.Error(), "cột "+c.field) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := LoadFS(files(AgenciesFile, two, SuccessionFile, "a,b,2020-01-01,renamed,,\na,c,2020-01-01,split,,\n")); err != nil {
		t.Error(err)
	}
	// A file that brings agencies alone must not break what follows them.
	r := openRegister(t, t.TempDir()+"/d.db")
	ctx := context.Background()
	if _, err := r.Import(ctx, files(AgenciesFile, two, SuccessionFile, "a,b,2020-01-01,renamed,,\n"), "An", "", false); err != nil {
		t.Fatal(err)
	}
	rep, err := r.Import(ctx, files(AgenciesFile, "a,A,so,tinh,,2010-01-01,,,V,\n"), "An", "", false)
	if err == nil || rep.Errors[0].Field != "valid_to" {
		t.Errorf("%v", err)
	}
}
