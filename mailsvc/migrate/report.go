package migrate

import (
	"errors"
	"fmt"
)

// Report is what became of one mailbox.
type Report struct {
	User    string   `json:"user"` // on the old server
	Account string   `json:"account"`
	Dry     bool     `json:"dry_run,omitempty"` // nothing was copied; New says what would be
	Folders []Folder `json:"folders"`
	// Refusals are the messages that could not be copied, at most MaxListed of
	// them; Refused counts all.
	Refusals []Refusal `json:"refusals"`
	Refused  int       `json:"refused"`
	// Skipped are folders of the old server that hold nothing of this person.
	Skipped []string `json:"skipped,omitempty"`
	// Error says in Vietnamese why the copying ended early, and what to do.
	Error string `json:"error,omitempty"`
}

// MaxListed bounds the refusals that a report lists.
const MaxListed = 1000

// Folder is what became of one folder. In a dry run New counts what would be
// copied; otherwise Copied does.
type Folder struct {
	From     string `json:"from"` // as the old server names it, readable
	To       string `json:"to"`
	Messages int    `json:"messages"` // on the old server
	New      int    `json:"new"`      // not here when the folder was opened
	Copied   int    `json:"copied"`
	Present  int    `json:"present"` // here from an earlier run
	Refused  int    `json:"refused"`
	Reflag   int    `json:"reflagged"` // flags carried over
	Bytes    int64  `json:"bytes"`     // copied, or to be copied
	Error    string `json:"error,omitempty"`
}

// Refusal is one message that was not copied.
type Refusal struct {
	Folder string `json:"folder"` // on the old server
	UID    uint32 `json:"uid"`
	Size   int64  `json:"size"`
	Why    string `json:"why"`  // one of the Why values
	Text   string `json:"text"` // Vietnamese
}

// Why a message was not copied.
const (
	WhyTooLarge = "too-large"
	WhyQuota    = "over-quota"
	WhyNoBody   = "no-body"
	WhyBroken   = "broken"
	WhyStore    = "store"
)

// Copied sums over all folders.
func (r *Report) Copied() (messages int, bytes int64) {
	for _, f := range r.Folders {
		messages += f.Copied
		bytes += f.Bytes
	}
	return messages, bytes
}

// Complete reports whether everything is here now.
func (r *Report) Complete() bool {
	for _, f := range r.Folders {
		if f.Error != "" {
			return false
		}
	}
	return r.Error == "" && r.Refused == 0
}

func (r *Report) refuse(f *Folder, it item, why, text string) {
	f.Refused++
	r.Refused++
	if len(r.Refusals) < MaxListed {
		r.Refusals = append(r.Refusals, Refusal{f.From, it.uid, it.size, why, text})
	}
}

// Failure is why a mailbox, or one of its folders, could not be read on.
type Failure struct {
	Text  string // Vietnamese: what happened and what to do
	Cause error  // may be nil
	ends  scope
}

// scope is what a failure ends.
type scope int

const (
	connectionOnly scope = iota // a new one may do better
	folderOnly
	wholeMailbox
)

func (f *Failure) Error() string {
	if f.Cause == nil {
		return f.Text
	}
	return fmt.Sprintf("%s (%v)", f.Text, f.Cause)
}

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Cause }

func passing(text string, cause error) error { return &Failure{text, cause, connectionOnly} }
func lasting(text string, cause error) error { return &Failure{text, cause, wholeMailbox} }

// inFolder is a failure that leaves the other folders alone.
func inFolder(text string, cause error) error { return &Failure{text, cause, folderOnly} }

func isEnd(err error, of scope) bool {
	var f *Failure
	return errors.As(err, &f) && f.ends == of
}

func isPassing(err error) bool { return isEnd(err, connectionOnly) }

// Progress is where the copying of one mailbox stands.
type Progress struct {
	Account string `json:"account"`
	Folder  string `json:"folder"` // on the old server
	At      int    `json:"at"`     // which folder, from 1
	Of      int    `json:"of"`
	Done    int    `json:"done"` // messages of this folder that need no more work
	Total   int    `json:"total"`
	Copied  int    `json:"copied"` // messages of the mailbox copied in this run
	Bytes   int64  `json:"bytes"`
	Note    string `json:"note,omitempty"` // Vietnamese: a difficulty that is being dealt with
}

// size is a number of bytes for people.
func size(n int64) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d byte", n)
}
