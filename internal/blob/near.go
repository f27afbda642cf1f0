package blob

import (
	"hash/crc32"
	"slices"
	"sync"
)

// Bodies that came one after the other, as when a mailbox is filled, stand one
// after the other, and are read so. near keeps what stands behind the bodies
// that were read last, and knows the next ones without a look into the index and
// without a system call each. What it returns has been checked like every body.
const (
	nearStreams = 4         // as many readers are followed at once
	nearBytes   = 128 << 10 // that are read ahead for one
)

type near struct {
	mu      sync.Mutex
	streams [nearStreams]stream
	uses    uint64
}

// stream is one reader's place.
type stream struct {
	from *pack  // its file may be closed; nil: none
	next int64  // offset of the record that is expected
	buf  []byte // what stands there, perhaps not to the end of a record
	room []byte // that buf is part of
	used uint64
}

// take returns the body if it is the one that a stream expects.
func (r *near) take(n name) ([]byte, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.streams {
		s := &r.streams[i]
		if len(s.buf) < headerSize || name(s.buf[saltSize+12:]) != n {
			continue
		}
		h, ok := s.from.decodeHeader(s.buf)
		if !ok || int(h.size) > len(s.buf)-headerSize {
			return nil, false
		}
		body := s.buf[headerSize : headerSize+int(h.size)]
		if crc32.Checksum(body, castagnoli) != h.sum {
			return nil, false // the usual way says what is wrong
		}
		s.buf = s.buf[headerSize+int(h.size):]
		s.next += headerSize + int64(h.size)
		r.uses++
		s.used = r.uses
		return slices.Clone(body), true
	}
	return nil, false
}

// follow notes that the record at a place was read from f. If a stream expected
// it, the reader goes on there: what follows is read.
func (r *near) follow(f *pack, at place) {
	end := at.off + headerSize + int64(at.size)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.uses++
	oldest := &r.streams[0]
	for i := range r.streams {
		s := &r.streams[i]
		if s.from != nil && s.from.no == at.pack && s.next == at.off {
			if s.room == nil {
				s.room = make([]byte, nearBytes)
			}
			k, _ := f.file.ReadAt(s.room, end) // what cannot be read is read the usual way
			*s = stream{f, end, s.room[:k], s.room, r.uses}
			return
		}
		if s.used < oldest.used {
			oldest = s
		}
	}
	*oldest = stream{from: f, next: end, room: oldest.room, used: r.uses}
}

// forget drops everything, before bodies go away.
func (r *near) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.streams = [nearStreams]stream{}
}

// readNear is read for those who read one body after the other.
func (p *packs) readNear(n name) ([]byte, error) {
	if body, ok := p.near.take(n); ok {
		return body, nil
	}
	return p.readAt(n, p.near.follow)
}
