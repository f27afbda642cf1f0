package bolt

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"quangtri.gov.vn/vanthu/internal/flush"
	"quangtri.gov.vn/vanthu/internal/groupcommit"
	"quangtri.gov.vn/vanthu/mailsvc"
)

const (
	maxShards        = 256 // a shard's number is the first byte of an EMAILID
	maxDefaultShards = 8
	fillPercent      = 0.85
	ahead            = 4 << 20 // bytes, of each shard
)

// Options for Open. The zero value is usable.
type Options struct {
	// Shards is the number of files of a new store, 1 to 256; 0 means one a
	// processor, at most 8: more only make each group commit smaller. An existing
	// store keeps the number that it was made with.
	Shards int
	// Fatal is told of an error after which the process must not go on. nil panics.
	Fatal func(error)
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Quota returns how many bytes an account may hold, 0 for any; nil means no
	// limit. It is called inside transactions, from many goroutines: it must be
	// quick and must not call the store.
	Quota  func(account string) int64
	Logger *slog.Logger // nil means slog.Default()
	// MmapSize is the address space to map for each shard, bytes; 0 means 4 GiB.
	MmapSize int
	// NoSync skips every flush. It exists for the negative controls of crash tests.
	NoSync bool
}

// Store is a mailsvc.Store. Its methods may be called from many goroutines.
type Store struct {
	o      Options
	shards []*shard
	hubs   hubs
	// across is held for reading while a message goes from one shard to another,
	// so that Bodies sees it in one of them at least.
	across  sync.RWMutex
	running string // the file that says so, once it is written
}

var _ mailsvc.Store = (*Store)(nil)

type shard struct {
	db *groupcommit.DB
	no int
}

// Open opens the store at dir, creating it if there is none.
func Open(dir string, o Options) (*Store, error) {
	if o.Shards == 0 {
		o.Shards = defaultShards()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	s := &Store{o: o}
	s.hubs.init()
	if err := s.open(dir); err != nil {
		s.Close()
		return nil, s.fail("open mailboxes", dir, err)
	}
	return s, nil
}

func (s *Store) open(dir string) error {
	if s.o.Shards < 1 || s.o.Shards > maxShards {
		return fmt.Errorf("%w: %d shards", mailsvc.ErrInvalid, s.o.Shards)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	n, err := readFormat(dir)
	isNew := errors.Is(err, os.ErrNotExist)
	if err != nil && !isNew {
		return err
	}
	if isNew {
		n = s.o.Shards
	}
	for i := range n {
		if err := s.openShard(dir, i, n, isNew); err != nil {
			return err
		}
	}
	if isNew {
		if err := writeFormat(dir, n); err != nil {
			return err
		}
	}
	return s.markRunning(dir)
}

func defaultShards() int { return min(runtime.NumCPU(), maxDefaultShards) }

func shardFile(i int) string { return fmt.Sprintf("shard-%03d.db", i) }

// openShard opens shard i of n. A file that is missing from a complete store is
// a loss, and not made anew in silence.
func (s *Store) openShard(dir string, i, n int, isNew bool) error {
	path := filepath.Join(dir, shardFile(i))
	if _, err := os.Stat(path); err != nil && !isNew {
		return err
	}
	if err := journalThere(dir, i); err != nil {
		return err
	}
	db, err := groupcommit.Open(path, groupcommit.Options{Fatal: s.o.Fatal, MmapSize: s.o.MmapSize, Ahead: ahead, Journal: true, Logger: s.o.Logger, NoSync: s.o.NoSync})
	if err != nil {
		return err
	}
	s.shards = append(s.shards, &shard{db: db, no: i})
	err = db.Update(context.Background(), func(tx *bbolt.Tx) error { return prepareShard(tx, i, n) })
	if err != nil {
		return err
	}
	if err := db.KeepHistory(context.Background(), historyAtOnce); err != nil { // no mail depends on it
		s.o.Logger.Error("history of changes is not kept until tonight", "file", path, "err", err)
	}
	return nil
}

// prepareShard makes the buckets of a new file and checks that an old one is
// the one expected.
func prepareShard(tx *bbolt.Tx, i, n int) error {
	if b := tx.Bucket([]byte(bShard.String())); b != nil {
		self, err := decodeShard(b.Get([]byte(selfKey)))
		if err != nil {
			return groupcommit.Unchanged(err)
		}
		if self.no != uint32(i) || self.of != uint32(n) {
			return groupcommit.Unchanged(fmt.Errorf("%w: file is shard %d of %d, not %d of %d", mailsvc.ErrInvalid, self.no, self.of, i, n))
		}
		return groupcommit.Unchanged(nil)
	}
	for b := range buckets {
		if _, err := tx.CreateBucket([]byte(b.String())); err != nil {
			return err
		}
	}
	self := shardRow{no: uint32(i), of: uint32(n)}
	return tx.Bucket([]byte(bShard.String())).Put([]byte(selfKey), self.encode())
}

// FormatName is the file that is written last when a store is made.
const FormatName = "format"

func formatLine(n int) []byte { return fmt.Appendf(nil, "vanthu mailbox 1 shards=%d\n", n) }

func readFormat(dir string) (shards int, err error) {
	b, err := os.ReadFile(filepath.Join(dir, FormatName))
	if err != nil {
		return 0, err
	}
	if _, err := fmt.Sscanf(string(b), "vanthu mailbox 1 shards=%d\n", &shards); err != nil ||
		shards < 1 || shards > maxShards || !bytes.Equal(b, formatLine(shards)) {
		return 0, fmt.Errorf("%w: unknown format %.80q", mailsvc.ErrInvalid, b)
	}
	return shards, nil
}

func writeFormat(dir string, n int) error {
	err := writeWhole(filepath.Join(dir, FormatName), formatLine(n), true)
	return errors.Join(err, flush.Dir(filepath.Dir(dir)))
}

// writeWhole puts a small file in its place in one step, and keeps it there if it
// is to be durable.
func writeWhole(path string, b []byte, durable bool) error {
	tmp := path + ".new"
	f, err := os.Create(tmp)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil && durable {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil || !durable {
		return err
	}
	return flush.Dir(filepath.Dir(path))
}

// Close waits for what is under way and closes the files.
func (s *Store) Close() error {
	var errs []error
	for _, sh := range s.shards {
		errs = append(errs, sh.db.Close())
	}
	if err := errors.Join(errs...); err != nil || s.running == "" {
		return err
	}
	return s.markStopped()
}

func (s *Store) shardOf(account string) *shard {
	sum := sha256.Sum256([]byte(account))
	return s.shards[binary.BigEndian.Uint32(sum[:4])%uint32(len(s.shards))]
}

// update runs fn on the account in one transaction and tells its watchers.
// fn may run several times.
func (s *Store) update(ctx context.Context, op, account string, fn func(*account) error) error {
	err := s.transact(ctx, s.shardOf(account), func(t *txn) error {
		a, err := t.account(account)
		if err != nil {
			return err
		}
		return fn(a)
	})
	if err != nil {
		return s.fail(op, account, err)
	}
	s.hubs.tell(account)
	return nil
}

// transact runs fn in a transaction of the shard and writes back what it loaded.
func (s *Store) transact(ctx context.Context, sh *shard, fn func(*txn) error) error {
	return sh.db.Change(ctx, func(tx *groupcommit.Tx) error {
		t := &txn{tx: tx.Tx, log: tx, s: s, sh: sh, now: s.o.Now()}
		err := fn(t)
		if err == nil {
			err = t.flush()
		}
		if !t.wrote {
			return groupcommit.Unchanged(err)
		}
		return err
	})
}

// view runs fn on the account in a read-only transaction.
func (s *Store) view(ctx context.Context, op, account string, fn func(*account) error) error {
	return s.reading(ctx, op, account, fn, func(db *groupcommit.DB, fn func(*bbolt.Tx) error) error { return db.View(fn) })
}

// look is view for an fn that reads a few rows: it does not make what was written
// last be put into the shard's file first.
func (s *Store) look(ctx context.Context, op, account string, fn func(*account) error) error {
	return s.reading(ctx, op, account, fn, func(db *groupcommit.DB, fn func(*bbolt.Tx) error) error { return db.Look(ctx, fn) })
}

func (s *Store) reading(ctx context.Context, op, account string, fn func(*account) error, read func(*groupcommit.DB, func(*bbolt.Tx) error) error) error {
	err := ctx.Err()
	if err == nil {
		sh := s.shardOf(account)
		err = read(sh.db, func(tx *bbolt.Tx) error {
			t := &txn{tx: tx, s: s, sh: sh}
			a, err := t.account(account)
			if err != nil {
				return err
			}
			return fn(a)
		})
	}
	if err != nil {
		return s.fail(op, account, err)
	}
	return nil
}

func isNotFound(err error) bool { return errors.Is(err, mailsvc.ErrNotFound) }

// kinds of mailsvc, and what becomes one.
var kinds = []struct{ from, to error }{
	{mailsvc.ErrNotFound, mailsvc.ErrNotFound},
	{mailsvc.ErrExists, mailsvc.ErrExists},
	{mailsvc.ErrNotAllowed, mailsvc.ErrNotAllowed},
	{mailsvc.ErrOverQuota, mailsvc.ErrOverQuota},
	{mailsvc.ErrTooLarge, mailsvc.ErrTooLarge},
	{mailsvc.ErrTooMany, mailsvc.ErrTooMany},
	{mailsvc.ErrInvalid, mailsvc.ErrInvalid},
	{mailsvc.ErrDamaged, mailsvc.ErrDamaged},
	{groupcommit.ErrFull, mailsvc.ErrFull},
	{groupcommit.ErrUnknown, mailsvc.ErrUnknown},
	{groupcommit.ErrClosed, mailsvc.ErrClosed},
	{groupcommit.ErrPanic, mailsvc.ErrDamaged},
	{groupcommit.ErrDamaged, mailsvc.ErrDamaged},
	{groupcommit.ErrLocked, mailsvc.ErrNotAllowed},
}

// fail gives an error its operation, subject and kind. Errors of a context pass
// as they are: nothing was changed.
func (s *Store) fail(op, subject string, err error) error {
	for _, k := range kinds {
		if !errors.Is(err, k.from) {
			continue
		}
		if k.to == mailsvc.ErrDamaged {
			s.o.Logger.Error("mailbox data is damaged", "op", op, "subject", subject, "err", err)
		}
		cause := err
		if err == k.to {
			cause = nil
		}
		return &mailsvc.Error{Op: op, Subject: subject, Kind: k.to, Cause: cause}
	}
	return fmt.Errorf("%s %s: %w", op, subject, err)
}
