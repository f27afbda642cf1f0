package engine

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"time"
	"unicode"

	"go.etcd.io/bbolt"

	"quangtri.gov.vn/vanthu/directory"
	"quangtri.gov.vn/vanthu/dispatch"
	"quangtri.gov.vn/vanthu/internal/viet"
)

// The buckets of dispatch.db. Values are 4 bytes of CRC-32C followed by JSON;
// keys are UTF-8 with a zero byte between their parts.
var (
	bDocuments  = []byte("documents")  // document id -> record
	bRecipients = []byte("recipients") // document id, recipient id (4 bytes) -> Recipient
	bNumbers    = []byte("numbers")    // issuer, year, number key -> document id
	bTokens     = []byte("tokens")     // link token -> document id
	bWork       = []byte("work")       // document id, recipient id -> "": copies in state queued
	bReports    = []byte("reports")    // document id, sequence (4 bytes) -> report still to be written
	bMemory     = []byte("memory")     // issuer, answer key -> remembered answer
	bLog        = []byte("log")        // sequence (8 bytes) -> entry; only grows
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// record is a document as stored.
type record struct {
	dispatch.Document
	Token     string `json:"token"`      // of its public link, "" when there is none
	MessageID string `json:"message_id"` // of the clerk's mail, for threading
	Reports   int    `json:"reports"`    // reports scheduled so far
	Open      bool   `json:"open"`       // the last report still said "đang gửi"
}

// report is a letter to the clerk that is still to be written and delivered.
type report struct {
	To    string `json:"to"`
	Cause string `json:"cause"`
}

// entry is one line of the log. It holds no personal data beyond the clerk's
// account and never anything of a refused document.
type entry struct {
	At        time.Time            `json:"at"`
	What      string               `json:"what"` // issued, state, answered, refused
	Who       string               `json:"who,omitempty"`
	Document  dispatch.DocumentID  `json:"document,omitempty"`
	Recipient dispatch.RecipientID `json:"recipient,omitempty"`
	From      dispatch.State       `json:"from,omitempty"`
	To        dispatch.State       `json:"to,omitempty"`
	Why       string               `json:"why,omitempty"`
}

func (e *Engine) createBuckets() error {
	return e.db.Update(context.Background(), func(tx *bbolt.Tx) error {
		for _, b := range [][]byte{bDocuments, bRecipients, bNumbers, bTokens, bWork, bReports, bMemory, bLog} {
			if _, err := tx.CreateBucketIfNotExists(b); err != nil {
				return err
			}
		}
		return nil
	})
}

func encode(v any) ([]byte, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return append(binary.BigEndian.AppendUint32(nil, crc32.Checksum(body, castagnoli)), body...), nil
}

// decode verifies the checksum before it trusts a row.
func decode(row []byte, v any) error {
	if len(row) < 4 || binary.BigEndian.Uint32(row) != crc32.Checksum(row[4:], castagnoli) {
		return fmt.Errorf("row is damaged: checksum does not match")
	}
	return json.Unmarshal(row[4:], v)
}

func put(tx *bbolt.Tx, bucket, key []byte, v any) error {
	row, err := encode(v)
	if err != nil {
		return err
	}
	return tx.Bucket(bucket).Put(key, row)
}

func recipientKey(doc dispatch.DocumentID, id dispatch.RecipientID) []byte {
	return binary.BigEndian.AppendUint32(append([]byte(doc), 0), uint32(id))
}

func reportKey(doc dispatch.DocumentID, n int) []byte {
	return binary.BigEndian.AppendUint32(append([]byte(doc), 0), uint32(n))
}

// numberKey is what makes a document unique: issuer, year, number and symbol.
func numberKey(issuer directory.ID, f dispatch.Fields) []byte {
	year := ""
	if len(f.Date) >= 4 {
		year = string(f.Date[:4])
	}
	return []byte(string(issuer) + "\x00" + year + "\x00" + plainNumber(f.NumberSymbol))
}

// plainNumber is the form under which numbers are compared: "015 /CT – UBND" is
// "15/CT-UBND". The same number typed or scanned differently is the same number.
func plainNumber(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return -1
		case unicode.Is(unicode.Pd, r):
			return '-'
		}
		return r
	}, viet.Key(s))
	if trimmed := strings.TrimLeft(s, "0"); trimmed != "" && trimmed[0] >= '0' && trimmed[0] <= '9' {
		return trimmed
	}
	return s
}

func getRecord(tx *bbolt.Tx, id dispatch.DocumentID) (record, error) {
	var r record
	row := tx.Bucket(bDocuments).Get([]byte(id))
	if row == nil {
		return r, fmt.Errorf("document %s: not found", id)
	}
	if err := decode(row, &r); err != nil {
		return r, fmt.Errorf("document %s: %w", id, err)
	}
	return r, nil
}

func getRecipients(tx *bbolt.Tx, id dispatch.DocumentID) ([]dispatch.Recipient, error) {
	var out []dispatch.Recipient
	prefix := append([]byte(id), 0)
	c := tx.Bucket(bRecipients).Cursor()
	for k, v := c.Seek(prefix); k != nil && len(k) == len(prefix)+4 && string(k[:len(prefix)]) == string(prefix); k, v = c.Next() {
		var r dispatch.Recipient
		if err := decode(v, &r); err != nil {
			return nil, fmt.Errorf("document %s recipient %x: %w", id, k[len(prefix):], err)
		}
		out = append(out, r)
	}
	return out, nil
}

func getRecipient(tx *bbolt.Tx, doc dispatch.DocumentID, id dispatch.RecipientID) (dispatch.Recipient, error) {
	var r dispatch.Recipient
	row := tx.Bucket(bRecipients).Get(recipientKey(doc, id))
	if row == nil {
		return r, fmt.Errorf("document %s recipient %d: not found", doc, id)
	}
	return r, decode(row, &r)
}

// putRecipient stores a recipient and keeps the work index right: exactly the
// copies in state queued that carry themselves are in it.
func putRecipient(tx *bbolt.Tx, doc dispatch.DocumentID, r dispatch.Recipient) error {
	key := recipientKey(doc, r.ID)
	work := tx.Bucket(bWork)
	var err error
	if r.State == dispatch.Queued && r.Shares == 0 {
		err = work.Put(key, []byte{1})
	} else {
		err = work.Delete(key)
	}
	if err != nil {
		return err
	}
	return put(tx, bRecipients, key, r)
}

func appendLog(tx *bbolt.Tx, en entry) error {
	b := tx.Bucket(bLog)
	seq, err := b.NextSequence()
	if err != nil {
		return err
	}
	return put(tx, bLog, binary.BigEndian.AppendUint64(nil, seq), en)
}

// scheduleReport makes sure that the clerks named will be written to, each once.
func scheduleReport(tx *bbolt.Tx, r *record, cause string, to ...string) error {
	for i, account := range to {
		if account == "" || slices.Contains(to[:i], account) {
			continue
		}
		r.Reports++
		if err := put(tx, bReports, reportKey(r.ID, r.Reports), report{To: account, Cause: cause}); err != nil {
			return err
		}
	}
	return nil
}

// move makes one step of one copy, and of the copies that share it.
func (e *Engine) move(tx *bbolt.Tx, doc dispatch.DocumentID, r *dispatch.Recipient, ev dispatch.Event, reason string) error {
	from := r.State
	to, err := dispatch.Next(from, ev)
	if err != nil {
		return fmt.Errorf("document %s recipient %d: %w", doc, r.ID, err)
	}
	now := e.Now().UTC()
	r.State, r.Reason, r.Changed = to, reason, now
	r.History = append(r.History, dispatch.Transition{From: from, To: to, Event: ev, At: now, Reason: reason})
	if err := putRecipient(tx, doc, *r); err != nil {
		return err
	}
	return appendLog(tx, entry{At: now, What: "state", Document: doc, Recipient: r.ID, From: from, To: to, Why: string(ev)})
}

// moveAll moves a carrying copy together with those that share it.
func (e *Engine) moveAll(tx *bbolt.Tx, doc dispatch.DocumentID, id dispatch.RecipientID, ev dispatch.Event, reason string) error {
	all, err := getRecipients(tx, doc)
	if err != nil {
		return err
	}
	for i := range all {
		if all[i].ID == id || all[i].Shares == id {
			if err := e.move(tx, doc, &all[i], ev, reason); err != nil {
				return err
			}
		}
	}
	return nil
}
