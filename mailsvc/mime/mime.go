// Package mime reads a message's bytes once, at delivery, and writes down what
// mail programs ask for afterwards: where each part lies, the ENVELOPE and the
// BODYSTRUCTURE ready for the wire, and what SEARCH, SORT and THREAD look at.
//
// # What always holds
//
// Reading never fails and never panics. Any bytes are a message: what cannot be
// understood is a text/plain body. Bad parts keep what can be read.
//
// Time is linear in the size of the message and memory does not depend on it:
// [MaxDepth], [MaxParts], [MaxHeader], [MaxAddresses] and [MaxKept] bound what is
// looked at; Limited says that one of them was reached. Whatever lies beyond a
// limit stays reachable as bytes of the innermost part that was opened.
//
// Offsets count bytes of the blob. Nothing here changes a byte of it.
//
// The stored form ([Stored]) may come from a damaged disk: reading it is bounded
// by its own length.
package mime

import (
	"errors"
	"io"
	"sync"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// Limits of what is looked at in one message.
const (
	MaxDepth     = 50        // nesting of parts
	MaxParts     = 1000      // parts, embedded messages included
	MaxHeader    = 256 << 10 // bytes of one part's header
	MaxAddresses = 5000      // addresses of all headers together
	MaxKept      = 512 << 10 // bytes of header values kept of all headers together
)

// Index is what a message looks like.
type Index struct {
	Size    int64 // bytes of the message
	Limited bool  // a limit was reached: something was not looked at
	Root    *Part // never nil
	Fields  Fields
	// Structure is the BODYSTRUCTURE of Root as it stands on the wire.
	Structure []byte
	// Words is the set of words of the text; nil if [Ingest] did not make it.
	Words Words
}

// Fields are the header fields of the message itself that SEARCH, SORT and
// THREAD use. Texts are decoded and NFC.
type Fields struct {
	Date      Date
	Subject   string
	From      string
	To        string
	Cc        string
	Bcc       string
	Cut       bool     // one of the texts is only the beginning of what the header says
	MessageID string   // without angle brackets
	Parents   []string // References, then In-Reply-To if there are none: oldest first
}

// Part is a node of the part tree.
type Part struct {
	HeaderStart int64 // first byte of the header
	BodyStart   int64 // first byte after the empty line that ends the header
	BodyEnd     int64 // one past the last byte of the body
	Lines       int64 // lines of the body, an unended last one included

	Type        string // lower case: "text"
	Subtype     string // lower case: "plain"
	Params      []Param
	ID          string
	Description string
	Encoding    string // lower case, "7bit" if there is none
	MD5         string
	Disposition string // lower case, "" if there is none
	DispParams  []Param
	Language    []string
	Location    string

	// Envelope is the ENVELOPE of the header as it stands on the wire: of the
	// root and of the root of each embedded message, else nil.
	Envelope []byte
	// Children are the parts of a multipart (at least one), or the one root of
	// an embedded message. Other parts have none.
	Children []*Part
}

// Param is one parameter of a structured header field; the value is as written,
// quoting removed.
type Param struct{ Name, Value string }

// IsMultipart reports whether the part consists of parts.
func (p *Part) IsMultipart() bool { return p.Type == "multipart" }

// IsMessage reports whether the part is an embedded message.
func (p *Part) IsMessage() bool {
	return p.Type == "message" && (p.Subtype == "rfc822" || p.Subtype == "global")
}

// Param returns the first parameter of the name (lower case), or "".
func (p *Part) Param(name string) string { return param(p.Params, name) }

func param(ps []Param, name string) string {
	for _, p := range ps {
		if p.Name == name {
			return p.Value
		}
	}
	return ""
}

// Part returns the part that an IMAP section number names (RFC 9051 section
// 6.4.5.1), nil if there is none. The empty path names the message: Root.
func (x *Index) Part(path []int) *Part {
	cur, root := x.Root, true // root: cur heads a message and no number named it yet
	for _, n := range path {
		if !root && cur.IsMessage() {
			cur, root = cur.Children[0], true
		}
		switch {
		case cur.IsMultipart() && n >= 1 && n <= len(cur.Children):
			cur, root = cur.Children[n-1], false
		case !cur.IsMultipart() && root && n == 1:
			root = false
		default:
			return nil
		}
	}
	return cur
}

// Scan reads the message once and returns its index. An error of r is taken as
// the end of the message.
func Scan(r io.ReaderAt, size int64) *Index {
	s := newScanner()
	buf := make([]byte, 64<<10)
	for off := int64(0); off < size; {
		n, err := r.ReadAt(buf[:min(int64(len(buf)), size-off)], off)
		s.write(buf[:n])
		off += int64(n)
		if err != nil || n == 0 {
			break
		}
	}
	return s.finish()
}

// Ingest copies a message into the blob store, makes it durable and returns it
// as a row to be stored, indexed. An error of r aborts the blob and is returned
// as it is, so a body that was cut short is never kept.
func Ingest(b mailsvc.Blobs, r io.Reader) (mailsvc.NewMessage, error) {
	p, err := Receive(b, r)
	if err != nil {
		return mailsvc.NewMessage{}, err
	}
	return p.Commit()
}

// maxHead is how much of a message is kept in memory to find its words without
// reading the blob again: texts stand before attachments.
const maxHead = 128 << 10

// Pending is a message whose bytes have been taken and are not yet durable. It
// lets a caller flush several at once, from goroutines of its own. Exactly one of
// Commit and Abort must follow.
type Pending struct {
	blobs mailsvc.Blobs
	w     mailsvc.BlobWriter
	x     *Index
	head  *[]byte
}

// Receive is the first half of [Ingest]: it copies r to its end.
func Receive(b mailsvc.Blobs, r io.Reader) (*Pending, error) {
	w, err := b.Create()
	if err != nil {
		return nil, err
	}
	p := &Pending{blobs: b, w: w, head: heads.Get().(*[]byte)}
	s := newScanner()
	if err := p.pour(s, r); err != nil {
		p.Abort()
		return nil, err
	}
	p.x = s.finish()
	s.release()
	return p, nil
}

// heads are empty heads of earlier messages.
var heads = sync.Pool{New: func() any { return new([]byte) }}

// maxSpareHead is the size up to which a head is used again.
const maxSpareHead = 32 << 10

// dropHead gives the head away once nobody reads it any more.
func (p *Pending) dropHead() {
	if cap(*p.head) <= maxSpareHead {
		*p.head = (*p.head)[:0]
		heads.Put(p.head)
	}
	p.head = new([]byte)
}

// copyBuffers are what messages are copied through.
var copyBuffers = sync.Pool{New: func() any { return new([32 << 10]byte) }}

// pour copies r to the blob, the scanner and the head.
func (p *Pending) pour(s *scanner, r io.Reader) error {
	pooled := copyBuffers.Get().(*[32 << 10]byte)
	defer copyBuffers.Put(pooled)
	buf := pooled[:]
	for {
		n, err := r.Read(buf)
		if n > 0 {
			if _, werr := p.w.Write(buf[:n]); werr != nil {
				return werr
			}
			s.write(buf[:n])
			*p.head = append(*p.head, buf[:min(n, maxHead-len(*p.head))]...)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// Abort drops the message.
func (p *Pending) Abort() {
	p.w.Abort()
	p.dropHead()
}

// Commit is the second half of [Ingest]. The words are found while the disk is at
// work, if they are at hand.
func (p *Pending) Commit() (mailsvc.NewMessage, error) {
	type outcome struct {
		id   mailsvc.BlobID
		size int64
		err  error
	}
	flushed := make(chan outcome, 1) // also if finding the words panics
	go func() {
		id, size, err := p.w.Commit()
		flushed <- outcome{id, size, err}
	}()
	head := *p.head
	defer p.dropHead()
	atHand := p.x.textsWithin(int64(len(head)))
	if atHand {
		addWords(p.x, head, sliceReader(head))
	}
	o := <-flushed
	if o.err != nil {
		return mailsvc.NewMessage{}, o.err
	}
	if !atHand {
		b, err := p.blobs.Open(o.id)
		if err != nil {
			return mailsvc.NewMessage{}, err
		}
		defer b.Close()
		addWords(p.x, head, b)
	}
	return mailsvc.NewMessage{Blob: o.id, BlobSize: o.size, Index: p.x.AppendBinary(nil)}, nil
}
