package bolt

import (
	"context"
	"encoding/hex"
	"fmt"

	"go.etcd.io/bbolt"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// Bodies calls yield with the body of every message, of some more than once,
// until it returns false. It sees all shards as of one moment, so that a body
// that is not among them has no row: what blob.Store's Sweep may remove. It
// fails on a damaged row, whose body must not be removed.
func (s *Store) Bodies(ctx context.Context, yield func(mailsvc.BlobID) bool) error {
	const op = "list bodies"
	txs, end, err := s.snapshots()
	defer end()
	if err != nil {
		return s.fail(op, "", err)
	}
	for i, tx := range txs {
		t := &txn{tx: tx, s: s, sh: s.shards[i]}
		more := true
		err := t.scan(bMessages, nil, func(k, raw []byte) error {
			row, err := decodeMessage(k, raw, false)
			if err != nil {
				return err
			}
			if more = yield(mailsvc.BlobID(hex.EncodeToString(row.blob[:]))); !more {
				return errStop
			}
			return ctx.Err()
		})
		if !more {
			return nil
		}
		if err != nil {
			return s.fail(op, fmt.Sprint("shard ", i), err)
		}
	}
	return nil
}

type stop struct{}

func (stop) Error() string { return "stopped" }

var errStop = stop{}

// snapshots begins a transaction on every shard, while no message is on its way
// from one to another. end is never nil.
func (s *Store) snapshots() (txs []*bbolt.Tx, end func(), err error) {
	s.across.Lock()
	defer s.across.Unlock()
	var ends []func()
	end = func() {
		for _, e := range ends {
			e()
		}
	}
	for _, sh := range s.shards {
		tx, e, err := sh.db.Snapshot()
		if err != nil {
			return nil, end, err
		}
		txs, ends = append(txs, tx), append(ends, e)
	}
	return txs, end, nil
}
