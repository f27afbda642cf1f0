package document

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/tetratelabs/wazero"
)

// openCache opens the directory of compiled code. Whoever can write there can
// run code as the service, so it must belong to this user and be closed to
// everyone else.
func openCache(dir string) (wazero.CompilationCache, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("document: make cache directory %s: %w", dir, err)
	}
	if err := checkCache(dir); err != nil {
		return nil, err
	}
	c, err := wazero.NewCompilationCacheWithDir(dir)
	if err != nil {
		return nil, fmt.Errorf("document: open cache directory %s: %w", dir, err)
	}
	return c, nil
}

var errCacheOpen = errors.New("must be a directory of this user with mode 0700, because code in it is executed")

func checkCache(dir string) error {
	st, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("document: inspect cache directory %s: %w", dir, err)
	}
	own := true
	if s, ok := st.Sys().(*syscall.Stat_t); ok {
		own = int(s.Uid) == os.Geteuid()
	}
	if st.Mode()&fs.ModeSymlink != 0 || !st.IsDir() || st.Mode().Perm()&0o077 != 0 || !own {
		return fmt.Errorf("document: cache directory %s: %w", dir, errCacheOpen)
	}
	return nil
}
