package document

import (
	"archive/zip"
	"path"
	"sort"
	"strconv"
	"strings"
)

// readDOCX reads WordprocessingML: styles, then headers and footers, then the body.
func readDOCX(files map[string]*zip.File) (*paper, error) {
	main, err := docxMain(files)
	if err != nil {
		return nil, err
	}
	b := newBuilder("docx")
	rels, err := relationships(files, main.Name)
	if err != nil {
		return nil, err
	}
	st := docxStyles{}
	if f := rels.one(files, "/styles", path.Join(path.Dir(main.Name), "styles.xml")); f != nil {
		if err := walkPart(f, &docxStyleWalker{styles: st}, b); err != nil {
			return nil, err
		}
	}
	for _, k := range []struct {
		suffix string
		kind   flowKind
	}{{"/header", inHeader}, {"/footer", inFooter}} {
		for _, f := range rels.all(files, k.suffix) {
			b.enter(flow{kind: k.kind})
			if err := walkPart(f, &docxWalker{b: b, styles: st}, b); err != nil {
				return nil, err
			}
			b.leave()
		}
	}
	if err := walkPart(main, &docxWalker{b: b, styles: st}, b); err != nil {
		return nil, err
	}
	return b.done()
}

// docxMain finds the main part through the package's relationships.
func docxMain(files map[string]*zip.File) (*zip.File, error) {
	rels, err := relationships(files, "")
	if err != nil {
		return nil, err
	}
	f := rels.one(files, "/officeDocument", "word/document.xml")
	if f == nil {
		if files["xl/workbook.xml"] != nil || files["ppt/presentation.xml"] != nil {
			return nil, errNotDocument
		}
		return nil, damaged("find main part", zip.ErrFormat)
	}
	if strings.HasPrefix(f.Name, "xl/") || strings.HasPrefix(f.Name, "ppt/") {
		return nil, errNotDocument
	}
	return f, nil
}

// relation is one relationship: its type and the part it points to.
type relation struct{ kind, target string }

type relations []relation

// maxRelated bounds the headers and footers that are read.
const maxRelated = 64

func (r relations) all(files map[string]*zip.File, suffix string) (fs []*zip.File) {
	seen := map[string]bool{}
	for _, x := range r {
		if strings.HasSuffix(x.kind, suffix) && files[x.target] != nil && !seen[x.target] && len(fs) < maxRelated {
			seen[x.target] = true
			fs = append(fs, files[x.target])
		}
	}
	sort.Slice(fs, func(i, j int) bool { return fs[i].Name < fs[j].Name })
	return fs
}

func (r relations) one(files map[string]*zip.File, suffix, usual string) *zip.File {
	if fs := r.all(files, suffix); len(fs) > 0 {
		return fs[0]
	}
	return files[usual]
}

// relationships reads the relationships of a part ("" for the package).
func relationships(files map[string]*zip.File, part string) (relations, error) {
	dir, base := path.Split(part)
	f := files[dir+"_rels/"+base+".rels"]
	if f == nil {
		return nil, nil
	}
	r, err := partReader(f)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	w := &relWalker{dir: dir}
	err = walk(r, w, func() error { return nil })
	return w.rels, err
}

type relWalker struct {
	dir  string
	rels relations
}

func (w *relWalker) start(e element) bool {
	if t := e.get("Target"); t != "" && e.get("TargetMode") != "External" && len(w.rels) < maxEntries {
		if !strings.HasPrefix(t, "/") {
			t = path.Join("/", w.dir, t)
		}
		w.rels = append(w.rels, relation{e.get("Type"), strings.TrimPrefix(path.Clean(t), "/")})
	}
	return true
}
func (w *relWalker) end(string)   {}
func (w *relWalker) chars(string) {}

// docxStyle is what a style says itself.
type docxStyle struct {
	parent      string
	font        string
	bold, upper *bool
	hidden      *bool
	centre      *bool
	auto        *bool
}

// docxStyles maps style ids; "" holds the defaults, "p" and "c" + id would clash
// nowhere because ids are unique over all families.
type docxStyles map[string]docxStyle

func (s docxStyles) resolve(id string, l look) look {
	var r docxStyle
	for n := 0; n < 32 && id != ""; n++ {
		st, ok := s[id]
		if !ok {
			break
		}
		r.merge(st)
		id = st.parent
	}
	return r.apply(l)
}

// merge fills what r does not say itself from its parent.
func (r *docxStyle) merge(p docxStyle) {
	if r.font == "" {
		r.font = p.font
	}
	r.bold, r.upper, r.hidden = or(r.bold, p.bold), or(r.upper, p.upper), or(r.hidden, p.hidden)
	r.centre, r.auto = or(r.centre, p.centre), or(r.auto, p.auto)
}

func (r docxStyle) apply(l look) look {
	if r.font != "" {
		l.font = r.font
	}
	set(&l.bold, r.bold)
	set(&l.upper, r.upper)
	set(&l.hidden, r.hidden)
	set(&l.centred, r.centre)
	set(&l.auto, r.auto)
	return l
}

// property reads one formatting element into r.
func (r *docxStyle) property(e element) {
	switch e.name {
	case "w:rFonts":
		for _, k := range []string{"ascii", "hAnsi", "cs", "eastAsia"} {
			if v := e.get(k); v != "" {
				r.font = v
				break
			}
		}
	case "w:b":
		r.bold = ptr(on(e))
	case "w:caps", "w:smallCaps":
		if on(e) || e.name == "w:caps" {
			r.upper = ptr(on(e))
		}
	case "w:vanish", "w:specVanish":
		r.hidden = ptr(on(e))
	case "w:jc":
		r.centre = ptr(e.get("val") == "center")
	case "w:numId":
		r.auto = ptr(e.get("val") != "0")
	}
}

func on(e element) bool {
	v := e.get("val")
	return v != "0" && v != "false" && v != "off"
}

// docxStyleWalker reads styles.xml.
type docxStyleWalker struct {
	styles docxStyles
	id     string
	open   bool
}

func (w *docxStyleWalker) start(e element) bool {
	switch e.name {
	case "w:docDefaults":
		w.id, w.open = "", true
	case "w:style":
		w.id, w.open = e.get("styleId"), len(w.styles) < maxFlows
		if w.open && e.get("type") == "paragraph" && e.get("default") == "1" {
			w.styles[defaultStyle] = docxStyle{parent: w.id}
		}
	case "w:basedOn":
		if w.open && w.id != "" {
			st := w.styles[w.id]
			st.parent = e.get("val")
			w.styles[w.id] = st
		}
	case "w:tblStylePr", "w:latentStyles":
		return false
	default:
		if w.open {
			st := w.styles[w.id]
			st.property(e)
			w.styles[w.id] = st
		}
	}
	return true
}

func (w *docxStyleWalker) end(name string) {
	if name == "w:style" || name == "w:docDefaults" {
		w.open = false
	}
}
func (w *docxStyleWalker) chars(string) {}

// defaultStyle is a key that no style id can have.
const defaultStyle = "\x00default"

// docxWalker turns WordprocessingML events into text.
type docxWalker struct {
	b      *builder
	styles docxStyles
	paras  []look
	begun  []bool // whether the paragraph's properties are over
	run    []look
	inPPr  int
	inRPr  int
	inText bool
	choice []bool // mc:AlternateContent: a Choice was already taken
	tables []docxTable
}

type docxTable struct{ number, row, col, span int }

var docxSkipped = map[string]bool{
	"w:del": true, "w:moveFrom": true, "w:delText": true, "w:instrText": true, "w:delInstrText": true,
	"mc:Fallback": true, "w:sectPr": true, "w:tabs": true, "w:rPrChange": true, "w:pPrChange": true,
	"w:tblPrChange": true, "w:tcPrChange": true, "w:sectPrChange": true, "w:rt": true, "w:sdtPr": true,
	"w:footnotePr": true, "w:binData": true, "w:docPartObj": true, "w:annotationRef": true,
}

func (w *docxWalker) start(e element) bool {
	if docxSkipped[e.name] {
		if e.name == "w:del" || e.name == "w:moveFrom" {
			w.b.p.tracked = true
		}
		return e.name == "w:del" && w.inRPr > 0
	}
	switch e.name {
	case "mc:AlternateContent":
		w.choice = append(w.choice, false)
	case "mc:Choice":
		n := len(w.choice)
		if n == 0 || w.choice[n-1] {
			return false
		}
		w.choice[n-1] = true
	case "w:p":
		w.begin()
	case "w:pPr":
		w.inPPr++
	case "w:rPr":
		w.inRPr++
	case "w:r":
		w.open()
		w.run = append(w.run, w.last())
	case "w:txbxContent":
		w.open()
		w.b.enter(flow{kind: inFrame})
	case "w:tbl", "w:tr", "w:tc", "w:gridSpan", "w:gridBefore":
		w.table(e)
	case "blip", "v:imagedata":
		w.b.picture()
	case "v:textpath":
		w.wordArt(e.get("string"))
	default:
		w.inline(e)
	}
	return true
}

func (w *docxWalker) end(name string) {
	switch name {
	case "mc:AlternateContent":
		w.choice = w.choice[:max(len(w.choice)-1, 0)]
	case "w:p":
		w.open()
		w.b.end()
		n := max(len(w.paras)-1, 0)
		w.paras, w.begun = w.paras[:n], w.begun[:n]
	case "w:pPr":
		w.inPPr--
	case "w:rPr":
		w.inRPr--
	case "w:r":
		w.run = w.run[:max(len(w.run)-1, 0)]
	case "w:t":
		w.inText = false
	case "w:txbxContent":
		w.b.leave()
	case "w:tc":
		if n := len(w.tables); n > 0 {
			w.tables[n-1].col += max(w.tables[n-1].span, 1)
			w.b.leave()
		}
	case "w:tr":
		if n := len(w.tables); n > 0 {
			w.tables[n-1].row++
		}
	case "w:tbl":
		w.tables = w.tables[:max(len(w.tables)-1, 0)]
	}
}

func (w *docxWalker) chars(s string) {
	if w.inText {
		w.b.text(strings.NewReplacer("\t", " ", "\n", " ", "\r", " ").Replace(s), w.last())
	}
}

// begin notes a paragraph; it opens when its properties are known.
func (w *docxWalker) begin() {
	if len(w.paras) >= maxDepth {
		w.b.fail(errHostile)
		return
	}
	l := w.styles.resolve(defaultStyle, w.styles[""].apply(look{}))
	w.paras, w.begun = append(w.paras, l), append(w.begun, false)
}

func (w *docxWalker) open() {
	if n := len(w.paras); n > 0 && !w.begun[n-1] {
		w.begun[n-1] = true
		w.b.begin(w.paras[n-1])
	}
}

// last is the look of the innermost run or paragraph.
func (w *docxWalker) last() look {
	if n := len(w.run); n > 0 {
		return w.run[n-1]
	}
	if n := len(w.paras); n > 0 {
		return w.paras[n-1]
	}
	return look{}
}

// inline handles run content and formatting.
func (w *docxWalker) inline(e element) {
	switch e.name {
	case "w:t":
		w.inText = len(w.run) > 0
	case "w:tab", "w:ptab":
		w.b.text("\t", w.last())
	case "w:br", "w:cr":
		w.b.newline()
	case "w:softHyphen":
		w.b.text("\u00ad", w.last())
	case "w:noBreakHyphen":
		w.b.text("-", w.last())
	case "w:sym":
		w.b.text("•", look{})
	case "w:pStyle", "w:rStyle":
		w.style(e)
	default:
		w.format(e)
	}
}

func (w *docxWalker) style(e element) {
	if n := len(w.paras); w.inPPr > 0 && w.inRPr == 0 && n > 0 {
		w.paras[n-1] = w.styles.resolve(e.get("val"), w.styles[""].apply(look{}))
	} else if n := len(w.run); w.inRPr > 0 && w.inPPr == 0 && n > 0 {
		w.run[n-1] = w.styles.resolve(e.get("val"), w.run[n-1])
	}
}

// format applies direct formatting. The paragraph mark's own run properties
// (rPr inside pPr) say nothing about the text.
func (w *docxWalker) format(e element) {
	var st docxStyle
	switch {
	case w.inPPr > 0 && w.inRPr == 0 && len(w.paras) > 0:
		st.property(e)
		n := len(w.paras) - 1
		w.paras[n] = st.apply(w.paras[n])
	case w.inRPr > 0 && w.inPPr == 0 && len(w.run) > 0:
		st.property(e)
		n := len(w.run) - 1
		w.run[n] = st.apply(w.run[n])
	}
}

func (w *docxWalker) table(e element) {
	n := len(w.tables)
	switch e.name {
	case "w:tbl":
		if n >= maxDepth {
			w.b.fail(errHostile)
			return
		}
		w.tables = append(w.tables, docxTable{number: w.b.table()})
	case "w:tr":
		if n > 0 {
			w.tables[n-1].col = 0
		}
	case "w:tc":
		if n > 0 {
			t := &w.tables[n-1]
			t.span = 1
			w.b.enter(flow{kind: inCell, table: t.number, row: t.row, col: t.col})
		}
	case "w:gridSpan", "w:gridBefore":
		k, _ := strconv.Atoi(e.get("val"))
		if k = min(max(k, 0), 1024); n > 0 && e.name == "w:gridSpan" {
			w.tables[n-1].span = k
		} else if n > 0 {
			w.tables[n-1].col += k
		}
	}
}

// wordArt reads the text of a VML shape drawn as text, such as a watermark.
func (w *docxWalker) wordArt(s string) {
	if s == "" {
		return
	}
	w.open()
	w.b.enter(flow{kind: inFrame})
	w.b.begin(look{})
	w.b.text(s, look{})
	w.b.end()
	w.b.leave()
}
