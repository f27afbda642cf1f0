package document

import (
	"math"
)

// picture is a grey page picture, row by row, 0 black to 255 white.
type picture struct {
	w, h int
	pix  []byte
	dpi  float64
}

// shrink halves a picture n times over by averaging; n is at least 1.
func (p *picture) shrink(n int) *picture {
	q := &picture{w: p.w / n, h: p.h / n, dpi: p.dpi / float64(n)}
	q.pix = make([]byte, q.w*q.h)
	for y := 0; y < q.h; y++ {
		for x := 0; x < q.w; x++ {
			sum := 0
			for dy := 0; dy < n; dy++ {
				at := (y*n+dy)*p.w + x*n
				for _, v := range p.pix[at : at+n] {
					sum += int(v)
				}
			}
			q.pix[y*q.w+x] = byte(sum / (n * n))
		}
	}
	return q
}

// scaled resamples to another resolution, linearly.
func (p *picture) scaled(dpi float64) *picture {
	f := p.dpi / dpi
	q := &picture{w: int(float64(p.w) / f), h: int(float64(p.h) / f), dpi: dpi}
	q.pix = make([]byte, q.w*q.h)
	for y := 0; y < q.h; y++ {
		for x := 0; x < q.w; x++ {
			q.pix[y*q.w+x] = p.at(float64(x)*f, float64(y)*f)
		}
	}
	return q
}

// at samples between pixels; outside is white.
func (p *picture) at(x, y float64) byte {
	x0, y0 := int(math.Floor(x)), int(math.Floor(y))
	if x0 < 0 || y0 < 0 || x0+1 >= p.w || y0+1 >= p.h {
		return 255
	}
	fx, fy := x-float64(x0), y-float64(y0)
	i := y0*p.w + x0
	top := float64(p.pix[i])*(1-fx) + float64(p.pix[i+1])*fx
	low := float64(p.pix[i+p.w])*(1-fx) + float64(p.pix[i+p.w+1])*fx
	return byte(top*(1-fy) + low*fy)
}

// top is the upper share of the picture.
func (p *picture) top(share float64) *picture {
	h := int(float64(p.h) * share)
	return &picture{w: p.w, h: h, pix: p.pix[:p.w*h], dpi: p.dpi}
}

// rotated turns the picture by an angle in degrees around its middle.
func (p *picture) rotated(deg float64) *picture {
	q := &picture{w: p.w, h: p.h, dpi: p.dpi, pix: make([]byte, len(p.pix))}
	sin, cos := math.Sincos(deg * math.Pi / 180)
	cx, cy := float64(p.w)/2, float64(p.h)/2
	for y := 0; y < p.h; y++ {
		dy := float64(y) - cy
		for x := 0; x < p.w; x++ {
			dx := float64(x) - cx
			q.pix[y*p.w+x] = p.at(cx+dx*cos-dy*sin, cy+dx*sin+dy*cos)
		}
	}
	return q
}

const (
	maxSkew  = 3.0  // degrees
	skewStep = 0.1  // degrees
	skewDPI  = 75.0 // resolution at which skew is measured
)

// skew finds by how many degrees the lines of text are turned: the angle whose
// row sums of ink differ most from row to row.
func (p *picture) skew() float64 {
	s := p.shrink(max(1, int(p.dpi/skewDPI)))
	var xs, ys []float64
	for y := 0; y < s.h; y++ {
		for x := 0; x < s.w; x++ {
			if s.pix[y*s.w+x] < 140 {
				xs, ys = append(xs, float64(x)-float64(s.w)/2), append(ys, float64(y))
			}
		}
	}
	best, angle := 0.0, 0.0
	rows := make([]float64, s.h+2*s.w)
	for a := -maxSkew; a <= maxSkew+1e-9; a += skewStep {
		clear(rows)
		tan := math.Tan(a * math.Pi / 180)
		for i := range xs {
			if r := int(ys[i]-xs[i]*tan) + s.w; r >= 0 && r < len(rows) {
				rows[r]++
			}
		}
		sum := 0.0
		for i := 1; i < len(rows); i++ {
			d := rows[i] - rows[i-1]
			sum += d * d
		}
		if sum > best {
			best, angle = sum, a
		}
	}
	return angle
}

// straight is the picture with its lines of text level.
func (p *picture) straight() *picture {
	if a := p.skew(); math.Abs(a) >= skewStep {
		return p.rotated(a)
	}
	return p
}

// blank reports whether the picture has hardly any ink.
func (p *picture) blank() bool {
	dark := 0
	for _, v := range p.pix {
		if v < 128 {
			dark++
		}
	}
	return dark < len(p.pix)/20000
}

// Lines of a box, at ocrDPI: longer than any stroke of a letter, and thin.
const (
	boxAcross = 90 // pixels
	boxDown   = 66
	boxThick  = 14
)

// withoutBoxes is the picture without straight lines, so that the frame of a
// stamp does not hide its letters. Lines are measured at ocrDPI.
func (p *picture) withoutBoxes() *picture {
	q := &picture{w: p.w, h: p.h, dpi: p.dpi, pix: append([]byte(nil), p.pix...)}
	k := p.dpi / ocrDPI
	p.erase(q, int(boxAcross*k), int(boxThick*k), 1, p.w, p.w, p.h)
	p.erase(q, int(boxDown*k), int(boxThick*k), p.w, 1, p.h, p.w)
	return q
}

// erase whitens dark runs of at least length pixels along one direction, where
// the stroke across is at most thick. step goes along a run, next to the
// neighbouring run; n and m count them.
func (p *picture) erase(q *picture, length, thick, step, next, n, m int) {
	const dark = 160
	for j := 0; j < m; j++ {
		start, gap := -1, 0
		for i := 0; i <= n; i++ {
			ink := false
			if i < n {
				at := i*step + j*next
				ink = p.pix[at] < dark || j > 0 && p.pix[at-next] < dark || j+1 < m && p.pix[at+next] < dark
			}
			if ink {
				if start < 0 {
					start = i
				}
				gap = 0
				continue
			}
			if gap++; start >= 0 && (gap > 3 || i == n) {
				if i-gap-start >= length {
					p.whiten(q, start, i-gap, j, thick, step, next, m)
				}
				start = -1
			}
		}
	}
}

// whiten clears a run and the blur beside it where the ink across is thin.
func (p *picture) whiten(q *picture, from, to, j, thick, step, next, m int) {
	for i := from; i <= to; i++ {
		lo, hi := j, j
		for lo > 0 && j-lo <= thick && p.pix[i*step+(lo-1)*next] < 200 {
			lo--
		}
		for hi < m-1 && hi-j <= thick && p.pix[i*step+(hi+1)*next] < 200 {
			hi++
		}
		if hi-lo > thick {
			continue
		}
		for k := lo; k <= hi; k++ {
			q.pix[i*step+k*next] = 255
		}
	}
}
