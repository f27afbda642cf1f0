package document

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"unicode"

	"github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/enums"
	pdferrors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// Bounds of PDF reading.
const (
	wasmPages    = 128 << 20 / (64 << 10) // memory of the PDF module: 128 MiB
	maxPDFPages  = 80                     // pages read: the first 50 and the last 30 of longer files
	lastPages    = 30
	maxPageChars = 40_000
)

// pdfEngine is a PDFium module in a WebAssembly runtime without a file system
// and with bounded memory. It can read one document after another.
type pdfEngine struct {
	pool  pdfium.Pool
	cache wazero.CompilationCache
}

// newPDFEngine compiles the module, or loads its compiled code from cacheDir.
//
// A call into the module is not interrupted when ctx ends: that would cost a
// goroutine for each of the ten calls a letter takes (measured: four times the
// processor time). The worker's own limits end a call that hangs.
func newPDFEngine(ctx context.Context, cacheDir string) (*pdfEngine, error) {
	e := &pdfEngine{}
	rc := wazero.NewRuntimeConfig().
		WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling).
		WithMemoryLimitPages(wasmPages)
	if cacheDir != "" {
		c, err := openCache(cacheDir)
		if err != nil {
			return nil, err
		}
		e.cache = c
		rc = rc.WithCompilationCache(c)
	}
	pool, err := webassembly.Init(webassembly.Config{
		Context: ctx, MinIdle: 1, MaxIdle: 1, MaxTotal: 1,
		FSConfig: wazero.NewFSConfig(), RuntimeConfig: rc, Stdout: io.Discard, Stderr: io.Discard,
	})
	if err != nil {
		e.close()
		return nil, fmt.Errorf("document: start pdf module: %w", err)
	}
	e.pool = pool
	return e, nil
}

func (e *pdfEngine) close() {
	if e == nil {
		return
	}
	if e.pool != nil {
		e.pool.Close()
	}
	if e.cache != nil {
		e.cache.Close(context.Background())
	}
}

// pdfFile is one open document.
type pdfFile struct {
	pdf   pdfium.Pdfium
	doc   references.FPDF_DOCUMENT
	pages int
}

// open opens a document; done frees it.
func (e *pdfEngine) open(ctx context.Context, data []byte) (f *pdfFile, done func(), err error) {
	inst, err := e.pool.GetInstanceWithContext(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("document: take pdf instance: %w", err)
	}
	done = func() { inst.Close() }
	d, err := inst.OpenDocument(&requests.OpenDocument{File: &data})
	if err != nil {
		done()
		if errors.Is(err, pdferrors.ErrPassword) {
			return nil, nil, errEncrypted
		}
		return nil, nil, orTimeout(ctx, damaged("open pdf", err))
	}
	n, err := inst.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: d.Document})
	if err != nil {
		done()
		return nil, nil, orTimeout(ctx, damaged("count pages", err))
	}
	return &pdfFile{inst, d.Document, n.PageCount}, done, nil
}

func orTimeout(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// pageList is the pages that are read, from 0.
func (f *pdfFile) pageList() (list []int) {
	for i := 0; i < f.pages; i++ {
		if f.pages <= maxPDFPages || i < maxPDFPages-lastPages || i >= f.pages-lastPages {
			list = append(list, i)
		}
	}
	return list
}

// signed reports whether the document carries signature fields that are signed.
func (f *pdfFile) signed() bool {
	c, err := f.pdf.FPDF_GetSignatureCount(&requests.FPDF_GetSignatureCount{Document: f.doc})
	return err == nil && c.Count > 0
}

// pdfPage is what one page holds.
type pdfPage struct {
	sheet
	chars   int
	image   float64 // share of the page that its largest picture covers
	seal    bool    // a picture stands in the head, where stamps do
	objects int     // things drawn
}

// page reads one page's glyphs.
func (f *pdfFile) page(i int) (*pdfPage, error) {
	ref, err := f.pdf.FPDF_LoadPage(&requests.FPDF_LoadPage{Document: f.doc, Index: i})
	if err != nil {
		return nil, damaged("load page", err)
	}
	defer f.pdf.FPDF_ClosePage(&requests.FPDF_ClosePage{Page: ref.Page})
	byRef := requests.Page{ByReference: &ref.Page}
	m, err := f.frame(byRef)
	if err != nil {
		return nil, err
	}
	p := &pdfPage{sheet: sheet{page: i + 1, width: m.width, height: m.height}}
	gs, up, err := f.glyphs(byRef, m)
	if err != nil {
		return nil, err
	}
	over := f.overlays(byRef, up)
	if len(over) > 0 && f.flatten(byRef) {
		if again, err := f.pdf.FPDF_LoadPage(&requests.FPDF_LoadPage{Document: f.doc, Index: i}); err == nil {
			defer f.pdf.FPDF_ClosePage(&requests.FPDF_ClosePage{Page: again.Page})
			byRef = requests.Page{ByReference: &again.Page}
		}
		after, _, err := f.glyphs(byRef, m)
		if err != nil {
			return nil, err
		}
		gs = layered(gs, after, over)
	} else {
		gs = layered(gs, gs, over)
	}
	f.pictures(p, byRef, m)
	p.width, p.height, p.chars = up.width, up.height, len(gs)
	gs, p.marks = slanted(gs)
	gs, p.foot = settle(gs, over)
	p.rows = rowsOf(gs)
	return p, nil
}

// glyphs reads the characters of a page, and the frame in which most of them
// stand upright: text may be set sideways, whatever the page's own rotation.
func (f *pdfFile) glyphs(p requests.Page, m frame) ([]glyph, frame, error) {
	tp, err := f.pdf.FPDFText_LoadPage(&requests.FPDFText_LoadPage{Page: p})
	if err != nil {
		return nil, m, damaged("load text", err)
	}
	defer f.pdf.FPDFText_ClosePage(&requests.FPDFText_ClosePage{TextPage: tp.TextPage})
	n, err := f.pdf.FPDFText_CountChars(&requests.FPDFText_CountChars{TextPage: tp.TextPage})
	if err != nil {
		return nil, m, damaged("count characters", err)
	}
	g := glyphReader{f: f, text: tp.TextPage, frame: m}
	g.upright(n.Count)
	gs, err := g.all(min(n.Count, maxPageChars))
	return gs, g.frame, err
}

// angleSamples is how many characters are asked for their direction.
const angleSamples = 24

// upright turns the frame so that most characters stand upright in it.
func (g *glyphReader) upright(n int) {
	var turns [4]int
	asked := 0
	for i := 0; i < n && n >= angleSamples; i += max(1, n/angleSamples) {
		u, err := g.f.pdf.FPDFText_GetUnicode(&requests.FPDFText_GetUnicode{TextPage: g.text, Index: i})
		if err != nil || !unicode.IsLetter(rune(u.Unicode)) {
			continue
		}
		a, err := g.f.pdf.FPDFText_GetCharAngle(&requests.FPDFText_GetCharAngle{TextPage: g.text, Index: i})
		if err != nil {
			continue
		}
		q := float64(a.CharAngle) / (math.Pi / 2)
		if asked++; math.Abs(q-math.Round(q)) < 0.1 {
			turns[(int(math.Round(q))%4+4)%4]++
		}
	}
	for t, c := range turns {
		if c*10 > asked*7 {
			g.frame = g.frame.turned((4 - t) % 4) // the angle is counted against the clock
		}
	}
}

// frame maps page space to points from the top left of the page as shown.
type frame struct {
	x, y, w, h    float64 // the page's box
	width, height float64 // as shown
	turn          int     // quarter turns clockwise
}

func (f *pdfFile) frame(p requests.Page) (frame, error) {
	size, err := f.pdf.FPDF_GetPageBoundingBox(&requests.FPDF_GetPageBoundingBox{Page: p})
	if err != nil {
		return frame{}, damaged("measure page", err)
	}
	r := size.Rect
	m := frame{x: float64(r.Left), y: float64(r.Bottom), w: float64(r.Right - r.Left), h: math.Abs(float64(r.Top - r.Bottom))}
	m.y = math.Min(float64(r.Bottom), float64(r.Top))
	if rot, err := f.pdf.FPDFPage_GetRotation(&requests.FPDFPage_GetRotation{Page: p}); err == nil {
		m.turn = int(rot.PageRotation) % 4
	}
	m = m.turned(m.turn)
	if !(m.width > 1 && m.height > 1) {
		return m, damaged("measure page", errDamaged)
	}
	return m, nil
}

// turned is the frame of the same page, shown with another number of quarter turns.
func (m frame) turned(turn int) frame {
	m.turn, m.width, m.height = turn, m.w, m.h
	if turn%2 == 1 {
		m.width, m.height = m.h, m.w
	}
	return m
}

func (m frame) at(x, y float64) (float64, float64) {
	x, y = x-m.x, y-m.y
	switch m.turn {
	case 1:
		return y, x
	case 2:
		return m.w - x, y
	case 3:
		return m.h - y, m.w - x
	}
	return x, m.h - y
}

// glyphReader reads the characters of a page.
type glyphReader struct {
	f     *pdfFile
	text  references.FPDF_TEXTPAGE
	frame frame
	font  pdfFont
}

// pdfFont is what a font's name tells.
type pdfFont struct {
	bold  bool
	upper bool // a .Vn font that shows capitals
}

// softHyphen stands for a hyphen at a line's end, or for "ư" in TCVN3; which of
// them is known when the whole text is.
const softHyphen = '\u00ad'

func (g *glyphReader) all(n int) ([]glyph, error) {
	out := make([]glyph, 0, n)
	last := glyph{}
	for i := 0; i < n; i++ {
		u, err := g.f.pdf.FPDFText_GetUnicode(&requests.FPDFText_GetUnicode{TextPage: g.text, Index: i})
		if err != nil {
			return nil, damaged("read character", err)
		}
		r := rune(u.Unicode)
		if unicode.IsSpace(r) || r == 0 || unicode.IsControl(r) && r != 2 || r == 0xFFFE || r == 0xFEFF {
			last = glyph{}
			continue
		}
		if r == 2 {
			r = softHyphen
		}
		o, err := g.f.pdf.FPDFText_GetCharOrigin(&requests.FPDFText_GetCharOrigin{TextPage: g.text, Index: i})
		if err != nil {
			continue
		}
		b, err := g.f.pdf.FPDFText_GetLooseCharBox(&requests.FPDFText_GetLooseCharBox{TextPage: g.text, Index: i})
		if err != nil {
			continue
		}
		q := g.place(r, o.X, o.Y, b.Rect.Left, b.Rect.Right, b.Rect.Top, b.Rect.Bottom)
		if last.r == 0 || math.Abs(q.y-last.y) > 1 {
			g.font = g.fontOf(i)
		}
		q.bold, q.upper = g.font.bold, g.font.upper
		out = append(out, q)
		last = q
	}
	return out, nil
}

func (g *glyphReader) place(r rune, ox, oy float64, l, rt, t, b float32) glyph {
	x, y := g.frame.at(ox, oy)
	x0, y0 := g.frame.at(float64(l), float64(b))
	x1, y1 := g.frame.at(float64(rt), float64(t))
	if x0 > x1 {
		x0, x1 = x1, x0
	}
	size := math.Abs(y1 - y0)
	return glyph{r: r, x0: math.Min(x, x0), x1: math.Max(x1, x), y: y, size: math.Max(size, 1)}
}

// fontOf asks for the font once a word.
func (g *glyphReader) fontOf(i int) pdfFont {
	fi, err := g.f.pdf.FPDFText_GetFontInfo(&requests.FPDFText_GetFontInfo{TextPage: g.text, Index: i})
	if err != nil {
		return pdfFont{}
	}
	name := fi.FontName
	if n := strings.IndexByte(name, '+'); n == 6 {
		name = name[7:]
	}
	low := strings.ToLower(name)
	_, upper := fontEncoding(name)
	return pdfFont{bold: strings.Contains(low, "bold") || strings.Contains(low, "black") || fi.Flags&(1<<18) != 0, upper: upper}
}

// slanted takes glyphs out that run across the page, in file order, and returns
// their text: watermarks, which would otherwise lie about as single letters.
func slanted(gs []glyph) (rest []glyph, marks []string) {
	rest = make([]glyph, 0, len(gs))
	for i := 0; i < len(gs); {
		j := i + 1
		for j < len(gs) && stepsAcross(gs[j-1], gs[j]) && (j == i+1 || sameWay(gs[j-2], gs[j-1], gs[j])) {
			j++
		}
		if j-i >= 3 {
			var b strings.Builder
			for _, g := range gs[i:j] {
				b.WriteRune(g.r)
			}
			marks = append(marks, b.String())
		} else {
			rest = append(rest, gs[i:j]...)
		}
		i = j
	}
	return rest, marks
}

// stepsAcross reports whether b follows a along a slanted or upright baseline.
func stepsAcross(a, b glyph) bool {
	dx, dy := math.Abs(b.x0-a.x0), math.Abs(b.y-a.y)
	size := math.Max(a.size, b.size)
	return dy > 0.2*size && dy < 1.1*size && dx < 1.1*size && math.Abs(a.size-b.size) < 0.2*size
}

// sameWay reports whether a, b, c go on in one direction.
func sameWay(a, b, c glyph) bool {
	return (b.y-a.y)*(c.y-b.y) > 0 && (b.x0-a.x0)*(c.x0-b.x0) >= 0
}

// Bounds of a picture that can be a stamp, in points.
const (
	minSealWidth  = 20
	minSealHeight = 8
)

// pictures measures the pictures of a page.
func (f *pdfFile) pictures(p *pdfPage, ref requests.Page, m frame) {
	n, err := f.pdf.FPDFPage_CountObjects(&requests.FPDFPage_CountObjects{Page: ref})
	if err != nil {
		return
	}
	p.objects = n.Count
	for i := 0; i < min(n.Count, maxImages); i++ {
		o, err := f.pdf.FPDFPage_GetObject(&requests.FPDFPage_GetObject{Page: ref, Index: i})
		if err != nil {
			continue
		}
		t, err := f.pdf.FPDFPageObj_GetType(&requests.FPDFPageObj_GetType{PageObject: o.PageObject})
		if err != nil || t.Type != enums.FPDF_PAGEOBJ_IMAGE {
			continue
		}
		b, err := f.pdf.FPDFPageObj_GetBounds(&requests.FPDFPageObj_GetBounds{PageObject: o.PageObject})
		if err != nil {
			continue
		}
		x0, y0 := m.at(float64(b.Left), float64(b.Top))
		x1, y1 := m.at(float64(b.Right), float64(b.Bottom))
		w, h := math.Abs(x1-x0), math.Abs(y1-y0)
		p.image = math.Max(p.image, w*h/(m.w*m.h))
		p.seal = p.seal || w >= minSealWidth && h >= minSealHeight && math.Min(y0, y1) < stampZone*m.height
	}
}

// readPDF reads a PDF's own text; pages that are pictures go to OCR.
func (m *machine) readPDF(ctx context.Context, data []byte) (*paper, error) {
	e, err := m.pdfEngine(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errService, err)
	}
	f, done, err := e.open(ctx, data)
	if err != nil {
		return nil, err
	}
	defer done()
	kind := "text-pdf"
	if f.signed() {
		kind = "signed-pdf"
	}
	var pages []*pdfPage
	var all strings.Builder
	for _, i := range f.pageList() {
		p, err := f.page(i)
		if err != nil {
			if i == 0 || ctx.Err() != nil {
				return &paper{kind: kind}, orTimeout(ctx, err)
			}
			continue
		}
		pages = append(pages, p)
		for _, r := range p.rows {
			if all.Len() < maxScored {
				all.WriteString(text(r.words) + "\n")
			}
		}
	}
	if len(pages) == 0 {
		return &paper{kind: kind}, damaged("read pages", errDamaged)
	}
	enc, score, _ := bestEncoding(strings.ReplaceAll(all.String(), string(softHyphen), ""))
	if needsOCR(pages, score) {
		return m.readScan(ctx, f, pages, score)
	}
	w := newPageWriter(kind)
	for _, s := range textSheets(pages, enc) {
		w.add(s)
	}
	out := w.done()
	out.signed, out.partial = kind == "signed-pdf", len(pages) < f.pages
	if enc != unicodeText {
		out.markLegacy()
	}
	if len(out.lines) == 0 {
		return out, errBlank
	}
	return out, m.pictureStamps(ctx, f, pages[0], out)
}

// textSheets brings pages into Unicode and takes their furniture off. A sheet may
// hold two pages.
func textSheets(pages []*pdfPage, enc encoding) (sheets []sheet) {
	for _, p := range pages {
		sheets = append(sheets, p.decoded(enc).spread()...)
	}
	trimFurniture(sheets)
	return sheets
}

// pictureStamps looks at pictures in the head of a document that has text: a
// stamp may be one. Without an OCR command a person must look.
func (m *machine) pictureStamps(ctx context.Context, f *pdfFile, first *pdfPage, p *paper) error {
	if !first.seal {
		return nil
	}
	if m.tesseract() == noTesseract {
		p.images = append(p.images, 0)
		return nil
	}
	pic, err := f.render(first)
	if err != nil {
		return orTimeout(ctx, err)
	}
	m.slots = make(chan struct{}, ocrCommands)
	p.seals, err = m.seals(ctx, pic)
	return orTimeout(ctx, err)
}

// needsOCR reports whether the text layer cannot be used: pages that are pictures,
// or letters that are no Vietnamese words.
func needsOCR(pages []*pdfPage, score float64) bool {
	chars, pictures := 0, 0
	for _, p := range pages[:min(len(pages), 3)] {
		chars += p.chars
		if p.image > 0.8 {
			pictures++
		}
	}
	return pictures == min(len(pages), 3) || chars < 20 && pictures > 0 || chars >= 20 && score < 0.75
}

// decoded is the page with its words brought into Unicode.
func (p *pdfPage) decoded(e encoding) sheet {
	s := p.sheet
	for _, rows := range [][]row{s.rows, s.foot} {
		for _, r := range rows {
			for i := range r.words {
				r.words[i].decode(e)
			}
		}
	}
	return s
}

func (w *word) decode(e encoding) {
	if e == unicodeText {
		w.text = strings.ReplaceAll(w.text, string(softHyphen), "-")
		return
	}
	if w.text = decode(w.text, e); w.upper {
		w.text = strings.ToUpper(w.text)
	}
	if e == tcvn3 {
		w.text = hornBack(w.text)
	}
}
