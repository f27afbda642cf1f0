package document

import (
	"archive/zip"
	"io"
	"strconv"
	"strings"
)

// readODT reads an OpenDocument text: styles.xml for styles, headers and
// footers, then content.xml.
func readODT(files map[string]*zip.File) (*paper, error) {
	content := files["content.xml"]
	if content == nil {
		return nil, damaged("read odt", io.ErrUnexpectedEOF)
	}
	if err := odfEncrypted(files["META-INF/manifest.xml"]); err != nil {
		return nil, err
	}
	b := newBuilder("odt")
	st := odfStyles{faces: map[string]string{}, styles: map[string]odfStyle{}}
	if f := files["styles.xml"]; f != nil {
		if err := walkPart(f, &odtWalker{b: b, styles: st}, b); err != nil {
			return nil, err
		}
	}
	if err := walkPart(content, &odtWalker{b: b, styles: st}, b); err != nil {
		return nil, err
	}
	return b.done()
}

func walkPart(f *zip.File, v events, b *builder) error {
	r, err := partReader(f)
	if err != nil {
		return err
	}
	defer r.Close()
	return walk(r, v, func() error { return b.err })
}

// odfEncrypted looks for encrypted parts in the manifest.
func odfEncrypted(f *zip.File) error {
	if f == nil {
		return nil
	}
	r, err := partReader(f)
	if err != nil {
		return err
	}
	defer r.Close()
	var found encryptedPart
	return walk(r, &found, func() error {
		if found {
			return errEncrypted
		}
		return nil
	})
}

// encryptedPart becomes true at the first encryption-data element.
type encryptedPart bool

func (e *encryptedPart) start(x element) bool {
	if strings.HasSuffix(x.name, "encryption-data") {
		*e = true
	}
	return true
}
func (e *encryptedPart) end(string)   {}
func (e *encryptedPart) chars(string) {}

// odfStyle is what a style says itself; nil pointers inherit.
type odfStyle struct {
	parent         string
	font           string
	bold, upper    *bool
	hidden, centre *bool
}

type odfStyles struct {
	faces  map[string]string // font face name -> family
	styles map[string]odfStyle
}

// resolve applies a style and its parents to l.
func (s odfStyles) resolve(key string, l look) look {
	font, bold, upper, hidden, centre := "", (*bool)(nil), (*bool)(nil), (*bool)(nil), (*bool)(nil)
	family, _, _ := strings.Cut(key, ":")
	for n := 0; n < 32; n++ {
		st, ok := s.styles[key]
		if !ok {
			break
		}
		if font == "" {
			font = st.font
		}
		bold, upper, hidden, centre = or(bold, st.bold), or(upper, st.upper), or(hidden, st.hidden), or(centre, st.centre)
		if st.parent == "" {
			break
		}
		key = family + ":" + st.parent
	}
	if font != "" {
		l.font = font
	}
	set(&l.bold, bold)
	set(&l.upper, upper)
	set(&l.hidden, hidden)
	set(&l.centred, centre)
	return l
}

func or(a, b *bool) *bool {
	if a != nil {
		return a
	}
	return b
}

func set(dst *bool, v *bool) {
	if v != nil {
		*dst = *v
	}
}

// odtWalker turns ODF events into text.
type odtWalker struct {
	b      *builder
	styles odfStyles
	style  string // key of the style being defined
	runs   []look // open paragraphs and spans
	lists  int    // open list items whose first paragraph has not come
	tables []odfTable
}

type odfTable struct{ number, row, col int }

var odfSkipped = map[string]bool{
	"text:tracked-changes": true, "office:annotation": true, "office:forms": true, "text:sequence-decls": true,
	"text:variable-decls": true, "text:user-field-decls": true, "text:alphabetical-index-source": true,
	"text:table-of-content-source": true, "office:scripts": true, "office:meta": true, "office:settings": true,
	"text:note-citation": true, "text:ruby-text": true, "office:binary-data": true, "svg:desc": true,
	"svg:title": true, "table:covered-table-cell": true, "draw:glue-point": true, "text:hidden-text": true,
}

func (w *odtWalker) start(e element) bool {
	if odfSkipped[e.name] {
		switch e.name {
		case "text:tracked-changes":
			w.b.p.tracked = true
		case "table:covered-table-cell":
			w.nextCell(e)
		}
		return false
	}
	switch e.name {
	case "style:font-face", "style:style", "style:default-style", "style:text-properties", "style:paragraph-properties":
		w.define(e)
	case "text:p", "text:h":
		w.paragraph(e)
	case "text:span", "text:a":
		if w.b.inParagraph() && len(w.runs) > 0 {
			l := w.styles.resolve("text:"+e.get("style-name"), w.runs[len(w.runs)-1])
			w.runs = append(w.runs, l)
		}
	case "text:tab", "text:s", "text:line-break":
		w.space(e)
	case "text:list-item", "text:list-header":
		w.lists = 0
		if e.name == "text:list-item" {
			w.lists = 1
		}
	case "table:table", "table:table-row", "table:table-cell":
		w.table(e)
	case "draw:text-box", "draw:custom-shape", "draw:rect", "draw:ellipse", "draw:polygon", "draw:circle", "draw:path":
		w.b.enter(flow{kind: inFrame})
	case "draw:image":
		w.b.picture()
	case "text:note-body":
		w.b.enter(flow{kind: inFooter})
	case "style:header", "style:header-left", "style:header-first":
		w.b.enter(flow{kind: inHeader})
	case "style:footer", "style:footer-left", "style:footer-first":
		w.b.enter(flow{kind: inFooter})
	}
	return true
}

func (w *odtWalker) end(name string) {
	switch name {
	case "text:p", "text:h":
		w.b.end()
		if len(w.runs) > 0 {
			w.runs = w.runs[:len(w.runs)-1]
		}
	case "text:span", "text:a":
		if w.b.inParagraph() && len(w.runs) > 1 {
			w.runs = w.runs[:len(w.runs)-1]
		}
	case "table:table":
		if len(w.tables) > 0 {
			w.tables = w.tables[:len(w.tables)-1]
		}
	case "table:table-row":
		if n := len(w.tables); n > 0 {
			w.tables[n-1].row++
		}
	case "table:table-cell", "draw:text-box", "draw:custom-shape", "draw:rect", "draw:ellipse", "draw:polygon", "draw:circle", "draw:path",
		"text:note-body", "style:header", "style:header-left", "style:header-first", "style:footer", "style:footer-left", "style:footer-first":
		w.b.leave()
	case "style:style", "style:default-style":
		w.style = ""
	case "text:list-item":
		w.lists = 0
	}
}

func (w *odtWalker) chars(s string) {
	if n := len(w.runs); n > 0 && w.b.inParagraph() {
		w.b.text(strings.NewReplacer("\t", " ", "\n", " ", "\r", " ").Replace(s), w.runs[n-1])
	}
}

func (w *odtWalker) paragraph(e element) {
	l := w.styles.resolve("paragraph:", look{})
	l = w.styles.resolve("paragraph:"+e.get("style-name"), l)
	l.auto = w.lists > 0
	w.lists = 0
	w.runs = append(w.runs, l)
	w.b.begin(l)
}

func (w *odtWalker) space(e element) {
	if len(w.runs) == 0 {
		return
	}
	l := w.runs[len(w.runs)-1]
	switch e.name {
	case "text:tab":
		w.b.text("\t", l)
	case "text:line-break":
		w.b.newline()
	case "text:s":
		n, _ := strconv.Atoi(e.get("c"))
		n = min(max(n, 1), 200)
		if n >= wideGap {
			w.b.text("\t", l)
			return
		}
		w.b.text(strings.Repeat(" ", n), l)
	}
}

// wideGap is the number of typed spaces in a row that stand for a column.
const wideGap = 4

func (w *odtWalker) table(e element) {
	switch e.name {
	case "table:table":
		w.tables = append(w.tables, odfTable{number: w.b.table()})
	case "table:table-row":
		if n := len(w.tables); n > 0 {
			w.tables[n-1].col = 0
		}
	case "table:table-cell":
		t := odfTable{}
		if n := len(w.tables); n > 0 {
			t = w.tables[n-1]
		}
		w.b.enter(flow{kind: inCell, table: t.number, row: t.row, col: t.col})
		w.nextCell(e)
	}
}

func (w *odtWalker) nextCell(e element) {
	if n := len(w.tables); n > 0 {
		k, _ := strconv.Atoi(e.get("number-columns-repeated"))
		w.tables[n-1].col += min(max(k, 1), 1024)
	}
}

// define records fonts and styles.
func (w *odtWalker) define(e element) {
	switch e.name {
	case "style:font-face":
		family := e.get("font-family")
		if family == "" {
			family = e.get("name")
		}
		w.styles.faces[e.get("name")] = family
	case "style:style", "style:default-style":
		w.style = e.get("family") + ":" + e.get("name")
		if len(w.styles.styles) < maxFlows {
			w.styles.styles[w.style] = odfStyle{parent: e.get("parent-style-name")}
		}
	case "style:text-properties":
		w.textProperties(e)
	case "style:paragraph-properties":
		st := w.styles.styles[w.style]
		if v := e.get("text-align"); v != "" && w.style != "" {
			c := v == "center"
			st.centre = &c
			w.styles.styles[w.style] = st
		}
	}
}

func (w *odtWalker) textProperties(e element) {
	if w.style == "" {
		return
	}
	st := w.styles.styles[w.style]
	for _, a := range e.attr {
		switch short(a.Name.Space) + a.Name.Local {
		case "style:font-name":
			if f := w.styles.faces[a.Value]; f != "" {
				st.font = f
			} else {
				st.font = a.Value
			}
		case "fo:font-family":
			st.font = a.Value
		case "fo:font-weight":
			st.bold = ptr(a.Value == "bold" || a.Value >= "600" && a.Value <= "900" && len(a.Value) == 3)
		case "fo:text-transform":
			st.upper = ptr(a.Value == "uppercase")
		case "fo:font-variant":
			if a.Value == "small-caps" {
				st.upper = ptr(true)
			}
		case "text:display":
			st.hidden = ptr(a.Value == "none" || a.Value == "true")
		}
	}
	w.styles.styles[w.style] = st
}

func ptr(b bool) *bool { return &b }
