package app

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"

	"quangtri.gov.vn/vanthu/cmd/vanthu/config"
	"quangtri.gov.vn/vanthu/internal/blob"
	"quangtri.gov.vn/vanthu/mailsvc"
	"quangtri.gov.vn/vanthu/mailsvc/mailbox/bolt"
	"quangtri.gov.vn/vanthu/mailsvc/mime"
)

// Repairs is what a repair did.
type Repairs struct {
	Shards  []bolt.Repaired `json:"shards"`
	Orphans int             `json:"orphans"` // bodies that no row refers to
	Into    string          `json:"into,omitempty"`
	Placed  int             `json:"placed"` // of these, in the account's rescue folder now
	// Found are the bodies that could be read again after all packs were searched.
	Found int `json:"found,omitempty"`
	// Missing are the files of the data directory that were gone: they are empty now.
	Missing []string `json:"missing,omitempty"`
}

// RepairStore rebuilds the mailbox files that are damaged, and the index of
// bodies as far as one that is referred to cannot be read. Messages whose row is
// lost but whose body is there are put into the folder [bolt.RescueFolder] of the
// account into, if one is named; that can be done in a later run too, as long as
// the damaged file is kept. The server must not run.
func RepairStore(ctx context.Context, cfg config.Config, into string) (r Repairs, err error) {
	a, err := locked(cfg)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	for _, m := range a.missing() {
		r.Missing = append(r.Missing, m.file)
	}
	if err := errors.Join(a.openAccounts(), a.openBodies()); err != nil {
		return r, err
	}
	if into != "" {
		acc, err := a.Accounts.Account(into)
		if err != nil {
			return r, fmt.Errorf("không có tài khoản %s / no such account: %w", into, err)
		}
		r.Into = acc.Address
	}
	search := &search{bodies: a.Bodies.Store, ctx: ctx}
	if r.Shards, err = a.repairMail(ctx, search); err != nil {
		return r, err
	}
	for _, step := range []func() error{a.openDirectory, a.openMailboxes, a.openQueue, a.openEngine} {
		if err := step(); err != nil {
			return r, err
		}
	}
	refs, err := a.references(ctx)
	if err != nil {
		return r, err
	}
	for n := range refs {
		search.whole(mailsvc.BlobID(hex.EncodeToString(n[:])))
	}
	if r.Found = search.found; search.err != nil {
		return r, search.err
	}
	if aside, err := a.aside(); err != nil || len(aside) == 0 {
		return r, err
	}
	if err := a.mailboxesForAll(ctx); err != nil {
		return r, err
	}
	return r, a.placeOrphans(ctx, refs, &r)
}

// search makes sure of bodies. Only when one cannot be read does it go through
// all packs, once.
type search struct {
	bodies *blob.Store
	ctx    context.Context
	finder *blob.Finder
	found  int
	err    error // of the search itself
}

// whole reports whether a body can be read, now or after a search for it.
func (s *search) whole(id mailsvc.BlobID) bool {
	if s.bodies.Verify(string(id)) == nil {
		return true
	}
	if s.finder == nil && s.err == nil {
		s.finder, s.err = s.bodies.Finder(s.ctx)
	}
	if s.err != nil || s.finder.Restore(string(id)) != nil || s.bodies.Verify(string(id)) != nil {
		return false
	}
	s.found++
	return true
}

// mailboxesForAll makes the mailbox of an account that has none left.
func (a *App) mailboxesForAll(ctx context.Context) error {
	for _, acc := range a.Accounts.List() {
		if err := a.Mailboxes.CreateAccount(ctx, acc.Address, folders()); err != nil {
			return err
		}
	}
	return nil
}

func (a *App) repairMail(ctx context.Context, s *search) ([]bolt.Repaired, error) {
	o := bolt.RepairOptions{Folders: folders(), Logger: a.log, Held: s.whole}
	o.Anew = slices.ContainsFunc(a.missing(), func(m part) bool { return m.part == "mail" }) // there was one
	o.Index = func(id mailsvc.BlobID) ([]byte, error) {
		if !s.whole(id) {
			return nil, &mailsvc.Error{Op: "read body", Subject: string(id), Kind: mailsvc.ErrDamaged}
		}
		m, err := a.read(id)
		return m.Index, err
	}
	for _, acc := range a.Accounts.List() {
		o.Accounts = append(o.Accounts, acc.Address)
	}
	return bolt.Repair(ctx, a.path("mail"), o)
}

// read makes a row of a body that is held: committing it again is cheap.
func (a *App) read(id mailsvc.BlobID) (mailsvc.NewMessage, error) {
	b, err := a.Bodies.Open(id)
	if err != nil {
		return mailsvc.NewMessage{}, err
	}
	defer b.Close()
	m, err := mime.Ingest(a.Bodies, io.NewSectionReader(b, 0, b.Size()))
	if err == nil && m.Blob != id {
		err = &mailsvc.Error{Op: "read body", Subject: string(id), Kind: mailsvc.ErrDamaged}
	}
	return m, err
}

// placeOrphans puts the bodies that nothing refers to where somebody sees them.
// The body's name is the delivery's id: a second run places nothing twice.
func (a *App) placeOrphans(ctx context.Context, kept map[name]bool, r *Repairs) error {
	var orphans []name
	err := a.Bodies.Store.All(ctx, func(id string, _ int64) bool {
		if n := bodyName(id); !kept[n] {
			kept[n] = true
			orphans = append(orphans, n)
		}
		return true
	})
	r.Orphans = len(orphans)
	if err != nil || r.Into == "" {
		return err
	}
	for _, n := range orphans {
		if err := ctx.Err(); err != nil {
			return err
		}
		m, err := a.read(mailsvc.BlobID(hex.EncodeToString(n[:])))
		if errors.Is(err, mailsvc.ErrDamaged) {
			a.log.Error("body without a row is damaged", "body", hex.EncodeToString(n[:]))
			continue
		}
		if err != nil {
			return err
		}
		target := mailsvc.Target{Account: r.Into, Folder: bolt.RescueFolder}
		d := mailsvc.Delivery{ID: "rescue " + string(m.Blob), Always: true, Targets: []mailsvc.Target{target}, Message: m}
		if err := errors.Join(a.Mailboxes.Deliver(ctx, d)...); err != nil {
			return err
		}
		r.Placed++
	}
	return nil
}
