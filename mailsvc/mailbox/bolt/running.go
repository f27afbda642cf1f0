package bolt

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"quangtri.gov.vn/vanthu/internal/flush"
	"quangtri.gov.vn/vanthu/internal/groupcommit"
	"quangtri.gov.vn/vanthu/mailsvc"
)

// RunningName is the file that is there while a store is open, and afterwards if
// it was not closed: one line a shard, its number and the generation of its
// journal when it was opened. A shard whose journal has not come as far, or
// belongs to another file, lacks changes that were acknowledged: to go on with it
// would lose them in silence, and give their UIDs to other messages.
const RunningName = "running"

// markRunning notes how far the journals are. On a full disk, where only deleting
// helps, what was noted before stays: it holds too.
func (s *Store) markRunning(dir string) error {
	var b []byte
	for _, sh := range s.shards {
		generation, _, err := groupcommit.JournalState(filepath.Join(dir, shardFile(sh.no)))
		if err != nil {
			return err
		}
		b = fmt.Appendf(b, "%d %d\n", sh.no, generation)
	}
	s.running = filepath.Join(dir, RunningName)
	err := writeWhole(s.running, b, !s.o.NoSync)
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG) {
		s.o.Logger.Warn("no room to note that the mailboxes are open", "err", err)
		return nil
	}
	return err
}

// markStopped notes that the files stand for themselves. That it is so notes
// itself with the next change of the directory; until then the journals tell.
func (s *Store) markStopped() error {
	err := os.Remove(s.running)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// lostJournal says of a shard that was not closed whether its journal has not come
// as far as it had, and else whether it belongs to another file than is there.
func lostJournal(dir string, i int) (lost, foreign bool, err error) {
	b, err := os.ReadFile(filepath.Join(dir, RunningName))
	if errors.Is(err, os.ErrNotExist) {
		return false, false, nil
	}
	if err != nil {
		return false, false, err
	}
	for line := range bytes.Lines(b) {
		var no int
		var least uint64
		if _, err := fmt.Sscanf(string(line), "%d %d\n", &no, &least); err != nil || no != i {
			continue
		}
		generation, fits, err := groupcommit.JournalState(filepath.Join(dir, shardFile(i)))
		return generation < least, !fits, err
	}
	return false, false, nil
}

// journalThere returns ErrDamaged if the shard was not closed and its journal is
// not what it must be since.
func journalThere(dir string, i int) error {
	lost, foreign, err := lostJournal(dir, i)
	if err == nil && (lost || foreign) {
		return errJournal(i)
	}
	return err
}

func errJournal(i int) error {
	return fmt.Errorf("%w: shard %d was not closed, and its journal is missing or does not belong to it: what was acknowledged last is not there", mailsvc.ErrDamaged, i)
}

// settle brings what journals hold into the files of a store that is not open, so
// that these stand for themselves.
func settle(dir string, n int) error {
	if _, err := os.Stat(filepath.Join(dir, RunningName)); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	for i := range n {
		if err := journalThere(dir, i); err != nil {
			return err
		}
		var broken error
		db, err := groupcommit.Open(filepath.Join(dir, shardFile(i)), groupcommit.Options{Fatal: func(err error) { broken = err }, MmapSize: repairMmap})
		if err == nil {
			err = errors.Join(db.Close(), broken)
		}
		if err != nil {
			return err
		}
	}
	return forgetRunning(dir)
}

// forgetShard takes a shard out of what the file says: it stands for itself.
func forgetShard(dir string, i int) error {
	path := filepath.Join(dir, RunningName)
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var left []byte
	for line := range bytes.Lines(b) {
		if !bytes.HasPrefix(line, fmt.Appendf(nil, "%d ", i)) {
			left = append(left, line...)
		}
	}
	return writeWhole(path, left, true)
}

// forgetRunning says that all files stand for themselves.
func forgetRunning(dir string) error {
	if err := os.Remove(filepath.Join(dir, RunningName)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return flush.Dir(dir)
}
