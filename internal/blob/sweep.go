package blob

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// MinGrace is the shortest grace period of Sweep: far longer than any way from
// a body's commit to the commit of the row that refers to it.
const MinGrace = time.Hour

// Swept says what a Sweep removed.
type Swept struct {
	Bodies int   // no longer held
	Bytes  int64 // given back to the disk
}

// All calls yield with the name and size of every body until it returns false.
// A body that is being moved may come twice.
func (s *Store) All(ctx context.Context, yield func(id string, size int64) bool) error {
	more := true
	err := s.packs.each(func(n name, at place) bool {
		more = yield(hex.EncodeToString(n[:]), int64(at.size)) && ctx.Err() == nil
		return more
	})
	if err == nil {
		err = ctx.Err()
	}
	if err != nil || !more {
		return err
	}
	return s.eachFile(ctx, yield)
}

func (s *Store) eachFile(ctx context.Context, yield func(id string, size int64) bool) error {
	for i := range 256 {
		if err := ctx.Err(); err != nil {
			return err
		}
		entries, err := os.ReadDir(filepath.Join(s.dir, fmt.Sprintf("%02x", i)))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("list bodies: %w", err)
		}
		for _, e := range entries {
			if !Valid(e.Name()) {
				continue
			}
			fi, err := e.Info()
			if errors.Is(err, os.ErrNotExist) {
				continue // swept meanwhile
			}
			if err != nil {
				return fmt.Errorf("list bodies: %w", err)
			}
			if !yield(e.Name(), fi.Size()) {
				return nil
			}
		}
	}
	return nil
}

// Sweep removes the bodies that keep refuses and that nobody has committed for
// olderThan (raised to [MinGrace]). keep must answer true for every body that a
// row refers to, as of any moment after the call of Sweep. One Sweep at a time.
func (s *Store) Sweep(ctx context.Context, keep func(id string) bool, olderThan time.Duration) (Swept, error) {
	s.sweeping.Lock()
	defer s.sweeping.Unlock()
	limit := s.o.Now().Add(-max(olderThan, MinGrace))
	swept, err := s.sweepPacks(ctx, keep, limit)
	if err != nil {
		return swept, err
	}
	var failed error
	err = s.eachFile(ctx, func(id string, size int64) bool {
		if keep(id) {
			return true
		}
		removed, err := s.removeOlder(id, limit)
		if err != nil {
			failed = err
			return false
		}
		if removed {
			swept.Bodies++
			swept.Bytes += size
		}
		return true
	})
	return swept, errors.Join(err, failed)
}

// sweepPacks takes bodies out of the packs, and gives up packs that are then
// mostly unused. Bytes are counted when the disk gets them back.
func (s *Store) sweepPacks(ctx context.Context, keep func(id string) bool, limit time.Time) (swept Swept, err error) {
	const batch = 1000
	var names []name
	drop := func() error {
		gone, err := s.packs.forget(names, limit)
		swept.Bodies += len(gone)
		names = names[:0]
		return err
	}
	var failed error
	err = s.packs.each(func(n name, at place) bool {
		if at.stored <= limit.Unix() && !keep(hex.EncodeToString(n[:])) {
			names = append(names, n)
		}
		if len(names) >= batch {
			failed = drop()
		}
		return failed == nil && ctx.Err() == nil
	})
	if err = errors.Join(err, failed, ctx.Err()); err != nil {
		return swept, fmt.Errorf("sweep packs: %w", err)
	}
	if len(names) > 0 {
		if err := drop(); err != nil {
			return swept, fmt.Errorf("sweep packs: %w", err)
		}
	}
	swept.Bytes, err = s.packs.compact(ctx)
	if err != nil {
		return swept, fmt.Errorf("compact packs: %w", err)
	}
	return swept, nil
}

func (s *Store) removeOlder(id string, limit time.Time) (bool, error) {
	mu := s.stripe(id)
	mu.Lock()
	defer mu.Unlock()
	fi, err := os.Stat(s.path(id))
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("sweep body %s: %w", id, err)
	}
	if fi.ModTime().After(limit) {
		return false, nil
	}
	if err := os.Remove(s.path(id)); err != nil {
		return false, fmt.Errorf("sweep body %s: %w", id, err)
	}
	return true, nil
}
