package document

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// Bounds of zip containers.
const (
	maxEntries = 4096     // files in one container
	maxPart    = 64 << 20 // bytes of one part, unpacked
	maxRatio   = 400      // unpacked : packed; text of office files stays below 60
)

// openZip lists a container. Entry names are only compared, never used as paths.
func openZip(data []byte) (map[string]*zip.File, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, damaged("open zip", err)
	}
	if len(z.File) > maxEntries {
		return nil, errHostile
	}
	files := make(map[string]*zip.File, len(z.File))
	for _, f := range z.File {
		if _, twice := files[f.Name]; !twice {
			files[f.Name] = f
		}
	}
	return files, nil
}

// partReader opens a part with its declared and its actual size bounded.
func partReader(f *zip.File) (io.ReadCloser, error) {
	if f.Flags&1 != 0 {
		return nil, errEncrypted
	}
	if f.UncompressedSize64 > maxPart ||
		f.UncompressedSize64 > 1<<20 && f.UncompressedSize64/maxRatio > f.CompressedSize64 {
		return nil, errTooLarge
	}
	r, err := f.Open()
	if err != nil {
		return nil, damaged("open part "+f.Name, err)
	}
	return struct {
		io.Reader
		io.Closer
	}{&capped{r, maxPart}, r}, nil
}

// capped fails with errTooLarge when more than n bytes come.
type capped struct {
	r io.Reader
	n int64
}

func (c *capped) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	if c.n -= int64(n); c.n < 0 {
		return 0, errTooLarge
	}
	return n, err
}

// element is a start tag whose name carries a short prefix by namespace.
type element struct {
	name string // "w:p", "text:span"; unknown namespaces have none
	attr []xml.Attr
}

// get returns an attribute by its local name.
func (e element) get(local string) string {
	for _, a := range e.attr {
		if a.Name.Local == local {
			return a.Value
		}
	}
	return ""
}

// events receives a part's XML. start returns false to skip the whole element.
type events interface {
	start(e element) bool
	end(name string)
	chars(s string)
}

// walk streams one XML part into v. A document type is refused, so are more
// than maxDepth levels.
func walk(r io.Reader, v events, broken func() error) error {
	d := xml.NewDecoder(r)
	d.CharsetReader = func(string, io.Reader) (io.Reader, error) { return nil, errHostile }
	d.Strict = true
	var names []string
	skip := 0
	for n := 0; ; n++ {
		t, err := d.Token()
		if err == io.EOF {
			return broken()
		}
		if err != nil {
			return damaged("read xml", err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			if len(names) >= maxDepth {
				return errHostile
			}
			name := short(t.Name.Space) + t.Name.Local
			names = append(names, name)
			if skip > 0 || !v.start(element{name, t.Attr}) {
				skip++
			}
		case xml.EndElement:
			name := names[len(names)-1]
			names = names[:len(names)-1]
			if skip > 0 {
				skip--
			} else {
				v.end(name)
			}
		case xml.CharData:
			if skip == 0 {
				v.chars(string(t))
			}
		case xml.Directive:
			return errHostile
		}
		if err := broken(); err != nil {
			return err
		}
	}
}

const odfSpace = "urn:oasis:names:tc:opendocument:xmlns:"

// short turns a namespace into the prefix that this package uses for it, in
// its transitional and its strict form.
func short(ns string) string {
	switch {
	case strings.HasSuffix(ns, "/wordprocessingml/main"), strings.HasSuffix(ns, "/wordprocessingml/2006/main"):
		return "w:"
	case strings.HasSuffix(ns, "/markup-compatibility/2006"):
		return "mc:"
	case ns == "urn:schemas-microsoft-com:vml":
		return "v:"
	case strings.HasPrefix(ns, odfSpace):
		switch name, _, _ := strings.Cut(strings.TrimPrefix(ns, odfSpace), ":"); name {
		case "drawing":
			return "draw:"
		case "xsl-fo-compatible":
			return "fo:"
		case "svg-compatible":
			return "svg:"
		default:
			return name + ":"
		}
	}
	return ""
}
