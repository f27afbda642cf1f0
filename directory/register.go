package directory

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"quangtri.gov.vn/vanthu/internal/flush"
	"quangtri.gov.vn/vanthu/internal/viet"
)

// Register is the durable directory: a journal of events, to which is only ever
// added, and the [Snapshot] that replaying it gives. One process at a time may
// have it open. Its methods may be called concurrently; changes are applied one
// after the other, readers never wait.
type Register struct {
	db    *bolt.DB
	now   func() time.Time
	fatal func(error)

	mu      sync.Mutex // one change at a time
	current atomic.Pointer[Snapshot]
}

// Event is one entry of the journal. It is never changed or removed.
type Event struct {
	Seq  uint64    `json:"seq"` // from 1, without gaps
	At   time.Time `json:"at"`
	Who  string    `json:"who"`
	Why  string    `json:"why,omitempty"`
	Kind EventKind `json:"kind"`
	// Decision and Date are those of the act that ordered the change, if any.
	Decision string `json:"decision,omitempty"`
	Date     Date   `json:"date,omitempty"`
	// Changes are the rows as the event leaves them; the register is what
	// applying them in order gives.
	Changes []Change `json:"changes"`
}

// EventKind says what was done.
type EventKind string

const (
	EventImport   EventKind = "import"   // a new row
	EventCorrect  EventKind = "correct"  // a changed row
	EventWithdraw EventKind = "withdraw" // a row entered by mistake
	EventFound    EventKind = "found"    // a new body
	EventRename   EventKind = "rename"   // the same body under a new name, as a new entry
	EventMerge    EventKind = "merge"    // bodies become part of one
	EventSplit    EventKind = "split"    // a body's work is divided
	EventDissolve EventKind = "dissolve" // a body ends
	EventMove     EventKind = "move"     // a body stands below another one
	EventRelation EventKind = "relation" // a standing office begins or ends
	EventAddress  EventKind = "address"  // an address opens, moves or closes
	EventOfficial EventKind = "official" // a post is taken or left
	EventUndo     EventKind = "undo"     // a mistaken event is taken back
	EventName     EventKind = "name"     // a form of a name is added or closed
)

var (
	eventsBucket = []byte("events")
	castagnoli   = crc32.MakeTable(crc32.Castagnoli)
)

// ErrInUse says that another process has the register open.
var ErrInUse = errors.New("the directory file is in use by another process")

// Bounds on who and why, in bytes.
const maxWho, maxWhy = 200, 2000

// Open opens the register in the file path, which is created if need be, and
// replays its journal. A damaged journal is an error. When a change cannot be
// brought to disk, fatal is called and the error returned: nobody knows then
// what the disk holds, so the process must stop.
func Open(path string, fatal func(error)) (*Register, error) {
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: time.Second, NoFreelistSync: true, FreelistType: bolt.FreelistMapType})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, fmt.Errorf("directory: open %s: %w", path, ErrInUse)
	}
	if err != nil {
		return nil, fmt.Errorf("directory: open %s: %w", path, err)
	}
	if err := flush.Dir(filepath.Dir(path)); err != nil { // or a new file may vanish with its name
		return nil, errors.Join(fmt.Errorf("directory: open %s: %w", path, err), db.Close())
	}
	r := &Register{db: db, now: time.Now, fatal: fatal}
	if err := r.replay(); err != nil {
		return nil, errors.Join(fmt.Errorf("directory: open %s: %w", path, err), db.Close())
	}
	return r, nil
}

// SetClock replaces the clock that dates events, for tests and demonstrations.
// It must be called before the first change.
func (r *Register) SetClock(now func() time.Time) { r.now = now }

// Close releases the file. Snapshots stay usable.
func (r *Register) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.db.Close(); err != nil {
		return fmt.Errorf("directory: close: %w", err)
	}
	return nil
}

// Snapshot returns the newest state. It never waits.
func (r *Register) Snapshot() *Snapshot { return r.current.Load() }

// KnownAt returns the register as it was when the event with that number had
// just been made: what was known then, also about later days. 0 is the empty
// register. It replays the journal, so it is no query for every day.
func (r *Register) KnownAt(seq uint64) (*Snapshot, error) {
	if newest := r.current.Load(); seq >= newest.version {
		if seq > newest.version {
			return nil, refuse("Danh bạ chưa có thay đổi số %d; số mới nhất là %d.", seq, newest.version)
		}
		return newest, nil
	}
	f := &facts{}
	var at time.Time
	err := r.db.View(func(tx *bolt.Tx) error {
		c := tx.Bucket(eventsBucket).Cursor()
		for k, v := c.First(); k != nil && binary.BigEndian.Uint64(k) <= seq; k, v = c.Next() {
			e, err := decodeEvent(k, v)
			if err != nil {
				return err
			}
			at = e.At
			for _, change := range e.Changes {
				f.apply(change)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("directory: as of event %d: %w", seq, err)
	}
	return newSnapshot(f, seq, at), nil
}

func (r *Register) replay() error {
	err := r.db.Update(func(tx *bolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(eventsBucket)
		return err
	})
	if err != nil {
		return err
	}
	f := &facts{}
	var seq uint64
	var at time.Time
	err = r.each(func(e Event) error {
		if e.Seq != seq+1 {
			return fmt.Errorf("event %d follows event %d", e.Seq, seq)
		}
		seq, at = e.Seq, e.At
		for _, c := range e.Changes {
			f.apply(c)
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.current.Store(newSnapshot(f, seq, at))
	return nil
}

// each reads the journal in order.
func (r *Register) each(visit func(Event) error) error {
	return r.db.View(func(tx *bolt.Tx) error {
		return tx.Bucket(eventsBucket).ForEach(func(k, v []byte) error {
			e, err := decodeEvent(k, v)
			if err != nil {
				return err
			}
			return visit(e)
		})
	})
}

// An event is stored under its number, big-endian, as a CRC-32C and JSON.
func encodeEvent(e Event) (key, value []byte, err error) {
	body, err := json.Marshal(e)
	if err != nil {
		return nil, nil, err
	}
	value = binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(body)), crc32.Checksum(body, castagnoli))
	return binary.BigEndian.AppendUint64(nil, e.Seq), append(value, body...), nil
}

func decodeEvent(k, v []byte) (Event, error) {
	var e Event
	if len(k) != 8 || len(v) < 4 || crc32.Checksum(v[4:], castagnoli) != binary.BigEndian.Uint32(v) {
		return e, fmt.Errorf("event %x of the journal is damaged", k)
	}
	if err := json.Unmarshal(v[4:], &e); err != nil {
		return e, fmt.Errorf("event %x of the journal is damaged: %w", k, err)
	}
	if e.Seq != binary.BigEndian.Uint64(k) {
		return e, fmt.Errorf("event %x of the journal is damaged: it says it is %d", k, e.Seq)
	}
	return e, nil
}

// add appends events to the journal in one transaction and publishes the
// snapshot in which they hold. The caller holds r.mu and has validated them.
func (r *Register) add(ctx context.Context, who, why string, events []Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	old := r.current.Load()
	f, seq := old.facts.clone(), old.version
	at := r.now().UTC()
	for i := range events {
		seq++
		events[i].Seq, events[i].At, events[i].Who, events[i].Why = seq, at, who, why
		for _, c := range events[i].Changes {
			f.apply(c)
		}
	}
	var keys, values [][]byte
	for _, e := range events {
		k, v, err := encodeEvent(e)
		if err != nil {
			return fmt.Errorf("directory: encode event %d: %w", e.Seq, err)
		}
		keys, values = append(keys, k), append(values, v)
	}
	err := r.db.Update(func(tx *bolt.Tx) error {
		b := tx.Bucket(eventsBucket)
		b.FillPercent = 1 // keys only rise
		for i := range keys {
			if err := b.Put(keys[i], values[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		err = fmt.Errorf("directory: write journal: %w", err)
		if !errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
			r.fatal(err)
		}
		return err
	}
	r.current.Store(newSnapshot(f, seq, at))
	return nil
}

// signed checks who and why, which every event carries.
func signed(who, why string) (string, string, error) {
	who, why = viet.Clean(who), viet.Clean(why)
	switch {
	case who == "":
		return "", "", errors.New("directory: a change needs the name of who makes it")
	case len(who) > maxWho || len(why) > maxWhy:
		return "", "", fmt.Errorf("directory: who is at most %d and why at most %d bytes long", maxWho, maxWhy)
	}
	return who, why, nil
}

// Import takes in the CSV files in the root of dir, in one step: either every
// row is sound and all changes are on disk when Import returns, or nothing
// changes and the error is [ErrInvalid] with the reasons in the report. Each
// new row becomes one event, each changed row one correction; a row that is
// already held changes nothing, and so does a row that is missing. A dry run
// reports and changes nothing.
func (r *Register) Import(ctx context.Context, dir fs.FS, who, why string, dryRun bool) (Report, error) {
	set, err := ReadCSV(dir)
	if err != nil {
		return Report{}, err
	}
	return r.ImportCSV(ctx, set, who, why, ImportOptions{DryRun: dryRun})
}

// ImportOptions say how files are taken in.
type ImportOptions struct {
	DryRun bool
	// Replace makes each file the whole truth about its kind of row: a row of
	// the register that it does not have was entered by mistake and is withdrawn.
	// This is how a wrong first day or a misspelt name goes: export, correct the
	// file, replace. Agencies cannot be withdrawn; without one the file is refused.
	Replace bool
}

// ImportCSV is [Register.Import] of files that were read before.
func (r *Register) ImportCSV(ctx context.Context, set CSV, who, why string, o ImportOptions) (Report, error) {
	who, why, err := signed(who, why)
	if err != nil {
		return Report{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.current.Load()
	report, changes := plan(old.facts, set, o.Replace)
	report.DryRun, report.Version = o.DryRun, old.version
	if err := report.err(); err != nil || o.DryRun || len(changes) == 0 {
		return report, err
	}
	events := make([]Event, len(changes))
	for i, c := range changes {
		events[i] = Event{Kind: EventImport, Changes: []Change{c}}
		switch {
		case c.Withdrawn:
			events[i].Kind = EventWithdraw
		case old.facts.compare(c) == rowChanged:
			events[i].Kind = EventCorrect
		}
	}
	if err := r.add(ctx, who, why, events); err != nil {
		return report, err
	}
	report.Version = r.current.Load().version
	return report, nil
}

// History returns the events that speak of a body, group or official, oldest
// first, with only the changes about it.
func (r *Register) History(id ID) ([]Event, error) {
	var out []Event
	err := r.each(func(e Event) error {
		var mine []Change
		for _, c := range e.Changes {
			if slices.Contains(c.about(), id) {
				mine = append(mine, c)
			}
		}
		if len(mine) > 0 {
			e.Changes = mine
			out = append(out, e)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("directory: history of %s: %w", id, err)
	}
	return out, nil
}

// Journal returns at most limit events with numbers above after, oldest first.
func (r *Register) Journal(after uint64, limit int) ([]Event, error) {
	var out []Event
	err := r.db.View(func(tx *bolt.Tx) error {
		c := tx.Bucket(eventsBucket).Cursor()
		for k, v := c.Seek(binary.BigEndian.AppendUint64(nil, after+1)); k != nil && len(out) < limit; k, v = c.Next() {
			e, err := decodeEvent(k, v)
			if err != nil {
				return err
			}
			out = append(out, e)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("directory: journal after %d: %w", after, err)
	}
	return out, nil
}
