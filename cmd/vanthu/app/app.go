// Package app puts vanthu together: it opens the stores of one data directory,
// wires them to each other in the one direction that the design allows, starts
// the listeners and stops them in order.
//
// It is the only place that knows every part. It decides nothing about a
// document or a mail.
//
// # The data directory
//
//	lock          held by the running process
//	complete      made when all of the following were there for the first time
//	control.sock  where the operator's commands reach it
//	directory.db  agencies, names, addresses and their history
//	accounts.db   accounts, password hashes, grants
//	dispatch.db   documents, recipients, states
//	queue.db      mail on its way to other servers
//	mail/         mailboxes
//	blobs/        bodies of messages and files of documents, by SHA-256
//	migrate/      which mail of old servers is here; may be deleted at any time
//	cache/        code of the PDF reader, compiled at first use
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"quangtri.gov.vn/vanthu/cmd/vanthu/config"
	"quangtri.gov.vn/vanthu/directory"
	"quangtri.gov.vn/vanthu/dispatch/document"
	"quangtri.gov.vn/vanthu/dispatch/engine"
	"quangtri.gov.vn/vanthu/internal/blob"
	"quangtri.gov.vn/vanthu/mailsvc"
	"quangtri.gov.vn/vanthu/mailsvc/identity"
	"quangtri.gov.vn/vanthu/mailsvc/mailbox"
	"quangtri.gov.vn/vanthu/mailsvc/mailbox/bolt"
	"quangtri.gov.vn/vanthu/mailsvc/queue"
)

// Options are what the configuration file does not say.
type Options struct {
	Logger *slog.Logger // nil: standard error, as the configuration says
	// NoLimits lifts the limits per address, for load tests.
	NoLimits bool
	// Insecure lets people log in without TLS, for demonstrations on loopback.
	Insecure bool
	// CacheDir holds the compiled PDF reader; "" means "cache" in the data directory.
	CacheDir string
	// RetryFirst is the wait after a first failed or cut transfer; 0 means the
	// queue's own, a minute.
	RetryFirst time.Duration
	// AllowDial refuses connections to other servers when it returns an error;
	// nil allows all.
	AllowDial func(network, address string) error
}

// App is one data directory, open.
type App struct {
	Config    config.Config
	Directory *directory.Register
	Accounts  *identity.Store
	Mailboxes *bolt.Store
	Bodies    mailbox.Bodies
	Queue     *queue.Queue
	Engine    *engine.Engine

	options Options
	log     *slog.Logger
	memory  *memoryPacer
	reads   *document.Reader
	lock    *os.File
	closers []func() error // in order of opening
	serving atomic.Bool    // workers and listeners are running
	copying sync.Map       // account -> being copied into from an old server
	httpURL atomic.Value   // string: where HTTP really listens, when the port was left open
}

// Open opens or creates everything in the data directory. It fails with
// ErrRunning if another process has it.
func Open(cfg config.Config, o Options) (*App, error) {
	if o.Logger == nil {
		o.Logger = newLogger(cfg.Log)
	}
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return nil, err
	}
	f, err := lock(cfg.DataDir)
	if err != nil {
		return nil, err
	}
	a := &App{Config: cfg, options: o, log: o.Logger, lock: f, memory: newMemoryPacer(), closers: []func() error{f.Close}}
	for _, step := range []func() error{a.allThere, a.openDirectory, a.openAccounts, a.openMail, a.openQueue, a.openEngine, a.markComplete} {
		if err := step(); err != nil {
			return nil, errors.Join(err, a.Close())
		}
	}
	return a, nil
}

// Close releases everything, last opened first.
func (a *App) Close() error {
	var errs []error
	for i := len(a.closers) - 1; i >= 0; i-- {
		errs = append(errs, a.closers[i]())
	}
	a.closers = nil
	return errors.Join(errs...)
}

func (a *App) path(name string) string { return filepath.Join(a.Config.DataDir, name) }

// fatal ends the process: what was acknowledged is on disk, what is in memory
// can no longer be trusted to get there.
func (a *App) fatal(err error) {
	a.log.Error("storage failed; stopping so that nothing false is acknowledged", "cause", err)
	os.Exit(70)
}

func (a *App) openDirectory() (err error) {
	a.Directory, err = directory.Open(a.path("directory.db"), a.fatal)
	if err != nil {
		return err
	}
	a.closers = append(a.closers, a.Directory.Close)
	return nil
}

func (a *App) openMail() error {
	if err := a.openBodies(); err != nil {
		return err
	}
	return a.openMailboxes()
}

func (a *App) openBodies() error {
	blobs, err := blob.Open(a.path("blobs"), blob.Options{Fatal: a.fatal, Logger: a.log})
	if err != nil {
		return err
	}
	a.closers = append(a.closers, blobs.Close)
	a.Bodies = mailbox.Bodies{Store: blobs}
	return nil
}

func (a *App) openMailboxes() (err error) {
	a.Mailboxes, err = bolt.Open(a.path("mail"), bolt.Options{Fatal: a.fatal, Quota: a.Accounts.Quota, Logger: a.log})
	if err == nil {
		a.closers = append(a.closers, a.Mailboxes.Close)
		return nil
	}
	if errors.Is(err, mailsvc.ErrDamaged) || errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("tệp hộp thư bị hỏng hoặc thiếu. %s / mailbox files are damaged or missing: %w", advice["mail"], err)
	}
	return err
}

func (a *App) openEngine() (err error) {
	if a.reads, err = a.reader(); err != nil {
		return err
	}
	a.Engine, err = engine.Open(a.Config.DataDir, engine.Options{
		Directory: a.Directory.Snapshot, Identities: a.Accounts, Mailboxes: a.Mailboxes, Blobs: a.Bodies, Queue: a.Queue,
		Read: a.reads.Read, Domain: a.Config.Domain, IssueAddress: a.Config.IssueMailbox(), BaseURL: a.publicURL,
		MaxAttachment: int64(a.Config.Dispatch.MaxAttachment), Today: a.today,
		Now: time.Now, Logger: a.log, Fatal: a.fatal,
	})
	if err != nil {
		return err
	}
	a.closers = append(a.closers, a.Engine.Close)
	return nil
}

// WorkerCommand is the hidden sub-command under which the binary reads one
// untrusted document.
const WorkerCommand = "document-worker"

func (a *App) reader() (*document.Reader, error) {
	cache := a.options.CacheDir
	if cache == "" {
		cache = a.path("cache")
	}
	return NewReader(cache)
}

// today is the day on which mail is delivered: the real one, or the one that
// the configuration sets for exercises with sample data.
func (a *App) today() directory.Date {
	if d := a.Config.Dispatch.AsOf; d != "" {
		return directory.Date(d)
	}
	return directory.DateOf(time.Now().In(a.Config.Location()))
}

// clock is the time that the public pages go by; see today.
func (a *App) clock() time.Time {
	if t, err := time.ParseInLocation(time.DateOnly, a.Config.Dispatch.AsOf, a.Config.Location()); err == nil {
		return t
	}
	return time.Now()
}

// publicURL is the base of links. A configuration for a demonstration leaves the
// port open; then it is the one that was found.
func (a *App) publicURL() string {
	if found, ok := a.httpURL.Load().(string); ok {
		return found
	}
	return a.Config.Dispatch.PublicURL
}

func newLogger(c config.Log) *slog.Logger {
	o := &slog.HandlerOptions{Level: c.SlogLevel()}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, o))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, o))
}

// LoopbackOnly is an Options.AllowDial that refuses every dial that would leave
// the machine, for demonstrations and tests.
func LoopbackOnly(network, address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("dial %s: only loopback is allowed here", address)
	}
	return nil
}

// background is a goroutine that ends with its context.
func background(ctx context.Context, run func(context.Context) error) (wait func() error) {
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	return func() error { return <-done }
}
