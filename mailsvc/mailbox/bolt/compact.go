package bolt

import (
	"fmt"
	"path/filepath"

	"quangtri.gov.vn/vanthu/internal/groupcommit"
)

// Compact writes the files of a store that is not open anew, without the space
// that deleted messages have left. It returns the bytes in use before and after.
func Compact(dir string) (before, after int64, err error) {
	n, err := readFormat(dir)
	if err != nil {
		return 0, 0, fmt.Errorf("compact mailboxes %s: %w", dir, err)
	}
	if err := settle(dir, n); err != nil {
		return 0, 0, fmt.Errorf("compact mailboxes %s: %w", dir, err)
	}
	for i := range n {
		path := filepath.Join(dir, shardFile(i))
		b, a, err := groupcommit.Compact(path)
		if err == nil {
			err = renewHistory(path)
		}
		if err != nil {
			return before, after, fmt.Errorf("compact mailboxes: %w", err)
		}
		before, after = before+b, after+a
	}
	return before, after, nil
}
