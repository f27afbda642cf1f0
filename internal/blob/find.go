package blob

import (
	"context"
	"fmt"
)

// A Finder knows every whole body in the packs, whatever the index says: for a
// repair.
type Finder struct {
	s      *Store
	places map[name]place
}

// Finder reads all packs, which takes as long as that takes. It holds about 100
// bytes of memory for each body.
func (s *Store) Finder(ctx context.Context) (*Finder, error) {
	f := &Finder{s: s, places: make(map[name]place)}
	err := s.packs.do(&order{task: func() error {
		numbers, err := packNumbers(s.packs.dir)
		if err != nil {
			return err
		}
		for _, no := range numbers {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := f.scan(no); err != nil {
				return err
			}
		}
		return nil
	}})
	if err != nil {
		return nil, fmt.Errorf("look for bodies in all packs: %w", err)
	}
	return f, nil
}

func (f *Finder) scan(no uint32) error {
	p, err := openPack(f.s.packs.dir, no, 0)
	if err != nil {
		return err
	}
	defer p.file.Close()
	_, _, err = p.scan(int64(packHeader), func(n name, at place) { f.places[n] = at })
	return err
}

// Restore makes a body that cannot be read readable again. ErrNotFound: no pack
// holds it whole.
func (f *Finder) Restore(id string) error {
	if !Valid(id) {
		return fmt.Errorf("restore body: %w", ErrInvalid)
	}
	n := binaryName(id)
	at, ok := f.places[n]
	if !ok {
		return fmt.Errorf("restore body %s: %w", id, ErrNotFound)
	}
	p := f.s.packs
	return p.do(&order{task: func() error {
		p.mu.Lock()
		p.pending[n] = at
		p.mu.Unlock()
		return p.flushIndex()
	}})
}
