package groupcommit

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"

	"quangtri.gov.vn/vanthu/internal/crashpoint"
	"quangtri.gov.vn/vanthu/internal/flush"
)

// Crash points of a compaction.
const (
	BeforeSwap = "groupcommit.before-swap"
	AfterSwap  = "groupcommit.after-swap"
)

// compactBatch is how many bytes Compact writes in one transaction.
const compactBatch = 64 << 20

// Compact writes the database at path anew without its free pages, which bbolt
// never gives back. The database must not be open. Cut at any point it leaves the
// old file or the new one; a damaged file is left alone (ErrDamaged). It returns the sizes before
// and after, in bytes of the file's used part.
func Compact(path string) (before, after int64, err error) {
	if err := settle(path); err != nil {
		return 0, 0, fmt.Errorf("compact %s: %w", path, err)
	}
	tmp := path + ".compact"
	if err := os.Remove(tmp); err != nil && !errors.Is(err, os.ErrNotExist) {
		return 0, 0, err
	}
	if err := verify(path, slog.Default()); err != nil {
		return 0, 0, fmt.Errorf("compact %s: %w", path, classify(err))
	}
	src, err := openReadOnly(path)
	if err != nil {
		return 0, 0, fmt.Errorf("compact %s: %w", path, classify(err))
	}
	defer src.Close()
	if err := copyDB(tmp, src); err != nil {
		return 0, 0, errors.Join(fmt.Errorf("compact %s: %w", path, classify(err)), os.Remove(tmp))
	}
	if before, err = usedBytes(path); err != nil {
		return 0, 0, err
	}
	if after, err = usedBytes(tmp); err != nil {
		return 0, 0, err
	}
	crashpoint.Here(BeforeSwap)
	if err := os.Rename(tmp, path); err != nil {
		return 0, 0, err
	}
	crashpoint.Here(AfterSwap)
	return before, after, flush.Dir(filepath.Dir(path))
}

// settle brings what an open journal holds into the database file.
func settle(path string) error {
	h, _, err := readLogHeaders(path)
	if err != nil || !h.open {
		return err
	}
	db, err := Open(path, Options{})
	if err != nil {
		return err
	}
	return db.Close()
}

func copyDB(path string, src *bbolt.DB) (err error) {
	dst, err := openBolt(path, Options{}, os.OpenFile)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dst.Close()) }()
	defer guard(&err)()
	if err := bbolt.Compact(dst, src, compactBatch); err != nil {
		return err
	}
	return dst.Sync()
}

// usedBytes is the size of a database up to its high-water mark.
func usedBytes(path string) (n int64, err error) {
	b, err := openReadOnly(path)
	if err != nil {
		return 0, err
	}
	defer b.Close()
	err = b.View(func(tx *bbolt.Tx) error {
		n = tx.Size()
		return nil
	})
	return n, err
}
