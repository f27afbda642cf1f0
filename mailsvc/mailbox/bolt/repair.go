package bolt

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"quangtri.gov.vn/vanthu/internal/flush"
	"quangtri.gov.vn/vanthu/internal/groupcommit"
	"quangtri.gov.vn/vanthu/mailsvc"
)

// RescueFolder is where messages go whose place in a folder is lost.
const RescueFolder = "Cứu hộ"

// RepairOptions say what Repair may know from elsewhere.
type RepairOptions struct {
	// Accounts are the addresses that ought to have a mailbox: an account's row that
	// is lost is made anew if the rest tells whose it was.
	Accounts []string
	// Folders are the folders that every account begins with: a lost special use is
	// found again by the name.
	Folders []mailsvc.FolderSpec
	// Index computes the index of a body anew; nil, or an error: the message is given
	// up here, and its body is left to whoever looks for bodies that no row names.
	Index func(mailsvc.BlobID) ([]byte, error)
	// Held reports whether a body is there; nil means that all are.
	Held func(mailsvc.BlobID) bool
	// Anew has an empty store made where nothing of one is left; else that is an
	// error, since it may be the wrong directory.
	Anew   bool
	Now    func() time.Time // nil means time.Now
	Logger *slog.Logger     // nil means slog.Default()
}

// Repaired says what became of one shard.
type Repaired struct {
	Shard    int    `json:"shard"`
	Damaged  bool   `json:"damaged"`         // false: it was sound and was not touched
	Aside    string `json:"aside,omitempty"` // where the damaged file now is
	Rows     int    `json:"rows"`            // found sound
	Messages int    `json:"messages"`        // in the mailboxes now
	Rescued  int    `json:"rescued"`         // of these, in RescueFolder now
	Lost     int    `json:"lost"`            // entries of folders whose message is gone
	History  bool   `json:"history"`         // made anew from the history: nothing is lost or renewed
	Bodiless int    `json:"bodiless"`        // messages of a file made so whose body is not there
	// Renewed are the folders, "account: name", whose UIDVALIDITY was raised.
	Renewed  []string `json:"renewed,omitempty"`
	Problems []string `json:"problems,omitempty"` // what was wrong with the file
}

// Repair rebuilds each damaged or missing file of a store that is not open, from its
// history if that is whole: then all is as it was acknowledged last. Else a damaged one
// is made from the rows in it that are sound, and a missing one from what is sound of
// its history. A damaged file is never changed: it stays
// beside the new one, under a name with the date.
//
// Rows are found by following the tree as far as it holds, and, where it does not,
// on the pages that it does not lead to. These hold older versions too; of a
// message's state in a folder the one with the highest MODSEQ is the last, what
// the expunge log names is gone, and what never changes cannot be old. Where
// nothing tells, what the tree leads to wins. Counters, names and references are
// derived anew. Messages without a place are put into [RescueFolder] of their
// account. A folder that may not be exactly as it was gets a new UIDVALIDITY, so
// that mail programs forget what they remember of it.
func Repair(ctx context.Context, dir string, o RepairOptions) ([]Repaired, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	n, err := repairFormat(dir, o.Anew)
	if err != nil {
		return nil, fmt.Errorf("repair mailboxes %s: %w", dir, err)
	}
	var out []Repaired
	for i := range n {
		r, err := repairShard(ctx, dir, i, n, &o)
		if err != nil {
			return out, fmt.Errorf("repair mailboxes %s: shard %d: %w", dir, i, err)
		}
		out = append(out, r)
		if err := forgetShard(dir, i); err != nil {
			return out, fmt.Errorf("repair mailboxes %s: shard %d: %w", dir, i, err)
		}
	}
	if err := forgetRunning(dir); err != nil {
		return out, fmt.Errorf("repair mailboxes %s: %w", dir, err)
	}
	return out, nil
}

// repairFormat reads the format file, or makes it anew from the files that are
// there.
func repairFormat(dir string, anew bool) (int, error) {
	n, err := readFormat(dir)
	if err == nil {
		return n, nil
	}
	if left, globErr := filepath.Glob(filepath.Join(dir, "shard-*")); anew && globErr == nil && len(left) == 0 && errors.Is(err, os.ErrNotExist) {
		n := defaultShards()
		return n, errors.Join(os.MkdirAll(dir, 0o700), writeFormat(dir, n))
	}
	found, globErr := filepath.Glob(filepath.Join(dir, "shard-[0-9][0-9][0-9].db"))
	slices.Sort(found)
	if globErr != nil || len(found) == 0 || filepath.Base(found[len(found)-1]) != shardFile(len(found)-1) {
		return 0, err // a file is missing: how many there were cannot be known
	}
	return len(found), writeFormat(dir, len(found))
}

// one is a Store of n shards of which only shard i is open.
func one(db *groupcommit.DB, i, n int, now func() time.Time, log *slog.Logger) *Store {
	s := &Store{o: Options{Now: now, Logger: log}, shards: make([]*shard, n)}
	s.hubs.init()
	s.shards[i] = &shard{db: db, no: i}
	return s
}

const repairMmap = 64 << 20

// CheckFile verifies the pages and rows of one file of a store that is not open,
// and that its history leads to the same rows, and returns what it finds broken.
func CheckFile(ctx context.Context, dir string, i int) []error {
	n, err := readFormat(dir)
	if err != nil {
		return []error{err}
	}
	if err := journalThere(dir, i); err != nil {
		return []error{err}
	}
	path := filepath.Join(dir, shardFile(i))
	if errs := checkFile(ctx, path, i, n, slog.New(slog.DiscardHandler)); len(errs) > 0 {
		return errs
	}
	return checkHistory(ctx, path, i)
}

// Shards is the number of files of the store at dir.
func Shards(dir string) (int, error) { return readFormat(dir) }

func checkFile(ctx context.Context, path string, i, n int, log *slog.Logger) (errs []error) {
	fi, err := os.Stat(path) // Open would make a new one
	if err != nil {
		return []error{err}
	}
	if fi.Size() == 0 {
		return []error{fmt.Errorf("%w: file is empty", mailsvc.ErrDamaged)}
	}
	w, err := groupcommit.OpenWreck(path)
	if err != nil {
		return []error{err}
	}
	if !w.Sure {
		errs = append(errs, fmt.Errorf("%w: shard %d: a meta page is not valid; the last commit may be missing", mailsvc.ErrDamaged, i))
	}
	if err := w.Close(); err != nil {
		errs = append(errs, err)
	}
	fatal := func(err error) { errs = append(errs, err) }
	db, err := groupcommit.Open(path, groupcommit.Options{Fatal: fatal, MmapSize: repairMmap, Logger: log})
	if err != nil {
		return append(errs, err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			errs = append(errs, err)
		}
	}()
	s := one(db, i, n, time.Now, log)
	if err := s.haveBuckets(i); err != nil {
		return append(errs, err)
	}
	s.shards = s.shards[i : i+1]
	errs = append(errs, s.CheckPages(ctx)...)
	full := one(db, i, n, time.Now, log)
	return append(errs, full.checkOne(ctx, full.shards[i])...)
}

// haveBuckets reports a bucket that is missing, which other code relies on.
func (s *Store) haveBuckets(i int) error {
	return s.shards[i].db.View(func(tx *bbolt.Tx) error {
		for b := range buckets {
			if tx.Bucket([]byte(b.String())) == nil {
				return fmt.Errorf("%w: shard %d: no bucket %v", mailsvc.ErrDamaged, i, b)
			}
		}
		return nil
	})
}

// checkOne is Check for one shard.
func (s *Store) checkOne(ctx context.Context, sh *shard) []error {
	c := &check{ctx: ctx}
	err := sh.db.View(func(tx *bbolt.Tx) error {
		c.txn = &txn{tx: tx, s: s, sh: sh}
		c.users = make(map[uint64]uint64)
		return c.shard()
	})
	if err != nil {
		c.errs = append(c.errs, s.fail("check", fmt.Sprint("shard ", sh.no), err))
	}
	return c.errs
}

func repairShard(ctx context.Context, dir string, i, n int, o *RepairOptions) (Repaired, error) {
	path := filepath.Join(dir, shardFile(i))
	out := Repaired{Shard: i}
	lost, foreign, err := lostJournal(dir, i)
	if err != nil {
		return out, err
	}
	problems := checkFile(ctx, path, i, n, slog.New(slog.DiscardHandler))
	sound := len(problems) == 0
	behind := lost || foreign && sound // a journal cannot fit a damaged file
	if behind {
		problems = append(problems, errJournal(i))
	}
	if err := ctx.Err(); err != nil || len(problems) == 0 {
		return out, err
	}
	for _, p := range problems {
		if errors.Is(p, groupcommit.ErrLocked) {
			return out, p
		}
		out.Problems = append(out.Problems, firstLine(p))
	}
	out.Damaged = true
	tmp := path + ".repair"
	if err := os.Remove(tmp); err != nil && !errors.Is(err, os.ErrNotExist) {
		return out, err
	}
	whole := false
	if !behind {
		if whole, err = fromHistory(ctx, path, tmp, i, n, o, &out); err != nil {
			return out, err
		}
	}
	if !whole {
		if err := rebuild(ctx, remains{path, i, n, behind, sound}, tmp, o, &out); err != nil {
			return out, errors.Join(err, os.Remove(tmp))
		}
		if left := checkFile(ctx, tmp, i, n, o.Logger); len(left) > 0 {
			return out, fmt.Errorf("the rebuilt file is not sound, the damaged one stays: %w", left[0])
		}
	}
	out.Aside, err = swap(path, tmp, o.Now())
	return out, err
}

// swap puts the new file in the damaged one's place in one step, and keeps that. Of
// a file that is gone an empty one is kept: it says that bodies may belong to rows
// that are lost.
func swap(path, tmp string, now time.Time) (aside string, err error) {
	base := path + now.Format(".damaged-20060102-150405")
	for n := 0; ; n++ {
		if aside = base; n > 0 { // of a repair within the same second
			aside = fmt.Sprint(base, "-", n)
		}
		if err = os.Link(path, aside); errors.Is(err, os.ErrNotExist) {
			err = os.WriteFile(aside, nil, 0o600)
		}
		if !errors.Is(err, os.ErrExist) {
			break
		}
	}
	if err != nil {
		return "", err
	}
	if err := flush.Dir(filepath.Dir(path)); err != nil {
		return aside, err
	}
	if err := os.Rename(tmp, path); err != nil {
		return aside, err
	}
	// The new file has no part in the journal, which the next Open would see too.
	if err := groupcommit.RemoveJournal(path); err != nil {
		return aside, err
	}
	return aside, errors.Join(keepAside(path, aside), flush.Dir(filepath.Dir(path)))
}

// remains are what a shard is to be made anew from.
type remains struct {
	path   string
	no, of int
	behind bool // changes that followed are missing
	sound  bool // the file is what it was at some time
}

// rebuild makes a new file at tmp from what is sound of another.
func rebuild(ctx context.Context, from remains, tmp string, o *RepairOptions, out *Repaired) error {
	var broken error
	db, err := groupcommit.Open(tmp, groupcommit.Options{Fatal: func(err error) { broken = err }, MmapSize: repairMmap, Logger: o.Logger})
	if err != nil {
		return err
	}
	v := newSalvage(one(db, from.no, from.of, o.Now, o.Logger), from)
	err = db.Update(ctx, func(tx *bbolt.Tx) error { return prepareShard(tx, from.no, from.of) })
	if err == nil {
		err = v.collect(ctx, from.path)
	}
	if err == nil {
		err = v.restore(ctx, o, out)
	}
	out.Rows = v.rows
	return errors.Join(err, db.Close(), broken)
}

func firstLine(err error) string {
	s := err.Error()
	for i := range len(s) {
		if s[i] == '\n' {
			return s[:i]
		}
	}
	return s
}
