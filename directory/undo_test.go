package directory

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"testing"
	"time"
)

func TestUndo(t *testing.T) {
	t.Parallel()
	ctx, r := context.Background(), smallRegister(t)
	before := r.Snapshot()
	wrong := Body{Agency: Agency{ID: "qt.x9", Name: "Ủy ban nhân dân xã Chín"}, Addresses: []Address{{Address: "x9@quangtri.gov.vn", Kind: "agency", Status: "sample"}}}
	e, err := r.Merge(ctx, act("2025-07-01"), []ID{"qt.x1", "qt.x2"}, wrong)
	must(t)(e, err)
	later, err := r.AddName(ctx, act("2025-08-01"), Name{Agency: "qt.x9", Text: "Xã 9", Kind: "alias"})
	must(t)(later, err)
	refused(t)(r.Undo(ctx, Act{Who: "An", Why: "nhầm"}, e.Seq)) // a name was built upon it
	must(t)(r.Undo(ctx, Act{Who: "An", Why: "nhầm"}, later.Seq))
	undone, err := r.Undo(ctx, Act{Who: "An", Why: "sai ngày"}, e.Seq)
	must(t)(undone, err)
	if undone.Kind != EventUndo || undone.Why != "sai ngày" || undone.Decision != e.Decision {
		t.Errorf("%+v", undone)
	}
	for _, day := range []Date{"2009-07-12", "2025-06-30", "2025-07-01", "2026-01-01"} {
		if now, was := asOf(r.Snapshot(), before, day), asOf(before, before, day); now != was {
			t.Errorf("on %s: %s", day, firstDifference(was, now))
		}
	}
	refused(t)(r.Undo(ctx, Act{Who: "An"}, e.Seq)) // twice
	must(t)(r.Merge(ctx, act("2025-08-01"), []ID{"qt.x1", "qt.x2"}, wrong))
	refused(t)(r.Undo(ctx, Act{Who: "An"}, 0))
	refused(t)(r.Undo(ctx, Act{Who: "An"}, 9999))
	if _, err := r.Undo(ctx, Act{}, e.Seq); err == nil {
		t.Error("an undo needs who")
	}
	h, err := r.History("qt.x9")
	if err != nil || len(h) != 5 {
		t.Errorf("the journal keeps it all: %d events, %v", len(h), err)
	}
}

// TestUndoEverything takes random operations back, last first, and must come to
// where it began; and what was known at each event stays what it was.
func TestUndoEverything(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "d.db")
	r := openRegister(t, path)
	ctx := context.Background()
	if _, err := r.Import(ctx, small(), "An", "", false); err != nil {
		t.Fatal(err)
	}
	start := r.Snapshot().Version()
	states := map[uint64]*Snapshot{start: r.Snapshot()}
	rnd := rand.New(rand.NewPCG(5, 11))
	for step := range 40 {
		if randomOperation(r, rnd, step, Date("2020-01-01").AddDays(rnd.IntN(2000))) == nil {
			states[r.Snapshot().Version()] = r.Snapshot()
		}
	}
	end := r.Snapshot().Version()
	if end < start+8 {
		t.Fatalf("only %d operations", end-start)
	}
	for seq := end; seq > start; seq-- {
		must(t)(r.Undo(ctx, Act{Who: "An"}, seq))
	}
	now, was := r.Snapshot(), states[start]
	for _, file := range Files() {
		for _, c := range was.facts.changes(file) {
			if !now.facts.holds(c) {
				t.Errorf("not as before: %s", c.Describe())
			}
		}
		if a, b := len(now.facts.changes(file)), len(was.facts.changes(file)); a != b {
			t.Errorf("%s has %d rows, had %d", file, a, b)
		}
	}
	for seq, s := range states {
		known, err := r.KnownAt(seq)
		if err != nil || known.Version() != seq || !reflect.DeepEqual(known.facts, s.facts) {
			t.Errorf("known at event %d differs (%v)", seq, err)
		}
	}
	if empty, err := r.KnownAt(0); err != nil || len(empty.AllAgencies()) != 0 || !empty.Updated().Equal(time.Time{}) {
		t.Errorf("known at 0: %v", err)
	}
	if _, err := r.KnownAt(9999); err == nil {
		t.Error("the future is not known")
	}
}
