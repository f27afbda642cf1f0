package mime

import (
	"errors"
	"io"
	"sync"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// Sizes of rooms, the memory in which messages lie, or their beginnings. It is used
// again.
var roomSizes = [...]int{8 << 10, 16 << 10, smallRoom, maxHead}

const (
	// smallRoom is the size in bytes under which a message is taken in memory.
	smallRoom = 32 << 10
	// maxHead is how much of a larger one is kept in memory to find its words
	// without reading the blob again: texts stand before attachments.
	maxHead = 128 << 10
)

// room is memory of one of the sizes.
type room struct {
	b     []byte
	class int
}

var spareRooms [len(roomSizes)]sync.Pool // of *room

// takeRoom returns a room of at least n bytes.
func takeRoom(n int) *room {
	class := 0
	for roomSizes[class] < n {
		class++
	}
	if r, ok := spareRooms[class].Get().(*room); ok {
		return r
	}
	return &room{make([]byte, roomSizes[class]), class}
}

// Ingest copies a message into the blob store, makes it durable and returns it
// as a row to be stored, indexed. An error of r aborts the blob and is returned
// as it is, so a body that was cut short is never kept.
func Ingest(b mailsvc.Blobs, r io.Reader) (mailsvc.NewMessage, error) {
	p, err := Receive(b, r, -1)
	if err != nil {
		return mailsvc.NewMessage{}, err
	}
	return p.Commit()
}

// Pending is a message whose bytes have been taken and are not yet durable. It
// lets a caller flush several at once: Start each, Prepare each, then Commit each.
// Exactly one of Commit and Abort must follow, whatever was done before. A Pending
// is for one goroutine at a time.
type Pending struct {
	blobs mailsvc.Blobs
	w     mailsvc.BlobWriter // of a message that is not small
	head  []byte             // the beginning of the message, all of a small one
	room  *room              // that head lies in
	x     *Index
	index []byte                                // x in its stored form
	wait  func() (mailsvc.BlobID, int64, error) // after Start
}

// Receive is the first half of [Ingest]: it copies r to its end. size says how
// long that is, in bytes, or -1; a wrong one does no harm. A small message is in
// memory then, and costs nothing yet but the reading.
func Receive(b mailsvc.Blobs, r io.Reader, size int64) (*Pending, error) {
	want := smallRoom
	if size >= 0 && size < smallRoom {
		want = int(size) + 1 // to see the end
	}
	p := &Pending{blobs: b, room: takeRoom(want)}
	n, err := fill(p.room.b, r)
	p.head = p.room.b[:n]
	if err == nil {
		err = p.receiveLarge(r)
	}
	if !errors.Is(err, io.EOF) {
		p.Abort()
		return nil, err
	}
	return p, nil
}

// fill reads until b is full. Unlike io.ReadFull it leaves the error as it is.
func fill(b []byte, r io.Reader) (n int, err error) {
	for n < len(b) && err == nil {
		var k int
		k, err = r.Read(b[n:])
		n += k
	}
	return n, err
}

// receiveLarge takes a message of which head is the beginning, until an error of r
// or of the blob.
func (p *Pending) receiveLarge(r io.Reader) (err error) {
	if p.w, err = p.blobs.Create(); err != nil {
		return err
	}
	s := newScanner()
	defer s.release()
	through := p.room
	defer spareRooms[through.class].Put(through)
	p.room = takeRoom(maxHead)
	n := len(p.head)
	p.head = p.room.b[:0]
	for ; ; n, err = fill(through.b, r) {
		piece := through.b[:n]
		if _, werr := p.w.Write(piece); werr != nil {
			return werr
		}
		s.write(piece)
		p.head = append(p.head, piece[:min(n, maxHead-len(p.head))]...)
		if err != nil {
			p.x = s.finish()
			return err
		}
	}
}

// Held returns how much memory the message takes until it is durable, bytes.
func (p *Pending) Held() int { return len(p.room.b) }

// release gives the memory away, when nobody reads it any more.
func (p *Pending) release() {
	if p.room != nil {
		spareRooms[p.room.class].Put(p.room)
	}
	p.room, p.head = nil, nil
}

// Abort drops the message.
func (p *Pending) Abort() {
	switch {
	case p.wait != nil:
		_, _, _ = p.wait()
	case p.w != nil:
		p.w.Abort()
	}
	p.release()
}

// Start begins to make the message durable. It does not wait.
func (p *Pending) Start() {
	if p.w != nil {
		p.wait = commit(p.w)
	} else {
		p.wait = p.blobs.Begin(p.head)
	}
}

// Prepare indexes the message, as far as that can be done before it is durable.
// It may run in another goroutine than Receive and Start did, after them.
func (p *Pending) Prepare() {
	if p.x == nil {
		s := newScanner()
		s.write(p.head)
		p.x = s.finish()
		s.release()
	}
	if p.x.textsWithin(int64(len(p.head))) {
		addWords(p.x, p.head, sliceReader(p.head))
		p.index = p.x.AppendBinary(nil)
	}
}

// commit ends a blob beside the caller.
func commit(w mailsvc.BlobWriter) (wait func() (mailsvc.BlobID, int64, error)) {
	type outcome struct {
		id   mailsvc.BlobID
		size int64
		err  error
	}
	flushed := make(chan outcome, 1) // also if nobody waits because indexing panicked
	go func() {
		id, size, err := w.Commit()
		flushed <- outcome{id, size, err}
	}()
	return func() (mailsvc.BlobID, int64, error) {
		o := <-flushed
		return o.id, o.size, o.err
	}
}

// Commit is the second half of [Ingest].
func (p *Pending) Commit() (mailsvc.NewMessage, error) {
	if p.wait == nil {
		p.Start()
	}
	if p.x == nil || p.index == nil {
		p.Prepare()
	}
	id, size, err := p.wait()
	defer p.release()
	if err != nil {
		return mailsvc.NewMessage{}, err
	}
	if p.index == nil { // a text reaches beyond the head
		b, err := p.blobs.Open(id)
		if err != nil {
			return mailsvc.NewMessage{}, err
		}
		defer b.Close()
		addWords(p.x, p.head, b)
		p.index = p.x.AppendBinary(nil)
	}
	return mailsvc.NewMessage{Blob: id, BlobSize: size, Index: p.index}, nil
}
