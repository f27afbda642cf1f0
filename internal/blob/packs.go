package blob

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"quangtri.gov.vn/vanthu/internal/crashpoint"
	"quangtri.gov.vn/vanthu/internal/groupcommit"
)

const (
	packLimit    = 256 << 20 // a pack that has reached this is closed
	batchLimit   = 4 << 20   // bytes of one flush
	gathered     = 256 << 10 // bytes that are flushed although nobody waits for them
	pieceSize    = 128 << 10 // bytes from which on a piece of that is written
	pendingLimit = 4096      // names not in the index: what a restart has to scan
	openPacks    = 64        // files kept open for reading
	zerosAhead   = 1 << 20   // bytes written with zeros behind the last body
	keptBuffer   = 512 << 10 // bytes
)

// PackSynced is the crash point between a pack's flush and the answer.
const PackSynced = "blob.pack-synced"

var (
	bPlaces     = []byte("places")
	bState      = []byte("state")
	kCheckpoint = []byte("checkpoint")
)

// packs is the part of a store that holds small bodies. One goroutine, the
// owner, does all changes: it appends what is waiting in one write and one flush.
//
// Where each body stands is kept in an index, which is written after the fact
// and in large batches: the packs themselves are the log it can be made from. On
// Open, what was appended after the index's checkpoint is read again.
type packs struct {
	s     *Store
	dir   string
	index *groupcommit.DB

	mu      sync.RWMutex
	pending map[name]place // appended and flushed, not yet in the index
	files   map[uint32]*openFile
	uses    uint64 // counts uses of files, for the least recently used

	near near

	queueMu sync.Mutex
	queue   []*order
	queued  int  // bytes in queue
	due     bool // the queue is to be worked on
	idle    bool // the owner has nothing that is due
	closed  bool
	wake    chan struct{}
	done    chan struct{}

	// The owner's own.
	current *pack
	end     int64          // of current
	zeros   int64          // where the zeros behind end end
	buf     []byte         // of the last write, to be used again
	touched map[name]int64 // last commit of a body that was held already
}

// openFile is a pack open for reading.
type openFile struct {
	*pack
	users int
	used  uint64
}

// order is something for the owner to do.
type order struct {
	name   name
	body   []byte
	stored int64 // of a body that is moved from an old pack; 0: a new one
	held   bool  // by the packs already; the owner's own
	taken  bool  // by the owner; guarded by queueMu
	task   func() error
	err    error
	done   chan struct{}
}

func (s *Store) openPacks() error {
	p := &packs{
		s: s, dir: s.packDir(),
		pending: make(map[name]place), files: make(map[uint32]*openFile), touched: make(map[name]int64),
		wake: make(chan struct{}, 1), done: make(chan struct{}), idle: true,
	}
	if err := p.openIndex(); err != nil {
		return err
	}
	if err := p.recover(); err != nil {
		return errors.Join(err, p.index.Close())
	}
	s.packs = p
	go p.own()
	return nil
}

// openIndex opens the index. A damaged one is set aside: an empty one in its place
// makes recover read all packs.
func (p *packs) openIndex() error {
	path := filepath.Join(p.dir, "index.db")
	o := groupcommit.Options{Fatal: p.s.o.Fatal, Logger: p.s.o.Logger, NoSync: p.s.o.NoSync}
	var err error
	p.index, err = groupcommit.Open(path, o)
	if !errors.Is(err, groupcommit.ErrDamaged) && !errors.Is(err, groupcommit.ErrPanic) {
		return err
	}
	p.s.o.Logger.Error("index of bodies is damaged and is made anew", "err", err)
	if err := os.Rename(path, path+".damaged"); err != nil {
		return err
	}
	p.index, err = groupcommit.Open(path, o)
	return err
}

// recover brings what the index does not know yet into pending, and finds the
// pack to go on with.
func (p *packs) recover() error {
	checkpoint, err := p.checkpoint()
	if err != nil {
		return err
	}
	numbers, err := packNumbers(p.dir)
	if err != nil {
		return err
	}
	for i, no := range numbers {
		if no < checkpoint.pack {
			continue
		}
		off := int64(packHeader)
		if no == checkpoint.pack {
			off = checkpoint.off
		}
		if err := p.recoverPack(no, off, i == len(numbers)-1); err != nil {
			return err
		}
	}
	if p.current == nil {
		next := checkpoint.pack + 1
		if len(numbers) > 0 {
			next = max(next, numbers[len(numbers)-1]+1)
		}
		return p.begin(next)
	}
	return nil
}

func (p *packs) recoverPack(no uint32, off int64, last bool) error {
	f, err := openPack(p.dir, no, os.O_RDWR)
	if err != nil {
		return err
	}
	found := 0
	end, clean, err := f.scan(off, func(n name, at place) { p.pending[n] = at; found++ })
	if err == nil && f.bare && off == int64(packHeader) && found == 0 { // torn when it was made
		p.s.o.Logger.Warn("pack without a header set aside", "pack", no)
		return errors.Join(f.file.Close(), os.Rename(packPath(p.dir, no), packPath(p.dir, no)+".damaged"))
	}
	if err != nil {
		f.file.Close()
		return err
	}
	// What was found may not have been flushed before the crash; now it is.
	if err := p.s.sync(f.file); err != nil {
		f.file.Close()
		return err
	}
	if last && clean && !f.bare && end < packLimit {
		p.current, p.end, p.zeros = f, end, end
		return nil
	}
	return f.file.Close()
}

func (p *packs) checkpoint() (at place, err error) {
	err = p.index.Update(context.Background(), func(tx *bbolt.Tx) error {
		state := tx.Bucket(bState)
		if state == nil {
			_, err := tx.CreateBucket(bPlaces)
			if err == nil {
				_, err = tx.CreateBucket(bState)
			}
			return err
		}
		if b := state.Get(kCheckpoint); len(b) == 12 {
			at.pack, at.off = binary.LittleEndian.Uint32(b), int64(binary.LittleEndian.Uint64(b[4:]))
		}
		return groupcommit.Unchanged(nil)
	})
	return at, err
}

// begin starts a new pack.
func (p *packs) begin(no uint32) error {
	next, err := createPack(p.dir, no)
	if err != nil {
		return err
	}
	if err := p.s.sync(next.file); err != nil {
		next.file.Close()
		return errors.Join(err, os.Remove(packPath(p.dir, no)))
	}
	if err := p.s.syncDir(p.dir); err != nil {
		next.file.Close()
		return err
	}
	if p.current != nil {
		p.endCurrent()
	}
	p.current, p.end, p.zeros = next, int64(packHeader), int64(packHeader)
	return nil
}

// endCurrent closes the current pack without the zeros behind it. That they stay
// if it fails is harmless.
func (p *packs) endCurrent() error {
	return errors.Join(p.current.file.Truncate(p.end), p.current.file.Close())
}

// give hands an order to the owner, who begins at once if there is nothing else to
// do. Further bodies gather until somebody waits for one of them, or there is
// enough for a flush: many a flush would cost more than it hastens.
func (p *packs) give(o *order) error {
	o.done = make(chan struct{})
	p.queueMu.Lock()
	defer p.queueMu.Unlock()
	if p.closed {
		return ErrClosed
	}
	p.queue = append(p.queue, o)
	p.queued += len(o.body)
	if p.idle && len(p.queue) == 1 || p.queued >= gathered {
		p.hurry()
	}
	return nil
}

// hurry makes the owner work on the queue. With queueMu held.
func (p *packs) hurry() {
	p.due = true
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// wait returns when the owner has done what it was given.
func (p *packs) wait(o *order) error {
	p.queueMu.Lock()
	if !o.taken && !p.closed {
		p.hurry()
	}
	p.queueMu.Unlock()
	<-o.done
	return o.err
}

// do hands an order to the owner and waits.
func (p *packs) do(o *order) error {
	if err := p.give(o); err != nil {
		return err
	}
	return p.wait(o)
}

// commit stores a small body, unless it is held.
func (p *packs) commit(n name, body []byte) error {
	return p.do(&order{name: n, body: body})
}

func (p *packs) close() error {
	p.queueMu.Lock()
	already := p.closed
	p.closed, p.due = true, true
	if !already {
		close(p.wake)
	}
	p.queueMu.Unlock()
	<-p.done
	if already {
		return nil
	}
	err := p.flushIndex()
	err = errors.Join(err, p.endCurrent(), p.index.Close())
	p.mu.Lock()
	defer p.mu.Unlock()
	for no, f := range p.files {
		if f.users == 0 {
			f.file.Close()
			delete(p.files, no)
		}
	}
	return err
}

// own is the owner.
func (p *packs) own() {
	defer close(p.done)
	for range p.wake {
		p.drain()
	}
	p.drain()
}

func (p *packs) drain() {
	for {
		batch := p.take()
		if len(batch) == 0 {
			return
		}
		for len(batch) > 0 {
			batch = batch[p.work(batch):]
		}
	}
}

// take returns what is in the queue, if it is due.
func (p *packs) take() []*order {
	p.queueMu.Lock()
	defer p.queueMu.Unlock()
	if !p.due {
		p.idle = true
		return nil
	}
	batch := p.queue
	for _, o := range batch {
		o.taken = true
	}
	p.queue, p.queued, p.due, p.idle = nil, 0, p.closed, len(batch) == 0
	return batch
}

// work does the first orders of a batch and returns how many.
func (p *packs) work(batch []*order) int {
	if batch[0].task != nil {
		batch[0].err = batch[0].task()
		close(batch[0].done)
		return 1
	}
	n, bytes := 0, 0
	for n < len(batch) && batch[n].task == nil && (n == 0 || bytes+len(batch[n].body) <= batchLimit) {
		bytes += len(batch[n].body)
		n++
	}
	err := p.write(batch[:n])
	for _, o := range batch[:n] {
		o.err = err
		close(o.done)
	}
	p.mu.RLock()
	full := len(p.pending) >= pendingLimit
	p.mu.RUnlock()
	if full {
		if err := p.flushIndex(); err != nil { // the packs hold everything; try again with the next
			p.s.o.Logger.Error("index of bodies not written", "err", err)
		}
	}
	return n
}

// write appends the bodies that are not held, and flushes them together.
func (p *packs) write(batch []*order) error {
	if p.end >= packLimit {
		if err := p.begin(p.current.no + 1); err != nil {
			return err
		}
	}
	now := p.s.o.Now().Unix()
	if err := p.hold(batch, now); err != nil {
		return err
	}
	added, end, err := p.append(batch, now)
	if len(added) == 0 {
		return err
	}
	if err == nil {
		p.writeZeros(end)
		crashpoint.Here(BeforeSync)
		err = p.s.sync(p.current.file)
	}
	if err != nil {
		p.cutBack()
		return err
	}
	p.end = end
	crashpoint.Here(PackSynced)
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.Copy(p.pending, added)
	return nil
}

// append writes the bodies that are not held behind the end of the pack, and
// returns where they stand, and where the last one ends.
func (p *packs) append(batch []*order, now int64) (added map[name]place, end int64, err error) {
	added = make(map[name]place, len(batch))
	end = p.end
	buf := p.buf[:0]
	piece := func() {
		if err == nil {
			_, err = p.current.file.WriteAt(buf, end)
		}
		end += int64(len(buf))
		buf = buf[:0]
	}
	for _, o := range batch {
		if _, twice := added[o.name]; twice || o.held {
			continue
		}
		stored := o.stored
		if stored == 0 {
			stored = now
		}
		added[o.name] = place{p.current.no, end + int64(len(buf)), uint32(len(o.body)), stored}
		if buf = appendRecord(buf, p.current.salt, o.name, stored, o.body); len(buf) >= pieceSize {
			piece()
		}
	}
	if len(buf) > 0 {
		piece()
	}
	if p.buf = buf; cap(buf) > keptBuffer {
		p.buf = nil
	}
	return added, end, err
}

// cutBack takes off the pack what a failed write has left behind its end, or
// gives the pack up: what cannot be taken off must not be written over, since it
// may be read as a body after all.
func (p *packs) cutBack() {
	p.zeros = p.end
	if err := p.current.file.Truncate(p.end); err != nil {
		p.end = packLimit // begin another with the next body
	}
}

// hold finds the new bodies of a batch that are in the packs already, intact, and
// makes them young for Sweep.
func (p *packs) hold(batch []*order, now int64) error {
	if err := p.seek(batch); err != nil {
		return err
	}
	for _, o := range batch {
		if !o.held {
			continue
		}
		_, err := p.read(o.name)
		if err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrDamaged) {
			return err
		}
		if o.held = err == nil; o.held {
			p.touched[o.name] = now
		}
	}
	return nil
}

// seek marks as held the new bodies of a batch that the index knows. One look into
// it serves all of them.
func (p *packs) seek(batch []*order) error {
	p.mu.RLock()
	for _, o := range batch {
		_, pending := p.pending[o.name]
		o.held = o.stored == 0 && pending
	}
	p.mu.RUnlock()
	return p.index.View(func(tx *bbolt.Tx) error {
		places := tx.Bucket(bPlaces)
		for _, o := range batch {
			o.held = o.held || o.stored == 0 && places.Get(o.name[:]) != nil
		}
		return nil
	})
}

// writeZeros keeps zeros behind the end of the pack: a flush over blocks that
// were written before writes them and nothing else, one that makes the file
// longer writes the file system's journal too, and takes twice the time. Zeros
// that cannot be written are no failure: there is room for the bodies at least.
func (p *packs) writeZeros(end int64) {
	if end <= p.zeros {
		return
	}
	b := make([]byte, 64<<10)
	for p.zeros = end; p.zeros < end+zerosAhead; p.zeros += int64(len(b)) {
		if _, err := p.current.file.WriteAt(b, p.zeros); err != nil {
			return
		}
	}
}

// find returns where a body stands. ErrNotFound.
func (p *packs) find(n name) (place, error) {
	p.mu.RLock()
	at, ok := p.pending[n]
	p.mu.RUnlock()
	if ok {
		return at, nil
	}
	err := p.index.View(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bPlaces).Get(n[:])
		if b == nil {
			return ErrNotFound
		}
		var err error
		at, err = decodePlace(b)
		return err
	})
	return at, err
}

// read returns a body, verified. ErrNotFound, ErrDamaged.
func (p *packs) read(n name) ([]byte, error) {
	return p.readAt(n, func(*pack, place) {})
}

// readAt is read that tells where the body was.
func (p *packs) readAt(n name, at func(*pack, place)) ([]byte, error) {
	for again := true; ; again = false {
		found, err := p.find(n)
		if err != nil {
			return nil, err
		}
		f, err := p.use(found.pack)
		if errors.Is(err, os.ErrNotExist) {
			if again {
				continue // moved to another pack meanwhile
			}
			err = fmt.Errorf("%w: pack %d is missing", ErrDamaged, found.pack)
		}
		if err != nil {
			return nil, err
		}
		body, err := f.read(n, found)
		if err == nil {
			at(f.pack, found)
		}
		p.release(f)
		return body, err
	}
}

// use opens a pack for reading, or finds it open.
func (p *packs) use(no uint32) (*openFile, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f := p.files[no]
	if f == nil {
		opened, err := openPack(p.dir, no, os.O_RDONLY)
		if err != nil {
			return nil, err
		}
		f = &openFile{pack: opened}
		p.files[no] = f
		p.closeOldest()
	}
	p.uses++
	f.used = p.uses
	f.users++
	return f, nil
}

func (p *packs) release(f *openFile) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f.users--
	if f.users == 0 && p.files[f.no] != f {
		f.file.Close()
	}
}

// closeOldest keeps the number of open files within bounds. With mu held.
func (p *packs) closeOldest() {
	if len(p.files) <= openPacks {
		return
	}
	var oldest *openFile
	for _, f := range p.files {
		if oldest == nil || f.used < oldest.used {
			oldest = f
		}
	}
	p.drop(oldest)
}

// drop takes a file out of use; its last reader closes it. With mu held.
func (p *packs) drop(f *openFile) {
	delete(p.files, f.no)
	if f.users == 0 {
		f.file.Close()
	}
}

// flushIndex moves pending into the index, with the checkpoint. Owner only, or
// after it has ended.
func (p *packs) flushIndex() error {
	p.mu.RLock()
	moved := make(map[name]place, len(p.pending))
	for n, at := range p.pending {
		moved[n] = at
	}
	p.mu.RUnlock()
	if len(moved) == 0 {
		return nil
	}
	at := binary.LittleEndian.AppendUint32(nil, p.current.no)
	at = binary.LittleEndian.AppendUint64(at, uint64(p.end))
	err := p.index.Update(context.Background(), func(tx *bbolt.Tx) error {
		for n, at := range moved {
			if err := tx.Bucket(bPlaces).Put(n[:], at.encode()); err != nil {
				return err
			}
		}
		return tx.Bucket(bState).Put(kCheckpoint, at)
	})
	if err != nil {
		return fmt.Errorf("index of packs: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for n := range moved {
		delete(p.pending, n)
	}
	return nil
}

// each calls yield for every body of the packs until it returns false, without
// holding a transaction open meanwhile. Those that are moved may come twice.
func (p *packs) each(yield func(name, place) bool) error {
	const step = 1000
	type row struct {
		name name
		at   place
	}
	p.mu.RLock()
	rows := make([]row, 0, len(p.pending))
	for n, at := range p.pending {
		rows = append(rows, row{n, at})
	}
	p.mu.RUnlock()
	var last []byte
	for first := true; first || len(rows) > 0; first = false {
		for _, r := range rows {
			if !yield(r.name, r.at) {
				return nil
			}
		}
		rows = rows[:0]
		err := p.index.View(func(tx *bbolt.Tx) error {
			c := tx.Bucket(bPlaces).Cursor()
			k, v := c.Seek(last)
			for ; k != nil && len(rows) < step; k, v = c.Next() {
				at, err := decodePlace(v)
				if err != nil || len(k) != len(name{}) {
					return fmt.Errorf("%w: index of packs", ErrDamaged)
				}
				rows = append(rows, row{name(k), at})
			}
			return nil
		})
		if err != nil {
			return err
		}
		if n := len(rows); n > 0 {
			last = append(rows[n-1].name[:], 0)
		}
	}
	return nil
}

// forget takes bodies out of the index that nobody has committed since the
// limit, and returns which.
func (p *packs) forget(names []name, limit time.Time) (gone []name, err error) {
	task := func() error {
		if err := p.flushIndex(); err != nil {
			return err
		}
		return p.index.Update(context.Background(), func(tx *bbolt.Tx) error {
			gone = nil
			maps.DeleteFunc(p.touched, func(_ name, t int64) bool { return t <= limit.Unix() })
			for _, n := range names {
				if p.touched[n] > limit.Unix() {
					continue
				}
				gone = append(gone, n)
				if err := tx.Bucket(bPlaces).Delete(n[:]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err = p.do(&order{task: task})
	p.near.forget()
	return gone, err
}

// Packs are written anew when less than half of one is in use.
const (
	worthNum = 1
	worthDen = 2
)

// compact moves what is left out of packs that are mostly unused, and removes
// them. It returns how many bytes that freed.
func (p *packs) compact(ctx context.Context) (int64, error) {
	live := make(map[uint32]int64)
	err := p.each(func(_ name, at place) bool {
		live[at.pack] += headerSize + int64(at.size)
		return true
	})
	if err != nil {
		return 0, err
	}
	numbers, err := packNumbers(p.dir)
	if err != nil || len(numbers) == 0 {
		return 0, err
	}
	var freed int64
	var stays []error                             // damaged packs do not keep the others from being emptied
	for _, no := range numbers[:len(numbers)-1] { // the last is being written
		fi, err := os.Stat(packPath(p.dir, no))
		if err != nil {
			return freed, err
		}
		if live[no]*worthDen > fi.Size()*worthNum {
			continue
		}
		switch err := p.empty(ctx, no); {
		case errors.Is(err, ErrDamaged):
			stays = append(stays, err)
		case err != nil:
			return freed, err
		default:
			freed += fi.Size() - live[no]
		}
	}
	return freed, errors.Join(stays...)
}

// empty moves the bodies of a pack to the end of the current one and removes it.
func (p *packs) empty(ctx context.Context, no uint32) error {
	var names []name
	err := p.each(func(n name, at place) bool {
		if at.pack == no {
			names = append(names, n)
		}
		return true
	})
	if err != nil {
		return err
	}
	for _, n := range names {
		if err := ctx.Err(); err != nil {
			return err
		}
		at, err := p.find(n)
		if err != nil || at.pack != no {
			continue // swept or moved since
		}
		body, err := p.read(n)
		if errors.Is(err, ErrDamaged) {
			return fmt.Errorf("pack %d stays: %w", no, err)
		}
		if err != nil {
			return err
		}
		if err := p.do(&order{name: n, body: body, stored: at.stored}); err != nil {
			return err
		}
	}
	return p.do(&order{task: func() error { return p.remove(no) }})
}

// remove deletes a pack that the index no longer leads to. Owner only.
func (p *packs) remove(no uint32) error {
	if err := p.flushIndex(); err != nil {
		return err
	}
	used := false
	err := p.each(func(_ name, at place) bool {
		used = used || at.pack == no
		return !used
	})
	if err != nil || used || no == p.current.no {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if f := p.files[no]; f != nil {
		p.drop(f)
	}
	return os.Remove(packPath(p.dir, no))
}
