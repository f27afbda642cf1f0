package document

import (
	"sort"
)

// Properties ([MS-DOC] 2.6) that reading needs.
const (
	sprmCDelete  = 0x0800
	sprmCBold    = 0x0835
	sprmCSmall   = 0x083A
	sprmCCaps    = 0x083B
	sprmCVanish  = 0x083C
	sprmCFont    = 0x4A4F
	sprmCStyle   = 0x4A30
	sprmCPicture = 0x6A03
	sprmCData    = 0x0806
	sprmPInTable = 0x2416
	sprmPRowEnd  = 0x2417
	sprmPInner   = 0x244B
	sprmPInnerT  = 0x244C
	sprmPJc80    = 0x2403
	sprmPJc      = 0x2461
	sprmPList    = 0x460B
	sprmTDef     = 0xD608
	sprmPTabs    = 0xC615
)

// sprms calls f for each property of a list; it stops at the first that does not fit.
func sprms(g []byte, f func(op int, arg []byte)) {
	for len(g) >= 2 {
		op := u16(g, 0)
		g = g[2:]
		n := 0
		switch op >> 13 {
		case 0, 1:
			n = 1
		case 2, 4, 5:
			n = 2
		case 3:
			n = 4
		case 7:
			n = 3
		case 6:
			if len(g) == 0 {
				return
			}
			n = 1 + int(g[0])
			if op == sprmTDef && len(g) >= 2 {
				n = 1 + u16(g, 0)
			}
			if op == sprmPTabs && g[0] == 255 {
				return
			}
		}
		if n > len(g) {
			return
		}
		f(op, g[:n])
		g = g[n:]
	}
}

// property applies one property to a run.
func (d *docFile) property(r *docRun, op int, arg []byte) {
	st := &r.style
	switch op {
	case sprmCBold:
		st.bold = toggle(arg[0], st.bold)
	case sprmCCaps, sprmCSmall:
		st.upper = toggle(arg[0], st.upper)
	case sprmCVanish:
		st.hidden = toggle(arg[0], st.hidden)
	case sprmCDelete:
		r.deleted = arg[0] == 1
	case sprmCFont:
		if i := u16(arg, 0); i < len(d.fonts) {
			st.font = d.fonts[i]
		}
	case sprmCStyle:
		if i := u16(arg, 0); i < len(d.styles) {
			own := *st
			*st = d.styles[i]
			st.merge(own)
		}
	case sprmCPicture:
		r.picture = true
	case sprmCData:
		r.field = arg[0] == 1
	case sprmPInTable:
		r.inTable = arg[0] == 1
	case sprmPRowEnd, sprmPInnerT:
		r.rowEnd = r.rowEnd || op == sprmPRowEnd && arg[0] == 1
		r.inner = r.inner || op == sprmPInnerT && arg[0] == 1
	case sprmPInner:
		r.inner = arg[0] == 1
	case sprmPJc, sprmPJc80:
		st.centre = ptr(arg[0] == 1)
	case sprmPList:
		i := u16(arg, 0)
		st.auto = ptr(i != 0 && i != 0xF801)
	}
}

// toggle is the value of an on/off property: 80 keeps the style's, 81 turns it.
func toggle(v byte, style *bool) *bool {
	switch v {
	case 0:
		return ptr(false)
	case 1:
		return ptr(true)
	case 0x81:
		return ptr(style == nil || !*style)
	}
	return style
}

// readStyles reads the style sheet ([MS-DOC] 2.9.271): fonts, bold, capitals.
func (d *docFile) readStyles() {
	s := d.part(fibStshf)
	if len(s) < 20 {
		return
	}
	head := u16(s, 0)
	if head < 18 || head+2 > len(s) {
		return
	}
	n, base := u16(s, 2), u16(s, 4)
	standard := ""
	if i := u16(s, 14); i < len(d.fonts) {
		standard = d.fonts[i]
	}
	type raw struct {
		run  docRun
		base int
	}
	list := make([]raw, 0, min(n, 4096))
	for at := head + 2; len(list) < min(n, 4096) && at+2 <= len(s); {
		size := u16(s, at)
		at += 2
		if at+size > len(s) {
			break
		}
		r, up := d.styleOf(s[at:at+size], base)
		list = append(list, raw{r, up})
		at += size + size%2
	}
	d.styles = make([]docxStyle, len(list))
	for i := range list {
		st := list[i].run.style
		for up, k := list[i].base, 0; up < len(list) && k < 16; up, k = list[up].base, k+1 {
			st.merge(list[up].run.style)
		}
		if st.font == "" {
			st.font = standard
		}
		d.styles[i] = st
	}
}

// styleOf reads one style; up is the index of the style it is based on.
func (d *docFile) styleOf(b []byte, base int) (r docRun, up int) {
	up = 0xFFF
	if len(b) < 10 || base < 10 || base+2 > len(b) {
		return r, up
	}
	kind := u16(b, 2) & 0xF
	up = u16(b, 2) >> 4
	upx := u16(b, 4) & 0xF
	at := base + 2 + 2*u16(b, base) + 2
	for i := 0; i < upx && at+2 <= len(b); i++ {
		n := u16(b, at)
		at += 2
		if at+n > len(b) {
			break
		}
		g := b[at : at+n]
		if kind == 1 && i == 0 && len(g) >= 2 {
			g = g[2:]
		}
		sprms(g, func(op int, arg []byte) { d.property(&r, op, arg) })
		at += n + n%2
	}
	return r, up
}

// readRuns reads the pages of character and paragraph properties.
func (d *docFile) readRuns() {
	d.chars = d.bte(fibBteChpx, 1, func(page []byte, at int) (r docRun) {
		if at == 0 || at >= 511 {
			return r
		}
		n := int(page[at])
		sprms(page[at+1:min(at+1+n, 511)], func(op int, arg []byte) { d.property(&r, op, arg) })
		return r
	})
	d.paras = d.bte(fibBtePapx, 13, func(page []byte, at int) (r docRun) {
		if at == 0 || at >= 510 {
			return r
		}
		n := 2*int(page[at]) - 1
		if at++; n < 0 {
			n = 2 * int(page[at])
			at++
		}
		end := min(at+n, 511)
		if at+2 > end {
			return r
		}
		r.istd = u16(page, at)
		sprms(page[at+2:end], func(op int, arg []byte) { d.property(&r, op, arg) })
		return r
	})
}

// bte walks formatted disk pages; step is the size of an entry behind the offsets.
func (d *docFile) bte(fib, step int, read func(page []byte, at int) docRun) (out []docRun) {
	plc := d.part(fib)
	n := (len(plc) - 4) / 8
	for i := 0; i < n; i++ {
		at := (u32(plc, 4*(n+1)+4*i) & 0x3FFFFF) * 512
		if at+512 > len(d.main) {
			continue
		}
		page := d.main[at : at+512]
		runs := int(page[511])
		if 4*(runs+1)+runs*step > 511 {
			continue
		}
		for k := 0; k < runs && len(out) < maxDocRuns; k++ {
			r := read(page, 2*int(page[4*(runs+1)+k*step]))
			r.from, r.to = u32(page, 4*k), u32(page, 4*k+4)
			out = append(out, r)
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].from < out[j].from })
	return out
}

// runAt finds the run that holds a file offset.
func runAt(runs []docRun, at int) docRun {
	i := sort.Search(len(runs), func(i int) bool { return runs[i].from > at })
	if i > 0 && at < runs[i-1].to {
		return runs[i-1]
	}
	return docRun{}
}
