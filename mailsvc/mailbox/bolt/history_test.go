package bolt_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"quangtri.gov.vn/vanthu/internal/groupcommit"
	"quangtri.gov.vn/vanthu/mailsvc"
	"quangtri.gov.vn/vanthu/mailsvc/mailbox/bolt"
	"quangtri.gov.vn/vanthu/mailsvc/mailbox/mailboxtest"
)

// lossy is a store that loses its shard every few times that somebody asks for the
// usage of an account, and is made anew from its history.
type lossy struct {
	*bolt.Store
	t     *testing.T
	dir   *string // where the store lies now
	quota func(string) int64
	asked int
}

const lostEvery = 14

func (l *lossy) Usage(ctx context.Context, account string) (int64, error) {
	l.asked++
	if l.asked%lostEvery == 2 {
		l.lose(l.asked%(2*lostEvery) == 2)
	}
	return l.Store.Usage(ctx, account)
}

// lose takes the shard away, from a store that was closed, or from a copy of what
// is on disk of one that is open, which is as after a crash.
func (l *lossy) lose(open bool) {
	l.t.Helper()
	if open {
		to := l.t.TempDir()
		if err := os.CopyFS(to, os.DirFS(*l.dir)); err != nil {
			l.t.Fatal(err)
		}
		*l.dir = to
	}
	closeIt(l.t, l.Store)
	path := filepath.Join(*l.dir, "shard-000.db")
	if errs := bolt.CheckFile(l.t.Context(), *l.dir, 0); !open && len(errs) > 0 {
		l.t.Fatal(errs)
	}
	if err := os.Remove(path); err != nil {
		l.t.Fatal(err)
	}
	r, err := bolt.Repair(l.t.Context(), *l.dir, quiet)
	if err != nil || !r[0].History || len(r[0].Renewed) > 0 || r[0].Lost > 0 {
		l.t.Fatalf("%+v %v", r, err)
	}
	l.open()
}

func (l *lossy) open() {
	l.t.Helper()
	s, err := bolt.Open(*l.dir, bolt.Options{Shards: 1, MmapSize: 64 << 20, Logger: quiet.Logger, Quota: l.quota, NoSync: true})
	if err != nil {
		l.t.Fatal(err)
	}
	l.Store = s
}

var quiet = bolt.RepairOptions{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}

// TestContractAfterLoss: whoever lost the shard and has it made anew from the
// history sees no difference: UIDs, UIDVALIDITY, MODSEQs, flags, what was expunged.
func TestContractAfterLoss(t *testing.T) {
	t.Parallel()
	var moved sync.Map // directory that the suite knows -> where the store lies now
	mailboxtest.Run(t, func(t *testing.T, dir string, quota func(string) int64) mailsvc.Store {
		now, _ := moved.LoadOrStore(dir, &dir)
		l := &lossy{t: t, dir: now.(*string), quota: quota}
		l.open()
		return l
	})
}

// TestRepairFromHistory: a damaged or missing shard is made exactly as it was if
// its history is whole, and only then.
func TestRepairFromHistory(t *testing.T) {
	t.Parallel()
	w := makeWreck(t)
	remove := func(suffix string) func(string) error {
		return func(shard string) error { return os.Remove(shard + suffix) }
	}
	damage := func(shard string) error {
		b, err := os.ReadFile(shard)
		if err == nil {
			clear(b[4*4096:])
			err = os.WriteFile(shard, b, 0o600)
		}
		return err
	}
	for name, c := range map[string]struct {
		spoil []func(string) error
		whole bool // all is as it was
		most  bool // nothing is lost, but folders are renewed
	}{
		"missing":              {[]func(string) error{remove("")}, true, true},
		"damaged":              {[]func(string) error{damage}, true, true},
		"damaged, no history":  {[]func(string) error{damage, remove(".hist")}, false, false},
		"damaged, history too": {[]func(string) error{damage, flipHistory}, false, false},
		"missing, no journal":  {[]func(string) error{remove(""), remove(".log0"), remove(".log1")}, false, true},
		"missing, history too": {[]func(string) error{remove(""), flipHistory}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(w.dir)); err != nil {
				t.Fatal(err)
			}
			for _, spoil := range c.spoil {
				if err := spoil(filepath.Join(dir, "shard-000.db")); err != nil {
					t.Fatal(err)
				}
			}
			o := quiet
			o.Accounts = wreckPeople
			o.Held = func(id mailsvc.BlobID) bool { return id[0] >= '8' }
			r, err := bolt.Repair(t.Context(), dir, o)
			if err != nil || r[0].History != c.whole || (r[0].Bodiless > 0) != c.whole {
				t.Fatalf("%+v %v", r, err)
			}
			s, err := openOne(dir)
			if err != nil {
				t.Fatal(err)
			}
			wantSound(t, s)
			have, err := s.Accounts(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			same, left, saved := 0, 0, 0
			for _, a := range wreckPeople {
				saved += len(w.saved[a])
			}
			for _, a := range have {
				left += len(contents(t, s, a))
				for key, state := range statesOf(t, s, a) {
					if w.whole[key] == state {
						same++
					}
				}
			}
			closeIt(t, s)
			if (same == len(w.whole)) != c.whole || (left == saved) != c.most {
				t.Errorf("%d folders of %d are as they were, %d messages of %d are left", same, len(w.whole), left, saved)
			}
			if errs := bolt.CheckFile(t.Context(), dir, 0); len(errs) > 0 {
				t.Error(errs)
			}
		})
	}
}

// flipHistory damages the first record of the history of a shard: what the last one
// holds, the journal still has.
func flipHistory(shard string) error {
	b, err := os.ReadFile(shard + ".hist")
	if err == nil {
		b[60] ^= 1
		err = os.WriteFile(shard+".hist", b, 0o600)
	}
	return err
}

// TestCheckFindsHistory: a history that is damaged, or that leads elsewhere, is told.
func TestCheckFindsHistory(t *testing.T) {
	t.Parallel()
	dir, _ := damageSubject(t)
	path := filepath.Join(dir, "shard-000.db")
	if errs := bolt.CheckFile(t.Context(), dir, 0); len(errs) > 0 {
		t.Fatal(errs)
	}
	if err := flipHistory(path); err != nil {
		t.Fatal(err)
	}
	if errs := bolt.CheckFile(t.Context(), dir, 0); len(errs) != 1 || !errors.Is(errs[0], groupcommit.ErrNoHistory) {
		t.Errorf("a damaged history: %v", errs)
	}
}
