package directory

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
)

func must(t testing.TB) func(Event, error) {
	return func(_ Event, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
}

func refused(t testing.TB) func(Event, error) {
	return func(_ Event, err error) {
		t.Helper()
		if !errors.Is(err, ErrInvalid) {
			t.Fatalf("got %v, want a refusal", err)
		}
	}
}

// TestMove moves a commune three times, the last time in between the others.
func TestMove(t *testing.T) {
	t.Parallel()
	ctx, r := context.Background(), smallRegister(t)
	must(t)(r.Move(ctx, act("2015-01-01"), "qt.x1", "qt.h2"))
	must(t)(r.Move(ctx, act("2020-01-01"), "qt.x1", "qt.ubnd"))
	must(t)(r.Move(ctx, act("2018-01-01"), "qt.x1", "qt.so-a"))
	must(t)(r.Move(ctx, act("2017-01-01"), "qt.x1", "qt.h1"))
	s := r.Snapshot()
	for day, want := range map[Date]ID{
		"2009-01-01": "qt.h1", "2014-12-31": "qt.h1", "2015-01-01": "qt.h2", "2016-12-31": "qt.h2", "2017-01-01": "qt.h1", "2017-12-31": "qt.h1",
		"2018-01-01": "qt.so-a", "2019-12-31": "qt.so-a", "2020-01-01": "qt.ubnd", "": "qt.ubnd",
	} {
		if p, _ := s.Parent("qt.x1", day); p.ID != want {
			t.Errorf("on %s below %s, want %s", day, p.ID, want)
		}
		below := slices.ContainsFunc(s.Children(want, day), func(a Agency) bool { return a.ID == "qt.x1" })
		if !below || !s.UnderOn("qt.x1", want, day) {
			t.Errorf("on %s %s does not have it as child", day, want)
		}
	}
	if m, _ := s.Members("g.xa", "qt.ubnd", "2014-06-01"); len(m) != 2 {
		t.Errorf("group below h1 before: %d", len(m))
	}
	if m, _ := s.Members("g.xa", "qt.ubnd", "2016-06-01"); len(m) != 1 {
		t.Errorf("group below h1 after: %d", len(m))
	}
	// What means something in a district means it to the commune while it stands there.
	for day, want := range map[Date]ID{"2014-06-01": "qt.h1", "2016-06-01": "qt.h2"} {
		if m := s.Lookup("UBND huyện", "qt.x1", day); !m.Certain || m.Agencies[0] != want {
			t.Errorf("UBND huyện on %s: %+v", day, m)
		}
	}
	if back, err := LoadFS(exportAll(t, s)); err != nil || asOf(back, s, "2016-06-01") != asOf(s, s, "2016-06-01") {
		t.Errorf("export and import: %v", err)
	}
}

func TestMoveRefuses(t *testing.T) {
	t.Parallel()
	ctx, r := context.Background(), smallRegister(t)
	refused(t)(r.Move(ctx, act("2015-01-01"), "qt.ubnd", "qt.x1")) // below itself
	refused(t)(r.Move(ctx, act("2015-01-01"), "qt.x1", "qt.x1"))   // itself
	refused(t)(r.Move(ctx, act("2015-01-01"), "qt.x1", "qt.h1"))   // nothing new
	refused(t)(r.Move(ctx, act("2015-01-01"), "qt.x1", "zz"))      // unknown
	refused(t)(r.Move(ctx, act("2005-01-01"), "qt.so-a", "qt.h1")) // on its first day
	must(t)(r.Dissolve(ctx, act("2016-01-01"), "qt.h2", nil))      //
	refused(t)(r.Move(ctx, act("2017-01-01"), "qt.x1", "qt.h2"))   // to one that has ended
	must(t)(r.Move(ctx, act("2017-01-01"), "qt.x1", "qt.so-b"))    //
	refused(t)(r.Move(ctx, act("2016-06-01"), "qt.so-b", "qt.x1")) // would cycle from 2017 on
	if p, _ := r.Snapshot().Parent("qt.x1", "2016-12-31"); p.ID != "qt.h1" {
		t.Errorf("before the move below %s", p.ID)
	}
}

func TestStandingOffice(t *testing.T) {
	t.Parallel()
	ctx, r := context.Background(), smallRegister(t)
	body := func(id ID, note string) Body {
		return Body{Agency: Agency{ID: id, Name: "Ban Chỉ đạo " + string(id), Type: "bcd", Level: "tinh", Parent: "qt.ubnd", Note: note}}
	}
	must(t)(r.Found(ctx, act("2010-01-01"), body("bcd.1", "Không có hộp thư riêng: gửi qua cơ quan thường trực (Sở A, sau là Sở B). Xem Sở A")))
	must(t)(r.Found(ctx, act("2010-01-01"), body("bcd.2", "")))
	deliver := func(id ID, day Date) Delivery { return r.Snapshot().Deliver(id, day) }

	// A note only proposes; who has ended stands for the heir.
	if d := deliver("bcd.1", "2012-01-01"); !d.Ask || !slices.Equal(d.Choices, []ID{"qt.so-a", "qt.so-b"}) || d.Address != "" || d.Reason == "" {
		t.Errorf("from the note: %+v", d)
	}
	if d := deliver("bcd.2", "2012-01-01"); d.Ask || d.Address != "" || d.Agency != "bcd.2" {
		t.Errorf("without any: %+v", d)
	}
	must(t)(r.SetStanding(ctx, act("2013-01-01"), Relation{Agency: "bcd.1", Other: "qt.so-a", Certainty: "M"}))
	if d := deliver("bcd.1", "2013-01-01"); !d.Ask || !slices.Equal(d.Choices, []ID{"qt.so-a"}) {
		t.Errorf("not certain: %+v", d)
	}
	if d := deliver("bcd.1", "2012-12-31"); !d.Ask || len(d.Choices) != 2 {
		t.Errorf("what was known about earlier days stays: %+v", d)
	}
	must(t)(r.SetStanding(ctx, act("2014-01-01"), Relation{Agency: "bcd.1", Other: "qt.so-b", Certainty: "V"}))
	if d := deliver("bcd.1", "2014-01-01"); d.Ask || d.Address != "b@quangtri.gov.vn" || d.Agency != "qt.so-b" || d.Moved != nil || !strings.Contains(d.Reason, "Sở B") {
		t.Errorf("certain: %+v", d)
	}
	if d := deliver("bcd.1", "2013-12-31"); !slices.Equal(d.Choices, []ID{"qt.so-a"}) {
		t.Errorf("the day before: %+v", d)
	}
	// An office that has ended is followed, but not blindly.
	must(t)(r.Merge(ctx, act("2016-01-01"), []ID{"qt.so-b"}, Body{Agency: Agency{ID: "qt.so-a"}}))
	if d := deliver("bcd.1", "2016-01-01"); !d.Ask || !slices.Equal(d.Choices, []ID{"qt.so-a"}) {
		t.Errorf("after the office was merged: %+v", d)
	}
	must(t)(r.EndStanding(ctx, act("2017-01-01"), "bcd.1"))
	if d := deliver("bcd.1", "2017-01-01"); d.Ask || d.Address != "" {
		t.Errorf("ended: %+v", d)
	}
	refused(t)(r.EndStanding(ctx, act("2018-01-01"), "bcd.1"))
	refused(t)(r.SetStanding(ctx, act("2018-01-01"), Relation{Agency: "qt.x1", Other: "qt.so-a"}))
	refused(t)(r.SetStanding(ctx, act("2018-01-01"), Relation{Agency: "bcd.1", Other: "bcd.1"}))
	// Two that name each other lead nowhere, but end.
	must(t)(r.SetStanding(ctx, act("2018-01-01"), Relation{Agency: "bcd.1", Other: "bcd.2", Certainty: "V"}))
	must(t)(r.SetStanding(ctx, act("2018-01-01"), Relation{Agency: "bcd.2", Other: "bcd.1", Certainty: "V"}))
	if d := deliver("bcd.1", "2018-01-01"); d.Address != "" {
		t.Errorf("in a circle: %+v", d)
	}
}

// TestScopesFollowARename: what a form meant below a district it means below the
// town that the district became.
func TestScopesFollowARename(t *testing.T) {
	t.Parallel()
	ctx, r := context.Background(), smallRegister(t)
	must(t)(r.AddName(ctx, Act{Who: "An", Date: "2010-01-01"}, Name{Agency: "qt.x2", Text: "Xã nhà", Kind: "alias", Scope: "qt.h1"}))
	must(t)(r.Rename(ctx, act("2015-01-01"), "qt.h1", Body{Agency: Agency{ID: "qt.tp1", Name: "Ủy ban nhân dân thành phố Một", Type: "thanh-pho"}}))
	s := r.Snapshot()
	for _, day := range []Date{"2014-12-31", "2015-01-01", "2026-01-01"} {
		if m := s.Lookup("Xã nhà", "qt.x1", day); !m.Certain || m.Agencies[0] != "qt.x2" {
			t.Errorf("on %s: %+v", day, m)
		}
		if m := s.Lookup("Xã nhà", "qt.x3", day); m.Certain {
			t.Errorf("on %s in another district: %+v", day, m)
		}
		if g, ok := s.LookupGroup("UBND các xã", "qt.x1", day); !ok || g.ID != "g.xa" {
			t.Errorf("group on %s: %v", day, ok)
		}
		if m, err := s.Members("g.xa", "qt.ubnd", day); err != nil || len(m) != 2 {
			t.Errorf("members on %s: %d, %v", day, len(m), err)
		}
	}
}
