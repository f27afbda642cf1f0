package migrate

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// journal is what earlier runs did with one folder of the old server: a file of
// lines, each with a checksum, only ever appended to. It is not flushed to disk:
// what a crash takes away is found out again from the old server.
//
//	validity N HERE          UIDVALIDITY there and here; what stands before it no
//	                         longer counts, since one of the folders is another one
//	message UID SHA FLAGS…   stored here, with these flags
//	flags UID FLAGS…         now with these
type journal struct {
	file     *os.File // nil in a dry run
	validity validity
	entries  []entry // by UID, once settled
	flags    interned
	loose    bool            // entries may be out of order
	seen     map[hash]uint16 // how many equal bodies the folder had
}

type hash [sha256.Size]byte

// validity is UIDVALIDITY of both folders.
type validity struct{ there, here uint32 }

type entry struct {
	uid   uint32
	flags uint32 // number of a flag set
	nth   uint16 // how many equal ones the folder had before
	body  hash
}

// interned gives numbers to flag sets: there are few.
type interned struct {
	sets  []string
	known map[string]uint32
}

func (t *interned) number(set string) uint32 {
	n, ok := t.known[set]
	if !ok {
		if t.known == nil {
			t.known = make(map[string]uint32)
		}
		n = uint32(len(t.sets))
		t.sets = append(t.sets, set)
		t.known[set] = n
	}
	return n
}

// journalPath names the file of one folder; names of folders and users are of
// any form, so it is a hash of them.
func journalPath(dir string, j Job, folder string) string {
	name := func(parts ...string) string {
		sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
		return hex.EncodeToString(sum[:12])
	}
	return filepath.Join(dir, name(j.Account), name(strings.ToLower(j.Server.Host), j.User, folder)+".log")
}

// openJournal reads the journal; with dry it is not made and not changed. A line
// that is damaged ends it: what follows is cut off.
func openJournal(path string, v validity, dry bool) (*journal, error) {
	g := &journal{seen: make(map[hash]uint16)}
	flag := os.O_RDWR | os.O_CREATE
	if dry {
		flag = os.O_RDONLY
	} else if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, flag, 0o600)
	if dry && errors.Is(err, os.ErrNotExist) {
		return g, nil
	}
	if err != nil {
		return nil, err
	}
	sound, err := g.read(f)
	if err == nil && !dry {
		err = f.Truncate(sound)
		if err == nil {
			_, err = f.Seek(sound, io.SeekStart)
		}
	}
	if err != nil || dry {
		f.Close()
	} else {
		g.file = f
	}
	if err == nil && g.validity != v {
		g.reset(v)
		err = g.add(fmt.Sprintf("validity %d %d", v.there, v.here))
	}
	return g, err
}

func (g *journal) close() {
	if g.file != nil {
		g.file.Close()
	}
}

func (g *journal) reset(v validity) {
	g.validity, g.entries = v, nil
	clear(g.seen)
}

// read takes all sound lines and returns where they end.
func (g *journal) read(r io.Reader) (sound int64, err error) {
	in := bufio.NewReaderSize(r, 64<<10)
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, bufio.ErrBufferFull) {
				err = nil
			}
			g.settle()
			return sound, err
		}
		if !g.take(line) {
			g.settle()
			return sound, nil
		}
		sound += int64(len(line))
	}
}

// take reads one line.
func (g *journal) take(line []byte) bool {
	sum, text, ok := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte(" "))
	if !ok || string(sum) != checksum(text) {
		return false
	}
	words := strings.Split(string(text), " ")
	if len(words) < 2 {
		return false
	}
	n, err := strconv.ParseUint(words[1], 10, 32)
	if err != nil {
		return false
	}
	switch {
	case words[0] == "validity" && len(words) == 3:
		here, err := strconv.ParseUint(words[2], 10, 32)
		if err != nil {
			return false
		}
		g.reset(validity{uint32(n), uint32(here)})
	case words[0] == "message" && len(words) >= 3:
		var body hash
		raw, err := hex.DecodeString(words[2])
		if err != nil || copy(body[:], raw) != len(body) {
			return false
		}
		g.note(uint32(n), body, strings.Join(words[3:], " "))
	case words[0] == "flags":
		g.settle()
		if e := g.find(uint32(n)); e != nil {
			e.flags = g.flags.number(strings.Join(words[2:], " "))
		}
	default:
		return false
	}
	return true
}

func checksum(text []byte) string { return fmt.Sprintf("%08x", crc32.ChecksumIEEE(text)) }

// note remembers a message.
func (g *journal) note(uid uint32, body hash, flags string) {
	g.entries = append(g.entries, entry{uid: uid, body: body, nth: g.seen[body], flags: g.flags.number(flags)})
	g.loose = true
	g.seen[body]++
}

// settle puts the entries in order, each UID once.
func (g *journal) settle() {
	if !g.loose {
		return
	}
	g.loose = false
	byUID := func(a, b entry) int { return cmp.Compare(a.uid, b.uid) }
	if !slices.IsSortedFunc(g.entries, byUID) {
		slices.SortStableFunc(g.entries, byUID)
	}
	g.entries = slices.CompactFunc(g.entries, func(a, b entry) bool { return a.uid == b.uid })
}

// find returns the entry of a UID, nil if there is none.
func (g *journal) find(uid uint32) *entry {
	i, ok := slices.BinarySearchFunc(g.entries, uid, func(e entry, uid uint32) int { return cmp.Compare(e.uid, uid) })
	if !ok {
		return nil
	}
	return &g.entries[i]
}

// next returns how many bodies equal to this one the folder had so far.
func (g *journal) next(body hash) uint16 { return g.seen[body] }

func (g *journal) add(lines ...string) error {
	if g.file == nil {
		return nil
	}
	var b bytes.Buffer
	for _, l := range lines {
		fmt.Fprintf(&b, "%s %s\n", checksum([]byte(l)), l)
	}
	_, err := g.file.Write(b.Bytes())
	return err
}

func bodyHash(id mailsvc.BlobID) (h hash) {
	_, _ = hex.Decode(h[:], []byte(id)) // the store's own name: always 64 digits
	return h
}
