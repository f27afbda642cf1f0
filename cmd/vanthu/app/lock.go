package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"quangtri.gov.vn/vanthu/internal/filelock"
)

// ErrRunning means that another vanthu holds the data directory.
var ErrRunning = errors.New("another vanthu is running on this data directory")

// lock takes the data directory for this process. The lock goes with the
// process, however it ends.
func lock(dir string) (*os.File, error) {
	path := filepath.Join(dir, "lock")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := filelock.Take(f, 0); err != nil {
		f.Close()
		if errors.Is(err, filelock.ErrHeld) {
			return nil, fmt.Errorf("%s: %w", dir, ErrRunning)
		}
		return nil, err
	}
	return f, nil
}
