package mime

import (
	"encoding/binary"
	"math/bits"
)

// bitWriter packs bits, the first one lowest.
type bitWriter struct {
	out []byte
	acc uint64
	n   int
}

func (w *bitWriter) put(v uint64, n int) {
	w.acc |= v << w.n
	for w.n += n; w.n >= 8; w.n -= 8 {
		w.out = append(w.out, byte(w.acc))
		w.acc >>= 8
	}
}

// rice writes v>>k in unary, then the low k bits.
func (w *bitWriter) rice(v uint32, k int) {
	q := int(v >> k)
	for ; q >= 32; q -= 32 {
		w.put(1<<32-1, 32)
	}
	w.put(1<<q-1, q+1)
	w.put(uint64(v)&(1<<k-1), k)
}

func (w *bitWriter) bytes() []byte {
	if w.n > 0 {
		return append(w.out, byte(w.acc))
	}
	return w.out
}

// bitReader reads what bitWriter wrote. n counts the bits of acc that have been
// taken from b; higher ones may be there already, as b has them.
type bitReader struct {
	b   []byte
	acc uint64
	n   int
}

// fill makes n at least 56, unless the end is near.
func (r *bitReader) fill() {
	if len(r.b) >= 8 {
		r.acc |= binary.LittleEndian.Uint64(r.b) << r.n
		k := (63 - r.n) >> 3
		r.b = r.b[k:]
		r.n += 8 * k
		return
	}
	for r.n <= 56 && len(r.b) > 0 {
		r.acc |= uint64(r.b[0]) << r.n
		r.b, r.n = r.b[1:], r.n+8
	}
}

// rice reads a number; ok is false at the end.
func (r *bitReader) rice(k int) (v uint32, ok bool) {
	q := uint32(0)
	for {
		if r.n < 32 {
			r.fill()
		}
		ones := bits.TrailingZeros64(^r.acc)
		if ones < r.n {
			q += uint32(ones)
			r.drop(ones + 1)
			break
		}
		if len(r.b) == 0 {
			return 0, false
		}
		q += uint32(r.n)
		r.drop(r.n)
	}
	if r.n < k {
		if r.fill(); r.n < k {
			return 0, false
		}
	}
	v = q<<k | uint32(r.acc&(1<<k-1))
	r.drop(k)
	return v, true
}

func (r *bitReader) drop(n int) {
	r.acc >>= n
	r.n -= n
}
