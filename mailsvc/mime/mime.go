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

import "io"

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
