package document

import (
	"archive/zip"
	"bytes"
	"context"
	"io"
	"strings"
)

var (
	oleMagic = []byte{0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1}
	zipMagic = []byte("PK\x03\x04")
	pdfMagic = []byte("%PDF-")
)

// machine reads documents in one process. It is used by one goroutine at a time.
type machine struct {
	o   Options
	pdf *pdfEngine
	ocr string // the OCR command once it was looked for

	slots chan struct{} // OCR commands that run
}

func (m *machine) close() { m.pdf.close() }

// pdfEngine starts the PDF module when the first PDF comes.
func (m *machine) pdfEngine(ctx context.Context) (*pdfEngine, error) {
	if m.pdf == nil {
		e, err := newPDFEngine(ctx, m.o.CacheDir)
		if err != nil {
			return nil, err
		}
		m.pdf = e
	}
	return m.pdf, nil
}

// open decides by content what the file is and reads it into a paper. The
// paper may be non-nil with an error; then only its kind is set.
func (m *machine) open(ctx context.Context, data []byte) (*paper, error) {
	switch {
	case len(data) == 0:
		return nil, errEmpty
	case bytes.HasPrefix(data, zipMagic):
		return openOffice(data)
	case bytes.HasPrefix(data, oleMagic):
		return known("doc")(readDOC(data))
	case bytes.Contains(data[:min(len(data), 1024)], pdfMagic):
		return known("pdf")(m.readPDF(ctx, data))
	}
	if k := markup(data); k != "" {
		return &paper{kind: k}, errMarkup
	}
	return known("txt")(readTXT(data))
}

// markup names the kind of a file that word processors write as text under any
// name, often .doc: RTF, web pages, single XML files. Read as plain text, its
// commands would pass for the document's words; "" for none of them.
func markup(data []byte) string {
	head := data[:min(len(data), 2048)]
	if bytes.HasPrefix(head, []byte{0xFF, 0xFE}) || bytes.HasPrefix(head, []byte{0xFE, 0xFF}) {
		head = bytes.ReplaceAll(head[2:], []byte{0}, nil)
	}
	head = bytes.ToLower(bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xEF\xBB\xBF")), " \t\r\n"))
	switch {
	case bytes.HasPrefix(head, []byte(`{\rtf`)):
		return "rtf"
	case bytes.HasPrefix(head, []byte("<!doctype html")), bytes.HasPrefix(head, []byte("<html")), bytes.HasPrefix(head, []byte("<!--")),
		bytes.HasPrefix(head, []byte("<?xml")) && bytes.Contains(head, []byte("<html")),
		bytes.HasPrefix(head, []byte("mime-version:")), bytes.Contains(head, []byte("\ncontent-type: multipart/related")):
		return "html"
	case bytes.HasPrefix(head, []byte("<?xml")), bytes.HasPrefix(head, []byte("<office:document")), bytes.HasPrefix(head, []byte("<?mso-")):
		return "xml"
	}
	return ""
}

// known keeps a kind beside an error.
func known(kind string) func(*paper, error) (*paper, error) {
	return func(p *paper, err error) (*paper, error) {
		if p == nil {
			p = &paper{kind: kind}
		}
		return p, err
	}
}

// openOffice tells ODF and OOXML apart inside a zip container.
func openOffice(data []byte) (*paper, error) {
	files, err := openZip(data)
	if err != nil {
		return &paper{kind: "zip"}, err
	}
	if files["[Content_Types].xml"] != nil {
		return known("docx")(readDOCX(files))
	}
	if m := files["mimetype"]; m != nil {
		mime, err := readAll(m, 256)
		switch {
		case err != nil:
			return &paper{kind: "zip"}, err
		case strings.HasPrefix(mime, "application/vnd.oasis.opendocument.text"):
			return known("odt")(readODT(files))
		case strings.HasPrefix(mime, "application/vnd.oasis.opendocument"):
			return &paper{kind: "odf"}, errNotDocument
		}
	}
	if files["content.xml"] != nil {
		return known("odt")(readODT(files))
	}
	return &paper{kind: "zip"}, errUnknown
}

func readAll(f *zip.File, n int64) (string, error) {
	r, err := partReader(f)
	if err != nil {
		return "", err
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, n))
	if err != nil {
		return "", damaged("read "+f.Name, err)
	}
	return string(b), nil
}
