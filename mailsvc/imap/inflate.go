package imap

import (
	"bufio"
	"errors"
	"io"
	"math/bits"
)

// inflater decompresses DEFLATE (RFC 1951) as it arrives. Unlike the readers of
// compress/flate and of klauspost/compress it gives out every byte that the
// input so far determines before it waits for more: mail programs flush in the
// middle of what those readers wait for (mbsync with zlib's partial flush), and
// an IMAP server that waits for the rest of a command waits for ever.
//
// Memory is the window of 32 KiB, the input buffer and two small tables.
type inflater struct {
	br  *bufio.Reader
	acc uint64 // bits that have been read, the next one lowest
	n   uint   // how many

	window   [windowSize]byte
	written  int64 // bytes put into the window so far
	given    int64 // bytes given to the caller so far
	state    inflateState
	final    bool // the present block is the last
	stored   int  // bytes left of a stored block
	lit, dst huffman
	err      error
}

const (
	windowSize = 32 << 10
	// maxWaiting is when decoding stops until the caller has taken what there is.
	maxWaiting = windowSize / 2
)

type inflateState uint8

const (
	blockHeader inflateState = iota
	blockStored
	blockCoded
)

var errDeflate = errors.New("imap: not DEFLATE data")

func newInflater(r io.Reader) *inflater {
	return &inflater{br: bufio.NewReaderSize(r, readBuffer)}
}

func (z *inflater) waiting() int64 { return z.written - z.given }

// Read implements [io.Reader].
func (z *inflater) Read(p []byte) (int, error) {
	for z.waiting() == 0 {
		if z.err != nil {
			return 0, z.err
		}
		z.step()
	}
	at := int(z.given % windowSize)
	n := copy(p, z.window[at:min(windowSize, at+int(z.waiting()))])
	z.given += int64(n)
	return n, nil
}

// step decodes what it can without waiting, or waits when there is nothing to
// give out.
func (z *inflater) step() {
	switch z.state {
	case blockHeader:
		z.header()
	case blockStored:
		z.copyStored()
	case blockCoded:
		z.decode()
	}
}

// refill takes bytes that have arrived already.
func (z *inflater) refill() {
	for z.n <= 56 && z.br.Buffered() > 0 {
		c, _ := z.br.ReadByte() // buffered
		z.acc |= uint64(c) << z.n
		z.n += 8
	}
}

// wait blocks until more input has arrived.
func (z *inflater) wait() bool {
	if _, err := z.br.Peek(1); err != nil {
		z.err = unexpected(err)
		return false
	}
	z.refill()
	return true
}

// bits takes k bits, waiting for them; only headers are read so.
func (z *inflater) bits(k uint) uint64 {
	for z.n < k && z.err == nil {
		z.wait()
	}
	v := z.acc & (1<<k - 1)
	z.drop(k)
	return v
}

func (z *inflater) drop(k uint) {
	k = min(k, z.n)
	z.acc >>= k
	z.n -= k
}

// end reads what ends the sender's stream: the end of the present block and of a
// flush, or of all. It returns what was read beyond. Data there is an error.
func (z *inflater) end() (rest []byte, err error) {
	for ended := false; !ended && z.err == nil; {
		switch z.state {
		case blockHeader:
			if ended = z.final; ended {
				break
			}
			z.header()
			if ended = z.state == blockStored && z.stored == 0; z.state == blockCoded && z.err == nil {
				z.endBlock()
				ended = true
			}
		case blockStored:
			if z.stored > 0 {
				z.fail()
			}
			z.state = blockHeader
		case blockCoded:
			z.endBlock()
		}
	}
	if z.err != nil || z.waiting() > 0 {
		return nil, errDeflate
	}
	for z.drop(z.n % 8); z.n > 0; z.drop(8) {
		rest = append(rest, byte(z.acc))
	}
	buffered, err := z.br.Peek(z.br.Buffered())
	return append(rest, buffered...), err
}

// endBlock reads the end of a coded block, which must come next.
func (z *inflater) endBlock() {
	for z.err == nil {
		z.refill()
		used, length, value, ok := z.symbol()
		switch {
		case !ok && z.err == nil:
			z.wait()
		case ok && length == 0 && value == endOfBlock:
			z.drop(used)
			z.state = blockHeader
			return
		default:
			z.fail()
		}
	}
}

// header begins a block; nothing waits to be given out then.
func (z *inflater) header() {
	if z.final {
		z.err = io.EOF
		return
	}
	final, kind := z.bits(1), z.bits(2)
	if z.err != nil {
		return
	}
	z.final = final == 1
	switch kind {
	case 0:
		z.drop(z.n % 8)
		size, check := z.bits(16), z.bits(16)
		if size^check != 0xFFFF {
			z.fail()
			return
		}
		z.stored, z.state = int(size), blockStored
	case 1:
		z.fixed()
	case 2:
		z.dynamic()
	default:
		z.fail()
	}
}

func (z *inflater) fail() {
	if z.err == nil {
		z.err = errDeflate
	}
}

func (z *inflater) put(c byte) {
	z.window[z.written%windowSize] = c
	z.written++
}

func (z *inflater) copyStored() {
	for z.stored > 0 && z.waiting() < maxWaiting {
		z.refill()
		if z.n < 8 {
			if z.waiting() > 0 || !z.wait() {
				return
			}
			continue
		}
		z.put(byte(z.acc))
		z.drop(8)
		z.stored--
	}
	if z.stored == 0 {
		z.state = blockHeader
	}
}

// decode decodes symbols of a coded block.
func (z *inflater) decode() {
	for z.waiting() < maxWaiting {
		z.refill()
		used, length, distance, ok := z.symbol()
		switch {
		case z.err != nil:
			return
		case !ok: // the symbol has not arrived in full
			if z.waiting() > 0 || !z.wait() {
				return
			}
			continue
		}
		z.drop(used)
		switch {
		case length == 0 && distance == endOfBlock:
			z.state = blockHeader
			return
		case length == 0:
			z.put(byte(distance))
		default:
			for ; length > 0; length-- {
				z.put(z.window[(z.written-int64(distance))%windowSize])
			}
		}
	}
}

const endOfBlock = 256

var (
	lengthBase  = [...]uint16{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258}
	lengthExtra = [...]uint8{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0}
	distBase    = [...]uint16{1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577}
	distExtra   = [...]uint8{0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13}
)

// symbol reads a literal (length 0, the byte or endOfBlock as distance) or a
// copy, at most 48 bits, without taking them. ok is false if bits are missing.
func (z *inflater) symbol() (used uint, length, distance int, ok bool) {
	sym, used, ok := z.lit.next(z.acc, z.n)
	if !ok || sym <= endOfBlock {
		if sym < 0 {
			z.fail()
		}
		return used, 0, sym, ok
	}
	sym -= endOfBlock + 1
	if sym >= len(lengthBase) {
		z.fail()
		return 0, 0, 0, false
	}
	extra := uint(lengthExtra[sym])
	length = int(lengthBase[sym]) + int(z.acc>>used&(1<<extra-1))
	if used += extra; used > z.n {
		return 0, 0, 0, false
	}
	d, k, ok := z.dst.next(z.acc>>used, z.n-used)
	if !ok {
		return 0, 0, 0, false
	}
	if d < 0 || d >= len(distBase) {
		z.fail()
		return 0, 0, 0, false
	}
	used += k
	extra = uint(distExtra[d])
	distance = int(distBase[d]) + int(z.acc>>used&(1<<extra-1))
	if used += extra; used > z.n {
		return 0, 0, 0, false
	}
	if int64(distance) > z.written {
		z.fail()
		return 0, 0, 0, false
	}
	return used, length, distance, true
}

// fixed begins a block with the codes of RFC 1951 section 3.2.6.
func (z *inflater) fixed() {
	var lens [288]uint8
	for i := range lens {
		switch {
		case i < 144:
			lens[i] = 8
		case i < 256:
			lens[i] = 9
		case i < 280:
			lens[i] = 7
		default:
			lens[i] = 8
		}
	}
	z.lit.build(lens[:])
	for i := range 32 { // the last two stand for nothing
		lens[i] = 5
	}
	z.dst.build(lens[:32])
	z.state = blockCoded
}

// codeOrder is the order of the code length codes, RFC 1951 section 3.2.7.
var codeOrder = [...]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// dynamic begins a block that brings its own codes.
func (z *inflater) dynamic() {
	lits, dists, codes := int(z.bits(5))+257, int(z.bits(5))+1, int(z.bits(4))+4
	if lits > 286 || dists > 30 {
		z.fail()
		return
	}
	var lens [286 + 30]uint8
	for _, at := range codeOrder[:codes] {
		lens[at] = uint8(z.bits(3))
	}
	var meta huffman
	if !meta.build(lens[:19]) {
		z.fail()
	}
	clear(lens[:])
	for i := 0; i < lits+dists && z.err == nil; {
		i = z.codeLength(&meta, lens[:lits+dists], i)
	}
	if z.err != nil {
		return
	}
	if lens[endOfBlock] == 0 || !z.lit.build(lens[:lits]) || !z.dst.build(lens[lits:lits+dists]) {
		z.fail()
		return
	}
	z.state = blockCoded
}

// codeLength reads one code length, or a repetition, at i and returns where the
// next one goes.
func (z *inflater) codeLength(meta *huffman, lens []uint8, i int) int {
	sym, used, ok := meta.next(z.acc, z.n)
	for !ok && z.err == nil {
		z.wait()
		sym, used, ok = meta.next(z.acc, z.n)
	}
	z.drop(used)
	if sym >= 0 && sym < 16 {
		lens[i] = uint8(sym)
		return i + 1
	}
	value, count := uint8(0), 0
	switch sym {
	case 16:
		if i == 0 {
			z.fail()
			return i
		}
		value, count = lens[i-1], 3+int(z.bits(2))
	case 17:
		count = 3 + int(z.bits(3))
	case 18:
		count = 11 + int(z.bits(7))
	default:
		z.fail()
		return i
	}
	if i+count > len(lens) {
		z.fail()
		return i
	}
	for range count {
		lens[i] = value
		i++
	}
	return i
}

// huffman is a canonical prefix code. Codes of up to fastBits bits are looked up.
type huffman struct {
	fast   [1 << fastBits]uint16 // symbol<<4 | length, 0 if the code is longer
	count  [16]uint16            // codes of each length
	symbol [288]uint16           // in order of code
}

const fastBits = 9

// build makes the code from the lengths; false if they make none. An incomplete
// code may have one code only.
func (h *huffman) build(lens []uint8) bool {
	*h = huffman{}
	for _, l := range lens {
		h.count[l]++
	}
	h.count[0] = 0
	left, used := 1, 0
	for l := 1; l < 16; l++ {
		left = left<<1 - int(h.count[l])
		used += int(h.count[l])
		if left < 0 {
			return false
		}
	}
	if left > 0 && used > 1 {
		return false
	}
	var offset, code [17]uint16
	for l := 1; l < 16; l++ {
		offset[l+1] = offset[l] + h.count[l]
		code[l+1] = (code[l] + h.count[l]) << 1
	}
	for sym, l := range lens {
		if l == 0 {
			continue
		}
		h.symbol[offset[l]] = uint16(sym)
		offset[l]++
		h.look(uint16(sym), uint(l), code[l])
		code[l]++
	}
	return true
}

// look enters a short code into the table.
func (h *huffman) look(sym uint16, l uint, code uint16) {
	if l > fastBits {
		return
	}
	at := uint(bits.Reverse16(code)) >> (16 - l)
	for ; at < 1<<fastBits; at += 1 << l {
		h.fast[at] = sym<<4 | uint16(l)
	}
}

// next reads a symbol of acc, of which n bits are there. ok is false if bits are
// missing; the symbol is -1 if no code begins so.
func (h *huffman) next(acc uint64, n uint) (sym int, used uint, ok bool) {
	if e := h.fast[acc&(1<<fastBits-1)]; e != 0 {
		l := uint(e & 15)
		return int(e >> 4), l, l <= n
	}
	code, first, index := 0, 0, 0
	for l := uint(1); l < 16; l++ {
		if l > n {
			return 0, 0, false
		}
		code |= int(acc>>(l-1)) & 1
		count := int(h.count[l])
		if code-count < first {
			return int(h.symbol[index+code-first]), l, true
		}
		index += count
		first = (first + count) << 1
		code <<= 1
	}
	return -1, 0, true
}
