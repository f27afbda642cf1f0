package groupcommit

import (
	"os"

	"go.etcd.io/bbolt"
)

// ahead keeps the pages behind the last used one written with zeros.
//
// A flush that puts data where the file had none must also write the file
// system's journal; over blocks that were written before, it writes the data
// only, in about half the time. What lies behind the last used page is referred
// to by nothing, so it may hold anything.
type ahead struct {
	file *os.File // bbolt's own; nil until it is open
	size int64    // bytes to have written at least
	end  int64    // where what was written so far ends
}

// open is an OpenFile for bbolt that remembers the file.
func (a *ahead) open(path string, flag int, mode os.FileMode) (*os.File, error) {
	f, err := os.OpenFile(path, flag, mode)
	a.file = f
	return f, err
}

// extend is called before each commit, by the owner, with the transaction open:
// used is the size of the database before it. Zeros that cannot be written are
// no failure: the commit itself finds out whether the disk is full.
func (a *ahead) extend(tx *bbolt.Tx) {
	used := tx.Size()
	if a.size == 0 || a.end >= used+a.size/8 {
		return
	}
	zeros := make([]byte, 64<<10)
	from := max(a.end, used)
	a.end = used + a.size // also after a failure: the next is tried as much further on
	for from < a.end {
		n, err := a.file.WriteAt(zeros[:min(int64(len(zeros)), a.end-from)], from)
		if err != nil {
			return
		}
		from += int64(n)
	}
}
