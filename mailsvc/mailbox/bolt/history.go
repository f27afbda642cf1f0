package bolt

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"

	"quangtri.gov.vn/vanthu/internal/flush"
	"quangtri.gov.vn/vanthu/internal/groupcommit"
	"quangtri.gov.vn/vanthu/mailsvc"
)

// historyAtOnce is the size of a shard, bytes, up to which a history that is
// missing is written when the store opens; that of a larger one waits for the night.
const historyAtOnce = 64 << 20

// KeepHistory writes the history of each shard anew that has none that is whole,
// or whose history has outgrown its rows. The changes of a shard wait meanwhile.
func (s *Store) KeepHistory(ctx context.Context) error {
	var errs []error
	for _, sh := range s.shards {
		if err := sh.db.KeepHistory(ctx, math.MaxInt64); err != nil {
			errs = append(errs, s.fail("keep history", fmt.Sprint("shard ", sh.no), err))
		}
	}
	return errors.Join(errs...)
}

// renewHistory writes the history of a file that was compacted.
func renewHistory(path string) error {
	var broken error
	db, err := groupcommit.Open(path, groupcommit.Options{Fatal: func(err error) { broken = err }, MmapSize: repairMmap, Journal: true})
	if err != nil {
		return err
	}
	err = db.KeepHistory(context.Background(), math.MaxInt64)
	return errors.Join(err, db.Close(), broken)
}

// fromHistory makes the damaged shard anew at tmp from its history, exactly as it
// was acknowledged last, and reports whether it could. What it finds wrong with the
// history is among the problems.
func fromHistory(ctx context.Context, path, tmp string, i, n int, o *RepairOptions, out *Repaired) (bool, error) {
	err := groupcommit.Rebuild(ctx, path, tmp)
	if err == nil {
		if left := checkFile(ctx, tmp, i, n, o.Logger); len(left) > 0 {
			err = errors.Join(fmt.Errorf("history: %w", left[0]), os.Remove(tmp))
		}
	}
	if ctx.Err() != nil || errors.Is(err, groupcommit.ErrFull) {
		return false, err
	}
	if err != nil {
		out.Problems = append(out.Problems, firstLine(err))
		return false, nil
	}
	out.History = true
	return true, countRebuilt(ctx, tmp, i, n, o, out)
}

// countRebuilt counts what is in the new file, and what of it has no body.
func countRebuilt(ctx context.Context, tmp string, i, n int, o *RepairOptions, out *Repaired) error {
	var broken error
	db, err := groupcommit.Open(tmp, groupcommit.Options{Fatal: func(err error) { broken = err }, MmapSize: repairMmap, Logger: o.Logger})
	if err != nil {
		return err
	}
	s := one(db, i, n, o.Now, o.Logger)
	err = db.View(func(tx *bbolt.Tx) error {
		t := &txn{tx: tx, s: s, sh: s.shards[i]}
		return t.scan(bMessages, nil, func(k, raw []byte) error {
			row, err := decodeMessage(k, raw, false)
			if err == nil {
				err = t.complete(k, &row, false)
			}
			if err != nil {
				return err
			}
			out.Messages++
			if o.Held != nil && !o.Held(mailsvc.BlobID(hex.EncodeToString(row.blob[:]))) {
				out.Bodiless++
			}
			return ctx.Err()
		})
	})
	return errors.Join(err, db.Close(), broken)
}

// keepAside keeps the history of a damaged file with that, since the new file is
// not what it leads to.
func keepAside(path, aside string) error {
	err := os.Rename(groupcommit.HistoryPath(path), groupcommit.HistoryPath(aside))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return errors.Join(err, flush.Dir(filepath.Dir(path)))
}

// checkHistory proves that the history of a file leads to what is in it.
func checkHistory(ctx context.Context, path string, i int) []error {
	if err := groupcommit.CheckHistory(ctx, path); err != nil {
		return []error{fmt.Errorf("shard %d: %w", i, err)}
	}
	return nil
}
