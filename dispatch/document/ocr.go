package document

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"math"
	"os/exec"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"

	"github.com/klippa-app/go-pdfium/requests"

	"quangtri.gov.vn/vanthu/internal/viet"
)

// Bounds and settings of OCR.
const (
	ocrDPI      = 300
	stampZone   = 0.42     // share of page 1 that is searched for stamps
	maxPixels   = 20 << 20 // of one picture
	maxOCRPages = 5        // the first two and the last three
	readSparse  = "11"     // tesseract's page segmentation: sparse text
	readPage    = "3"      // fully automatic
	readBlock   = "6"      // one block of text
	ocrCommands = 2        // OCR commands that run at once for one document
	stampAlike  = 0.8      // similarity at which a word counts as a stamp
)

// readScan reads pages that are pictures, or whose letters are no words, by OCR.
// Without an OCR command the hidden text of a scan is used if it reads well.
func (m *machine) readScan(ctx context.Context, f *pdfFile, pages []*pdfPage, score float64) (*paper, error) {
	chars, cover := 0, 0.0
	for _, p := range pages {
		chars += p.chars
		cover = math.Max(cover, p.image)
	}
	kind := "scanned-pdf"
	if cover < 0.5 {
		kind = "text-pdf"
	}
	if chars < 20 && cover == 0 && !f.drawn(pages) {
		return &paper{kind: kind}, errBlank
	}
	if m.tesseract() == noTesseract {
		switch {
		case chars >= 200 && score >= 0.75:
			return hiddenText(kind, pages, f.pages), nil
		case kind == "text-pdf" && chars >= 20:
			return &paper{kind: kind}, errUnreadable
		}
		return &paper{kind: kind}, errNoOCR
	}
	p, err := m.recognise(ctx, f, pages, kind)
	if err != nil {
		return &paper{kind: kind}, orTimeout(ctx, err)
	}
	return p, nil
}

// drawn reports whether the first pages hold objects at all.
func (f *pdfFile) drawn(pages []*pdfPage) bool {
	for _, p := range pages[:min(len(pages), 3)] {
		if p.objects > 0 {
			return true
		}
	}
	return false
}

// hiddenText uses the invisible text of a scan, which some other OCR wrote.
func hiddenText(kind string, pages []*pdfPage, all int) *paper {
	w := newPageWriter(kind)
	for _, s := range textSheets(pages, unicodeText) {
		w.add(s)
	}
	out := w.done()
	out.ocr, out.partial = true, len(pages) < all
	return out
}

// tesseract is the OCR command, or noTesseract. It is looked for once.
func (m *machine) tesseract() string {
	if m.ocr == "" {
		m.ocr = findTesseract(m.o.Tesseract)
	}
	return m.ocr
}

// ocrPages chooses the pages that are recognised.
func ocrPages(n int) (list []int) {
	for i := 0; i < n; i++ {
		if n <= maxOCRPages || i < 2 || i >= n-3 {
			list = append(list, i)
		}
	}
	return list
}

// recognise renders pages one after another and recognises them side by side.
func (m *machine) recognise(ctx context.Context, f *pdfFile, pages []*pdfPage, kind string) (*paper, error) {
	list := ocrPages(len(pages))
	sheets := make([]sheet, len(list))
	errs := make([]error, len(list)+1)
	var seals []sealHit
	var wg sync.WaitGroup
	blank := true
	m.slots = make(chan struct{}, ocrCommands)
	for n, i := range list {
		pic, err := f.render(pages[i])
		if err != nil {
			errs[n] = err
			break
		}
		if pic.blank() {
			sheets[n] = sheet{page: pages[i].page, width: pages[i].width, height: pages[i].height}
			continue
		}
		blank = false
		pic = pic.straight()
		wg.Go(func() { sheets[n], errs[n] = m.recognisePage(ctx, pic, pages[i]) })
		if n == 0 {
			wg.Go(func() { seals, errs[len(list)] = m.seals(ctx, pic) })
		}
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if blank {
		return nil, errBlank
	}
	return ocrPaper(kind, sheets, seals, len(list) < f.pages)
}

func ocrPaper(kind string, sheets []sheet, seals []sealHit, partial bool) (*paper, error) {
	w := newPageWriter(kind)
	trimFurniture(sheets)
	for _, s := range sheets {
		w.add(s)
	}
	p := w.done()
	p.ocr, p.seals, p.partial = true, seals, partial
	if len(p.lines) == 0 {
		return nil, errBlank
	}
	return p, nil
}

// paperHeight is the height of A4 in points.
const paperHeight = 842

// paperScale is by how much a scanned page is taken to be smaller than it says. Many
// scanners and telephones write a wrong resolution, so that a sheet of A4 measures
// half a metre or a hand; its letters are told apart as those of A4.
func (p *pdfPage) paperScale() float64 {
	long := math.Max(p.width, p.height)
	if long > 1.15*paperHeight || long < 0.6*paperHeight {
		return paperHeight / math.Max(long, 1)
	}
	return 1
}

// render draws a page in grey at ocrDPI of its paper, or less when it is large.
func (f *pdfFile) render(p *pdfPage) (*picture, error) {
	scale := p.paperScale()
	dpi := math.Floor(ocrDPI * scale)
	if n := p.width * p.height / (72 * 72); n*dpi*dpi > maxPixels {
		dpi = math.Floor(math.Sqrt(maxPixels / n))
	}
	if dpi/scale < 50 {
		return nil, errTooLarge
	}
	r, err := f.pdf.RenderPageInDPI(&requests.RenderPageInDPI{
		DPI: int(dpi), ImageFormat: requests.RenderImageFormatGrayscale,
		Page: requests.Page{ByIndex: &requests.PageByIndex{Document: f.doc, Index: p.page - 1}},
	})
	if err != nil {
		return nil, damaged("render page", err)
	}
	defer r.Cleanup()
	return greyPicture(r.Result.RenderedImage, dpi/scale)
}

// recognisePage reads the words of one page.
func (m *machine) recognisePage(ctx context.Context, pic *picture, p *pdfPage) (sheet, error) {
	ws, err := m.words(ctx, pic, readPage)
	if err != nil {
		return sheet{}, err
	}
	scale := p.paperScale()
	s := sheet{page: p.page, width: p.width * scale, height: p.height * scale, rows: rowsOfWords(ws)}
	s.repair()
	return s, nil
}

// seals reads the head of page 1 again, without the boxes around stamps, which
// hide them in the ordinary reading: as sparse text at two resolutions and as a
// block of text at a third.
func (m *machine) seals(ctx context.Context, pic *picture) ([]sealHit, error) {
	zone := pic.top(stampZone).withoutBoxes()
	passes := []struct {
		dpi  float64
		mode string
	}{{zone.dpi, readSparse}, {200, readSparse}, {250, readBlock}}
	hits := make([][]sealHit, len(passes))
	errs := make([]error, len(passes))
	var wg sync.WaitGroup
	for i, p := range passes {
		wg.Go(func() {
			z := zone
			if p.dpi < z.dpi {
				z = zone.scaled(p.dpi)
			}
			ws, err := m.words(ctx, z, p.mode)
			hits[i], errs[i] = sealsIn(rowsOfWords(ws), float64(pic.w)*72/pic.dpi), err
		})
	}
	wg.Wait()
	return slices.Concat(hits...), errors.Join(errs...)
}

// sealsIn looks for stamps among recognised rows of a page of the given width.
func sealsIn(rows []row, width float64) (hits []sealHit) {
	for i, r := range rows {
		for k, t := range strings.Split(text(r.words), "\t") {
			if h, ok := sealIn(t); ok && !(k == 0 && i > 0 && tailOf(rows[i-1], r, width)) {
				hits = append(hits, h)
			}
		}
	}
	return hits
}

// tailOf reports whether r is the short last line of the paragraph that p is in.
func tailOf(p, r row, width float64) bool {
	return p.x1()-p.x0() > 0.6*width && !strings.Contains(text(p.words), "\t") && r.y-p.y < 2*math.Max(r.size, p.size) && r.x0() < p.x0()+12
}

// sealIn compares a piece of recognised text, as a whole, with the stamps.
func sealIn(t string) (sealHit, bool) {
	t = undecorated(t)
	if ws := strings.Fields(t); len(ws) > 1 {
		ws = slices.DeleteFunc(ws, func(w string) bool { return runesIn(strings.Trim(w, ":;,./-()&+")) < 2 })
		t = strings.Join(ws, " ")
	}
	if t == "" || casingOf(t) != upperCase || runesIn(t) > 24 {
		return sealHit{}, false
	}
	got := strings.ReplaceAll(viet.Fold(t), " ", "")
	best := sealHit{}
	for _, w := range append(append([]string{}, degrees...), urgencies...) {
		want := strings.ReplaceAll(viet.Fold(w), " ", "")
		if s := similarity(got, want); s >= stampAlike && s > best.score {
			best = sealHit{w, s}
		}
	}
	return best, best.word != ""
}

// similarity is 1 minus the edit distance over the longer length.
func similarity(a, b string) float64 {
	n := max(len([]rune(a)), len([]rune(b)))
	if n == 0 {
		return 0
	}
	return 1 - float64(distance([]rune(a), []rune(b)))/float64(n)
}

// distance is the Levenshtein distance of two short texts.
func distance(a, b []rune) int {
	prev := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i, ra := range a {
		diag := prev[0]
		prev[0] = i + 1
		for j, rb := range b {
			cost := diag
			if ra != rb {
				cost++
			}
			diag = prev[j+1]
			prev[j+1] = min(cost, prev[j]+1, diag+1)
		}
	}
	return prev[len(b)]
}

// words runs the OCR command on a picture; coordinates come back in points.
func (m *machine) words(ctx context.Context, p *picture, mode string) ([]word, error) {
	select {
	case m.slots <- struct{}{}:
		defer func() { <-m.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	cmd := exec.CommandContext(ctx, m.tesseract(), "stdin", "stdout", "-l", "vie", "--psm", mode, "--dpi", strconv.Itoa(int(p.dpi)), "tsv")
	cmd.Env = []string{"OMP_THREAD_LIMIT=1", "LC_ALL=C"}
	cmd.Stdin = io.MultiReader(strings.NewReader(fmt.Sprintf("P5\n%d %d\n255\n", p.w, p.h)), bytes.NewReader(p.pix))
	out := &cappedBuffer{}
	cmd.Stdout = out
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("document: run ocr: %w: %w", errOCR, err)
	}
	return parseTSV(string(out.b), 72/p.dpi), nil
}

// parseTSV reads tesseract's table: level page block paragraph line word left
// top width height confidence text. Words of a line share its baseline.
func parseTSV(s string, scale float64) (ws []word) {
	baseline, size := 0.0, 0.0
	for _, l := range strings.Split(s, "\n") {
		c := strings.SplitN(strings.TrimRight(l, "\r"), "\t", 12)
		if len(c) != 12 || len(ws) > maxPageChars {
			continue
		}
		n := [5]float64{}
		bad := false
		for i := range n {
			v, err := strconv.ParseFloat(c[6+i], 64)
			bad = bad || err != nil || math.IsNaN(v) || math.IsInf(v, 0)
			n[i] = v
		}
		if bad {
			continue
		}
		x, y, w, h := n[0]*scale, n[1]*scale, n[2]*scale, n[3]*scale
		switch c[0] {
		case "4":
			size = math.Min(math.Max(h*0.8, 6), 30)
			baseline = y + h - 0.22*size
		case "5":
			t := viet.NFC(strings.TrimSpace(c[11]))
			if t == "" || h > 60 || w <= 0 {
				continue
			}
			ws = append(ws, word{text: t, x0: x, x1: x + w, y: baseline, size: size, conf: math.Max(0.01, n[4]/100)})
		}
	}
	return ws
}

// rowsOfWords groups recognised words to printed lines.
func rowsOfWords(ws []word) (rows []row) {
	sort.SliceStable(ws, func(i, j int) bool { return ws[i].y < ws[j].y })
	for start := 0; start < len(ws); {
		end := start + 1
		for end < len(ws) && ws[end].y-ws[start].y <= sameLine*math.Min(ws[end].size, ws[start].size) {
			end++
		}
		r := row{words: ws[start:end:end], y: ws[start].y}
		sort.SliceStable(r.words, func(i, j int) bool { return r.words[i].x0 < r.words[j].x0 })
		for _, w := range r.words {
			r.size = math.Max(r.size, w.size)
		}
		rows = append(rows, r)
		start = end
	}
	return rows
}

// repair rewrites the few fixed words that reading depends on and that OCR is
// known to misread. Nothing else is touched.
func (s sheet) repair() {
	for _, r := range s.rows {
		for i := range r.words {
			first := i == 0 || r.words[i].x0-r.words[i-1].x1 > columnGap*r.size
			s.repairWord(r.words[i:], first)
		}
	}
}

func (s sheet) repairWord(ws []word, first bool) {
	w := &ws[0]
	low := viet.Fold(strings.Trim(w.text, ":.,;"))
	switch {
	case first && strings.Trim(w.text, "~«=_¬-–—•*") == "":
		w.text = "-"
	case strings.HasPrefix(w.text, "(b/") && strings.HasSuffix(strings.TrimRight(w.text, ";.,"), ")"):
		w.text = "(b/c)" + w.text[strings.LastIndex(w.text, ")")+1:]
	case first && len(ws) > 1 && similarity(low+" "+viet.Fold(strings.Trim(ws[1].text, ":.,;")), "noi nhan") >= 0.83:
		w.text, ws[1].text = "Nơi", "nhận:"
	case first && len(ws) > 1 && similarity(low+" "+viet.Fold(strings.Trim(ws[1].text, ":.,;")), "kinh gui") >= 0.83:
		w.text, ws[1].text = "Kính", "gửi:"
	case first && (low == "so" || low == "sö" || low == "sd") && len(ws) > 1 && strings.ContainsAny(ws[1].text, "0123456789"):
		w.text = "Số:"
	case (low == "luu" || low == "lun") && w.text[0] == 'L':
		w.text = "Lưu" + w.text[len(strings.TrimRight(w.text, ":.,;")):]
	}
}

// greyPicture copies a rendered page; the module's memory is only lent.
func greyPicture(img image.Image, dpi float64) (*picture, error) {
	g, ok := img.(*image.Gray)
	if !ok {
		return nil, damaged("render page", errors.ErrUnsupported)
	}
	b := g.Bounds()
	p := &picture{w: b.Dx(), h: b.Dy(), dpi: dpi, pix: make([]byte, b.Dx()*b.Dy())}
	for y := 0; y < p.h; y++ {
		copy(p.pix[y*p.w:(y+1)*p.w], g.Pix[y*g.Stride:y*g.Stride+p.w])
	}
	return p, nil
}
