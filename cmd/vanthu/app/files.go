package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"quangtri.gov.vn/vanthu/mailsvc/mailbox/bolt"
)

// completeName is written once every file of a data directory is there. From then
// on one that is gone is a loss, and not made anew in silence: an empty
// accounts.db would shut everybody out, an empty queue.db would drop mail.
const completeName = "complete"

// errMissing means that a file of a data directory in use is gone.
var errMissing = errors.New("a file of the data directory is missing")

// part is a file and what it is called in a report.
type part struct{ part, file string }

var controlFiles = []part{
	{"directory", "directory.db"}, {"accounts", "accounts.db"}, {"queue", "queue.db"}, {"dispatch", "dispatch.db"},
	{"mail", filepath.Join("mail", bolt.FormatName)}, {"blobs", "blobs"},
}

func (p part) err() error {
	return fmt.Errorf("%w: thiếu tệp %s / %s is missing", errMissing, p.file, p.file)
}

// missing returns what is gone of a data directory that was complete.
func (a *App) missing() (gone []part) {
	if _, err := os.Stat(a.path(completeName)); err != nil {
		return nil
	}
	for _, p := range controlFiles {
		if _, err := os.Stat(a.path(p.file)); errors.Is(err, fs.ErrNotExist) {
			gone = append(gone, p)
		}
	}
	return gone
}

// allThere refuses a data directory of which something is gone.
func (a *App) allThere() error {
	var errs []error
	for _, p := range a.missing() {
		errs = append(errs, fmt.Errorf("%w. %s. Nếu không có bản sao lưu: vanthu store repair", p.err(), advice[p.part]))
	}
	return errors.Join(errs...)
}

// markComplete notes that all files are there.
func (a *App) markComplete() error {
	if _, err := os.Stat(a.path(completeName)); err == nil {
		return nil
	}
	f, err := os.OpenFile(a.path(completeName), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	d, err := os.Open(a.Config.DataDir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
