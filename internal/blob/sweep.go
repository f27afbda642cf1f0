package blob

import (
	"context"
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
	Bodies int
	Bytes  int64
}

// All calls yield with the name and size of every body until it returns false.
func (s *Store) All(ctx context.Context, yield func(id string, size int64) bool) error {
	for i := range 256 {
		if err := ctx.Err(); err != nil {
			return err
		}
		entries, err := os.ReadDir(filepath.Join(s.dir, fmt.Sprintf("%02x", i)))
		if err != nil {
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
// row refers to, as of any moment after the call of Sweep.
func (s *Store) Sweep(ctx context.Context, keep func(id string) bool, olderThan time.Duration) (Swept, error) {
	limit := s.o.Now().Add(-max(olderThan, MinGrace))
	var swept Swept
	var failed error
	err := s.All(ctx, func(id string, size int64) bool {
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
