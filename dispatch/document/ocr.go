package document

import "context"

func (m *machine) readScan(ctx context.Context, f *pdfFile, pages []*pdfPage, score float64) (*paper, error) {
	chars := 0
	picture := 0.0
	for _, p := range pages {
		chars += p.chars
		picture = max(picture, p.image)
	}
	if chars < 20 && picture == 0 {
		return &paper{kind: "text-pdf"}, errBlank
	}
	return &paper{kind: "scanned-pdf"}, errNoOCR
}
