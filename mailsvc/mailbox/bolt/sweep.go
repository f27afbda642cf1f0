package bolt

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"quangtri.gov.vn/vanthu/internal/groupcommit"
	"quangtri.gov.vn/vanthu/mailsvc"
)

// errStop ends a scan early.
var errStop = errors.New("stopped")

// Bodies calls yield with the body of every message, of some more than once,
// until it returns false. It sees all shards as of one moment, so that a body
// that is not among them has no row: what blob.Store's Sweep may remove. It
// fails on a damaged row, whose body must not be removed.
func (s *Store) Bodies(ctx context.Context, yield func(mailsvc.BlobID) bool) error {
	const op = "list bodies"
	all, err := s.snapshots()
	defer func() {
		for _, snap := range all {
			snap.End()
		}
	}()
	if err != nil {
		return s.fail(op, "", err)
	}
	for i, snap := range all {
		err := snap.Read(func(tx *bbolt.Tx) error {
			t := &txn{tx: tx, s: s, sh: s.shards[i]}
			return t.scan(bMessages, nil, func(k, raw []byte) error {
				row, err := decodeMessage(k, raw, false)
				if err == nil {
					err = t.complete(k, &row, false)
				}
				if err != nil {
					return err
				}
				if !yield(mailsvc.BlobID(hex.EncodeToString(row.blob[:]))) {
					return errStop
				}
				return ctx.Err()
			})
		})
		if errors.Is(err, errStop) {
			return nil
		}
		if err != nil {
			return s.fail(op, fmt.Sprint("shard ", i), err)
		}
	}
	return nil
}

// snapshots begins one on every shard, while no message is on its way from one
// to another. What it returns must be ended, also after an error.
func (s *Store) snapshots() ([]*groupcommit.Snapshot, error) {
	s.across.Lock()
	defer s.across.Unlock()
	var all []*groupcommit.Snapshot
	for _, sh := range s.shards {
		snap, err := sh.db.Snapshot()
		if err != nil {
			return all, err
		}
		all = append(all, snap)
	}
	return all, nil
}

// Accounts lists the accounts that have mailboxes, of each shard as of one moment.
func (s *Store) Accounts(ctx context.Context) (all []string, err error) {
	for _, sh := range s.shards {
		err := sh.db.View(func(tx *bbolt.Tx) error {
			t := &txn{tx: tx, s: s, sh: sh}
			return t.scan(bAccounts, nil, func(k, raw []byte) error {
				row, err := decodeAccount(k, raw)
				if err == nil && !row.deleted {
					all = append(all, string(k))
				}
				return errors.Join(err, ctx.Err())
			})
		})
		if err != nil {
			return nil, s.fail("list accounts", fmt.Sprint("shard ", sh.no), err)
		}
	}
	return all, nil
}
