package queue

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// On disk:
//
//	items    id, 8 octets big-endian -> CRC-32C in hexadecimal, a space, the row in JSON
//	keys     key -> id of its item, or "d" and the time at which it was done with
//	damaged  what stood in items under an id, if it cannot be read
//
// A damaged row is never guessed at: it is put aside when it is met on opening,
// and its key, if it is known, is answered for as Unsure.
//
// A key that is done with stays for a while, so that a late repetition of its
// Enqueue is still a no-op.
var (
	bItems   = []byte("items")
	bKeys    = []byte("keys")
	bDamaged = []byte("damaged")
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// row is one item.
type row struct {
	ID uint64 `json:"-"`
	mailsvc.Outgoing
	Phase    mailsvc.Phase
	Final    bool `json:",omitempty"` // the final dot may have been written
	Attempts int
	Created  time.Time
	Next     time.Time
	Changed  time.Time
	Reply    string `json:",omitempty"`
}

// settled reports whether nothing more is done with the message itself.
func (r row) settled() bool { return r.Phase != mailsvc.Waiting }

// owesNotice reports whether the sender is to be told before the row may go. An
// untracked row that is delivered is on disk only for that.
func (r row) owesNotice() bool {
	if r.Tracked || r.From == "" {
		return false
	}
	switch r.Phase {
	case mailsvc.Bounced, mailsvc.Unsure:
		return r.wants("FAILURE")
	case mailsvc.Delivered:
		return r.wants("SUCCESS")
	}
	return false
}

// wants reports whether the sender asked for a notification, RFC 3461 section 4.1.
func (r row) wants(what string) bool {
	if r.Notify == "" {
		return what == "FAILURE"
	}
	return slices.Contains(strings.Split(r.Notify, ","), what)
}

func (r row) outcome() mailsvc.Outcome {
	o := mailsvc.Outcome{Key: r.Key, Phase: r.Phase, Attempts: r.Attempts, Reply: r.Reply, Changed: r.Changed}
	if r.Phase == mailsvc.Waiting {
		o.Next = r.Next
	}
	return o
}

func idKey(id uint64) []byte { return binary.BigEndian.AppendUint64(nil, id) }

func encode(r row) ([]byte, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	return append(fmt.Appendf(nil, "%08x ", crc32.Checksum(body, castagnoli)), body...), nil
}

var errRow = errors.New("row is damaged")

func decode(id, value []byte) (row, error) {
	sum, body, _ := bytes.Cut(value, []byte(" "))
	want, err := hex.DecodeString(string(sum))
	if err != nil || len(want) != 4 || len(id) != 8 || binary.BigEndian.Uint32(want) != crc32.Checksum(body, castagnoli) {
		return row{}, errRow
	}
	var r row
	if err := json.Unmarshal(body, &r); err != nil {
		return row{}, fmt.Errorf("%w: %w", errRow, err)
	}
	r.ID = binary.BigEndian.Uint64(id)
	return r, nil
}

// tables returns both buckets, which Open has made.
func tables(tx *bbolt.Tx) (items, keys *bbolt.Bucket) { return tx.Bucket(bItems), tx.Bucket(bKeys) }

func put(tx *bbolt.Tx, r row) error {
	v, err := encode(r)
	if err != nil {
		return err
	}
	items, _ := tables(tx)
	return items.Put(idKey(r.ID), v)
}

// drop removes the row; its key is remembered as done.
func drop(tx *bbolt.Tx, r row, at time.Time) error {
	items, keys := tables(tx)
	if err := items.Delete(idKey(r.ID)); err != nil {
		return err
	}
	return keys.Put([]byte(r.Key), binary.BigEndian.AppendUint64([]byte("d"), uint64(at.Unix())))
}

// doneAt reads a key that is done with.
func doneAt(v []byte) (time.Time, bool) {
	if len(v) != 9 || v[0] != 'd' {
		return time.Time{}, false
	}
	return time.Unix(int64(binary.BigEndian.Uint64(v[1:])), 0), true
}

// byKey finds a live row. In place of one that is damaged it returns what can
// still be said: that nobody knows.
func byKey(tx *bbolt.Tx, key string) (r row, ok bool) {
	items, keys := tables(tx)
	id := keys.Get([]byte(key))
	if len(id) != 8 {
		return row{}, false
	}
	r, err := decode(id, items.Get(id))
	if err == nil && r.Key == key {
		return r, true
	}
	return row{
		ID:       binary.BigEndian.Uint64(id),
		Outgoing: mailsvc.Outgoing{Key: key, Tracked: true},
		Phase:    mailsvc.Unsure,
		Reply:    "the queue's record of this message is damaged",
	}, true
}
