package app

import (
	"context"
	"encoding/hex"
	"errors"
	"path/filepath"
	"time"

	"quangtri.gov.vn/vanthu/internal/blob"
	"quangtri.gov.vn/vanthu/mailsvc"
)

// Bodies that no row refers to any longer are removed once a night, when they
// have been so for a day.
const (
	sweepHour  = 3 // local time
	sweepGrace = 24 * time.Hour
)

// errAside means that damaged files of a repair are still kept.
var errAside = errors.New("damaged files of a repair are kept in the mail directory: no body is removed while they are there")

// sweepNightly sweeps every night until ctx ends. What stops a sweep is told and
// tried again the next night: nothing depends on it but disk space.
func (a *App) sweepNightly(ctx context.Context) error {
	nightly(ctx, a.Config.Location(), func() {
		swept, err := a.Sweep(ctx)
		switch {
		case errors.Is(err, errAside):
			a.log.Warn("bodies not swept", "cause", err)
		case err != nil && ctx.Err() == nil:
			a.log.Error("bodies not swept", "cause", err)
		case err == nil:
			a.log.Info("bodies swept", "removed", swept.Bodies, "bytes", swept.Bytes)
		}
		if err := a.Mailboxes.KeepHistory(ctx); err != nil && ctx.Err() == nil {
			a.log.Error("history of mailboxes not kept", "cause", err)
		}
	})
	return nil
}

// nightly calls run at sweepHour of every day until ctx ends.
func nightly(ctx context.Context, at *time.Location, run func()) {
	for {
		now := time.Now().In(at)
		next := time.Date(now.Year(), now.Month(), now.Day(), sweepHour, 0, 0, 0, at)
		if !next.After(now) {
			next = next.AddDate(0, 0, 1)
		}
		timer := time.NewTimer(next.Sub(now))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
			run()
		}
	}
}

// Sweep removes the bodies that nothing refers to and that nobody has committed
// for a day. It cannot race a delivery: a body on its way to a row was committed
// a moment ago, and so is young; and a body that passes from one store to the next
// is seen in one of them, since they are read in the order in which mail goes.
// After a repair nothing is removed until the damaged file is taken away.
func (a *App) Sweep(ctx context.Context) (blob.Swept, error) {
	aside, err := a.aside()
	if err != nil || len(aside) > 0 {
		return blob.Swept{}, errors.Join(err, errAside)
	}
	kept, err := a.references(ctx)
	if err != nil {
		return blob.Swept{}, err // a damaged row may refer to any body
	}
	return a.Bodies.Store.Sweep(ctx, func(id string) bool { return kept[bodyName(id)] }, sweepGrace)
}

// aside lists the damaged files that repairs have kept.
func (a *App) aside() ([]string, error) {
	return filepath.Glob(filepath.Join(a.path("mail"), "*.damaged-*"))
}

// name of a body in binary: there are many, and all are in memory at once.
type name [32]byte

func bodyName(id string) (n name) {
	_, _ = hex.Decode(n[:], []byte(id)) // what is not a name becomes no body's
	return n
}

// references returns every body that something refers to: files of documents,
// mail on its way, mailboxes, in this order.
func (a *App) references(ctx context.Context) (map[name]bool, error) {
	kept := make(map[name]bool)
	held, err := a.Engine.Holds()
	if err != nil {
		return nil, err
	}
	for id := range held {
		if blob.Valid(id) {
			kept[bodyName(id)] = true
		}
	}
	note := func(id mailsvc.BlobID) bool {
		kept[bodyName(string(id))] = true
		return ctx.Err() == nil
	}
	if err := a.Queue.References(note); err != nil {
		return nil, err
	}
	if err := a.Mailboxes.Bodies(ctx, note); err != nil {
		return nil, err
	}
	return kept, ctx.Err()
}
