package document

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
	"testing"
)

// sample describes a document once; it can be written as ODT, DOCX and plain text.
type sample struct {
	body           []block1
	header, footer []para1
}

// block1 is a paragraph, a table or a frame of a sample.
type block1 struct {
	para  *para1
	table [][][]para1
	frame []para1
}

// para1 is a paragraph of a sample. A "|" in text parts runs, "\t" is a tab.
type para1 struct {
	text                        string
	bold, centre, right, caps   bool
	font                        string
	deleted, struck, list, wrap bool
}

func p(text string) para1 { return para1{text: text} }
func b(text string) para1 { return para1{text: text, bold: true} }
func c(text string) para1 { return para1{text: text, bold: true, centre: true} }

// ps makes paragraphs of lines; a line that begins with "**" is bold.
func ps(lines ...string) (out []para1) {
	for _, l := range lines {
		t, bold := strings.CutPrefix(l, "**")
		out = append(out, para1{text: t, bold: bold})
	}
	return out
}

func (s *sample) add(ps ...para1) *sample {
	for i := range ps {
		s.body = append(s.body, block1{para: &ps[i]})
	}
	return s
}

func (s *sample) grid(rows ...[][]para1) *sample {
	s.body = append(s.body, block1{table: rows})
	return s
}

func (s *sample) box(ps ...para1) *sample {
	s.body = append(s.body, block1{frame: ps})
	return s
}

// head writes the usual head: issuer, motto, number, date.
func (s *sample) head(issuer []string, number, date string) *sample {
	left := ps(issuer...)
	left[len(left)-1].bold = true
	left = append(left, p("_______"))
	return s.grid(
		[][]para1{left, {b("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"), b("Độc lập - Tự do - Hạnh phúc"), p("_______________")}},
		[][]para1{ps(number), ps(date)},
	)
}

// foot writes the recipients and the signature side by side.
func (s *sample) foot(items []string, sign ...string) *sample {
	left := append([]para1{b("Nơi nhận:")}, ps(items...)...)
	right := ps(sign...)
	name := right[len(right)-1]
	right = append(right[:len(right)-1], p(""), p(""), name)
	return s.grid([][]para1{left, right})
}

const bodyText = "Thực hiện Kế hoạch số 118/KH-UBND ngày 12/02/2019 của Ủy ban nhân dân tỉnh về ứng dụng công nghệ thông tin trong hoạt động của các cơ quan nhà nước, đề nghị các đơn vị triển khai thực hiện nghiêm túc./."

func (p para1) runs() []string { return strings.Split(p.text, "|") }

func esc(s string) string {
	var b bytes.Buffer
	if err := xml.EscapeText(&b, []byte(s)); err != nil {
		return ""
	}
	return b.String()
}

func zipOf(t testing.TB, parts ...string) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for i := 0; i < len(parts); i += 2 {
		w, err := z.Create(parts[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(parts[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

const (
	wns      = `xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" xmlns:v="urn:schemas-microsoft-com:vml" xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"`
	relStart = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">`
	relType  = `http://schemas.openxmlformats.org/officeDocument/2006/relationships`
)

// docx writes the sample as WordprocessingML.
func (s *sample) docx(t testing.TB) []byte {
	var body strings.Builder
	for _, k := range s.body {
		switch {
		case k.para != nil:
			body.WriteString(k.para.docx())
		case k.table != nil:
			body.WriteString("<w:tbl>")
			for _, r := range k.table {
				body.WriteString("<w:tr>")
				for _, cell := range r {
					body.WriteString("<w:tc>" + docxParas(cell) + "</w:tc>")
				}
				body.WriteString("</w:tr>")
			}
			body.WriteString("</w:tbl>")
		default:
			in := "<w:txbxContent>" + docxParas(k.frame) + "</w:txbxContent>"
			body.WriteString("<w:p><w:r><mc:AlternateContent><mc:Choice Requires=\"wps\"><wps:txbx>" + in + "</wps:txbx></mc:Choice><mc:Fallback><w:pict><v:textbox>" + in + "</v:textbox></w:pict></mc:Fallback></mc:AlternateContent></w:r></w:p>")
		}
	}
	return zipOf(t,
		"[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`,
		"_rels/.rels", relStart+`<Relationship Id="r1" Type="`+relType+`/officeDocument" Target="word/document.xml"/></Relationships>`,
		"word/_rels/document.xml.rels", relStart+`<Relationship Id="r1" Type="`+relType+`/header" Target="header1.xml"/><Relationship Id="r2" Type="`+relType+`/footer" Target="footer1.xml"/></Relationships>`,
		"word/header1.xml", "<w:hdr "+wns+">"+docxParas(s.header)+"</w:hdr>",
		"word/footer1.xml", "<w:ftr "+wns+">"+docxParas(s.footer)+"</w:ftr>",
		"word/document.xml", `<?xml version="1.0" encoding="UTF-8"?><w:document `+wns+"><w:body>"+body.String()+"</w:body></w:document>")
}

func docxParas(ps []para1) string {
	if len(ps) == 0 {
		return "<w:p/>"
	}
	var b strings.Builder
	for _, q := range ps {
		b.WriteString(q.docx())
	}
	return b.String()
}

func (p para1) docx() string {
	ppr, rpr := "", ""
	if p.centre {
		ppr += `<w:jc w:val="center"/>`
	}
	if p.right {
		ppr += `<w:jc w:val="right"/>`
	}
	if p.list {
		ppr += `<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>`
	}
	if p.bold {
		rpr += "<w:b/>"
	}
	if p.caps {
		rpr += "<w:caps/>"
	}
	if p.font != "" {
		rpr += fmt.Sprintf(`<w:rFonts w:ascii="%[1]s" w:hAnsi="%[1]s"/>`, p.font)
	}
	out := "<w:p><w:pPr>" + ppr + "</w:pPr>"
	for _, r := range p.runs() {
		t := strings.ReplaceAll(`<w:t xml:space="preserve">`+esc(r)+"</w:t>", "&#x9;", `</w:t><w:tab/><w:t xml:space="preserve">`)
		t = strings.ReplaceAll(t, "&#xA;", `</w:t><w:br/><w:t xml:space="preserve">`)
		if p.deleted {
			out += `<w:del w:id="1"><w:r><w:rPr>` + rpr + "</w:rPr>" + strings.ReplaceAll(t, "w:t", "w:delText") + "</w:r></w:del>"
		} else {
			out += "<w:r><w:rPr>" + rpr + "</w:rPr>" + t + "</w:r>"
		}
	}
	return out + "</w:p>"
}

const ons = `xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0" xmlns:svg="urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0" office:version="1.2"`

// odt writes the sample as OpenDocument. Deleted paragraphs become tracked changes.
func (s *sample) odt(t testing.TB) []byte {
	w := &odtWriter{}
	for _, k := range s.body {
		switch {
		case k.para != nil && k.para.deleted:
			w.deleted += "<text:changed-region><text:deletion>" + w.para(*k.para) + "</text:deletion></text:changed-region>"
		case k.para != nil:
			w.body += w.para(*k.para)
		case k.table != nil:
			w.body += fmt.Sprintf(`<table:table><table:table-column table:number-columns-repeated="%d"/>`, len(k.table[0]))
			for _, r := range k.table {
				w.body += "<table:table-row>"
				for _, cell := range r {
					w.body += "<table:table-cell>" + w.paras(cell) + "</table:table-cell>"
				}
				w.body += "</table:table-row>"
			}
			w.body += "</table:table>"
		default:
			w.body += "<text:p><draw:frame text:anchor-type=\"paragraph\" svg:width=\"4cm\" svg:height=\"0.8cm\"><draw:text-box>" + w.paras(k.frame) + "</draw:text-box></draw:frame></text:p>"
		}
	}
	body := w.body
	if w.deleted != "" {
		body = "<text:tracked-changes>" + w.deleted + "</text:tracked-changes>" + body
	}
	h := w.styles
	w.styles = ""
	master := "<office:master-styles><style:master-page><style:header>" + w.paras(s.header) + "</style:header><style:footer>" + w.paras(s.footer) + "</style:footer></style:master-page></office:master-styles>"
	return zipOf(t,
		"mimetype", "application/vnd.oasis.opendocument.text",
		"META-INF/manifest.xml", `<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.2"><manifest:file-entry manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.text"/><manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/><manifest:file-entry manifest:full-path="styles.xml" manifest:media-type="text/xml"/></manifest:manifest>`,
		"styles.xml", "<office:document-styles "+ons+"><office:automatic-styles>"+w.styles+"</office:automatic-styles>"+master+"</office:document-styles>",
		"content.xml", "<office:document-content "+ons+"><office:automatic-styles>"+h+"</office:automatic-styles><office:body><office:text>"+body+"</office:text></office:body></office:document-content>")
}

type odtWriter struct {
	body, deleted, styles string
	n                     int
}

func (w *odtWriter) paras(ps []para1) (s string) {
	for _, q := range ps {
		s += w.para(q)
	}
	return s
}

func (w *odtWriter) para(q para1) string {
	w.n++
	name := fmt.Sprintf("P%d", w.n)
	tp, pp := "", ""
	if q.bold {
		tp += ` fo:font-weight="bold"`
	}
	if q.caps {
		tp += ` fo:text-transform="uppercase"`
	}
	if q.font != "" {
		tp += ` fo:font-family="` + esc(q.font) + `"`
	}
	if q.centre {
		pp += ` fo:text-align="center"`
	}
	w.styles += `<style:style style:name="` + name + `" style:family="paragraph"><style:paragraph-properties` + pp + "/><style:text-properties" + tp + "/></style:style>"
	s := ""
	for _, r := range q.runs() {
		t := strings.ReplaceAll(esc(r), "&#x9;", "<text:tab/>")
		s += "<text:span>" + strings.ReplaceAll(t, "&#xA;", "<text:line-break/>") + "</text:span>"
	}
	out := `<text:p text:style-name="` + name + `">` + s + "</text:p>"
	if q.list {
		out = "<text:list><text:list-item>" + out + "</text:list-item></text:list>"
	}
	return out
}

// txt writes the sample as plain text; tables become two columns of spaces.
func (s *sample) txt() []byte {
	var b strings.Builder
	line := func(q para1) {
		if q.deleted {
			return
		}
		t := strings.ReplaceAll(strings.ReplaceAll(q.text, "|", ""), "\t", "        ")
		if q.caps {
			t = strings.ToUpper(t)
		}
		if q.centre {
			t = strings.Repeat(" ", max(0, (86-len([]rune(t)))/2)) + t
		}
		b.WriteString(t + "\n")
	}
	for _, q := range s.header {
		line(q)
	}
	for i, k := range s.body {
		switch {
		case k.para != nil:
			line(*k.para)
			if k.para.centre && i+1 < len(s.body) && s.body[i+1].para != nil {
				continue
			}
		case k.table != nil:
			for _, r := range k.table {
				b.WriteString(txtRow(r))
			}
		default:
			for _, q := range k.frame {
				line(q)
			}
		}
		b.WriteString("\n")
	}
	return []byte(b.String())
}

// txtRow writes the first two cells of a row side by side.
func txtRow(r [][]para1) string {
	out := ""
	left := r[0]
	right := []para1{}
	if len(r) > 1 {
		right = r[1]
	}
	for i := 0; i < max(len(left), len(right)); i++ {
		l, q := "", ""
		if i < len(left) {
			l = left[i].text
		}
		if i < len(right) {
			q = right[i].text
		}
		out += strings.TrimRight(l+strings.Repeat(" ", max(3, 48-len([]rune(l))))+q, " ") + "\n"
	}
	return out
}

// rezip replaces a string in one part of a container.
func rezip(t testing.TB, data []byte, part, from, to string) []byte {
	t.Helper()
	files, err := openZip(data)
	if err != nil {
		t.Fatal(err)
	}
	var parts []string
	for name, f := range files {
		s, err := readAll(f, maxPart)
		if err != nil {
			t.Fatal(err)
		}
		if name == part {
			s = strings.Replace(s, from, to, 1)
		}
		parts = append(parts, name, s)
	}
	return zipOf(t, parts...)
}
