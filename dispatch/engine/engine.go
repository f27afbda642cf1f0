// Package engine issues documents: it takes a file from a clerk, passes it
// through the secrecy gate, works out who gets it, and carries every copy to an
// end that a person can read.
//
// # What always holds
//
// Nothing of a document is on disk before the secrecy gate has let it pass.
//
// Issuing is one transaction: the document, one row a recipient, the work to be
// done and the log entries are committed together, or none of them is. The same
// number, year and issuer cannot be committed twice.
//
// The worker only does effects that can be repeated: a local delivery and a
// queued mail carry the recipient's delivery id, so after a crash the worker
// does all open work again and nobody gets anything twice. What became of a copy
// is written by [dispatch.Next] alone, one transaction a step.
//
// The clerk hears of every document by mail: at once, after an answer, and when
// a copy fails later. Reports are rows too and survive a crash.
package engine

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"quangtri.gov.vn/vanthu/directory"
	"quangtri.gov.vn/vanthu/dispatch"
	"quangtri.gov.vn/vanthu/internal/groupcommit"
	"quangtri.gov.vn/vanthu/mailsvc"
)

// Options are what an engine stands on. All are required unless said otherwise.
type Options struct {
	Directory  func() *directory.Snapshot
	Identities mailsvc.Identities
	Mailboxes  mailsvc.Store
	Blobs      mailsvc.Blobs
	Queue      mailsvc.Queue
	// Read reads a document; it must be safe for concurrent use.
	Read func(ctx context.Context, name string, data []byte) dispatch.Reading

	Domain       string // the served mail domain
	IssueAddress string // phathanh@DOMAIN
	// BaseURL is the address of the public pages, without a trailing slash; ""
	// means that documents have no page.
	BaseURL func() string
	// MaxAttachment is the size in bytes of all files of a document above which
	// only the link is sent.
	MaxAttachment int64
	// Today overrides the day on which mail is delivered, for exercises with
	// sample data. Nil means the day of Now.
	Today func() directory.Date

	Now    func() time.Time
	Logger *slog.Logger
	// Fatal is called when durability can no longer be promised.
	Fatal func(error)
}

// Engine issues documents. Its methods are safe for concurrent use.
type Engine struct {
	Options
	db *groupcommit.DB

	wake chan struct{} // there is work for the worker
	mu   sync.Mutex
	subs map[chan struct{}]bool // watchers of any change
}

// Open opens or creates the engine's file in dir.
func Open(dir string, o Options) (*Engine, error) {
	if o.Today == nil {
		o.Today = func() directory.Date { return directory.DateOf(o.Now().In(vietnam)) }
	}
	db, err := groupcommit.Open(filepath.Join(dir, "dispatch.db"), groupcommit.Options{Fatal: o.Fatal})
	if err != nil {
		return nil, fmt.Errorf("open dispatch store: %w", err)
	}
	e := &Engine{Options: o, db: db, wake: make(chan struct{}, 1), subs: make(map[chan struct{}]bool)}
	if err := e.createBuckets(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return e, nil
}

// Close releases the file. Run must have returned.
func (e *Engine) Close() error { return e.db.Close() }

// Watch returns a channel that gets a token after any document changed. Call
// stop to end it.
func (e *Engine) Watch() (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	e.mu.Lock()
	e.subs[c] = true
	e.mu.Unlock()
	return c, func() {
		e.mu.Lock()
		delete(e.subs, c)
		e.mu.Unlock()
	}
}

// changed tells watchers and the worker that something was committed.
func (e *Engine) changed() {
	nudge(e.wake)
	e.mu.Lock()
	defer e.mu.Unlock()
	for c := range e.subs {
		nudge(c)
	}
}

func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

var idEncoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// newID returns a time-ordered random name: 48 bits of milliseconds, 72 random.
func newID(now time.Time) dispatch.DocumentID {
	var b [15]byte
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(now.UnixMilli()))
	copy(b[:6], ms[2:])
	rand.Read(b[6:])
	return dispatch.DocumentID(idEncoding.EncodeToString(b[:]))
}

// newToken returns 160 random bits for a link that must not be guessed.
func newToken() string {
	var b [20]byte
	rand.Read(b[:])
	return idEncoding.EncodeToString(b[:])
}

// Refusal is why a document was not issued: one sentence for the clerk, a kind
// for the program. It carries nothing of the document.
type Refusal struct {
	Code    string // "secret", "undeclared", "no-document", "duplicate", ...
	Message string // Vietnamese: what is wrong and what to do
}

func (r *Refusal) Error() string { return r.Message }

func refuse(code, format string, args ...any) *Refusal {
	return &Refusal{Code: code, Message: fmt.Sprintf(format, args...)}
}

// localPart returns the domain of an address when it has one.
func domainOf(address string) string {
	_, d, _ := strings.Cut(address, "@")
	return d
}
