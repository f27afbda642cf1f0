package document

// Records and properties of drawings ([MS-ODRAW] 2.2, 2.3) that reading needs.
const (
	artDgg       = 0xF000
	artGroup     = 0xF003
	artShape     = 0xF004
	artIdentity  = 0xF00A
	artOptions   = 0xF00B
	artTertiary  = 0xF122
	artPicture   = 75 // shape type of a picture
	optPicture   = 0x0104
	optFill      = 0x0186
	optText      = 0x00C0 // of a shape drawn as text
	artMaxShapes = 4096
)

// docShape is what a drawn shape shows besides its text box.
type docShape struct {
	picture bool
	text    string // drawn as text, such as a stamp or a watermark
}

// readShapes reads the drawings of the file ([MS-DOC] 2.9.172): pictures and
// texts drawn as shapes, by shape id. Stamps of secrecy are often made so.
func (d *docFile) readShapes() {
	b := d.part(fibDggInfo)
	first := true
	for len(b) > 8 {
		if !first {
			b = b[1:] // whether the drawing is of the main text or of headers
		}
		body, kind, rest, ok := artRecord(b)
		if !ok {
			return
		}
		if !first || kind != artDgg {
			d.shapesIn(body, 0, 0)
		}
		first, b = false, rest
	}
}

// artRecord takes the first record of b apart.
func artRecord(b []byte) (body []byte, kind int, rest []byte, ok bool) {
	if len(b) < 8 {
		return nil, 0, nil, false
	}
	n := u32(b, 4)
	if n < 0 || n > len(b)-8 {
		return nil, 0, nil, false
	}
	return b[8 : 8+n], u16(b, 2), b[8+n:], true
}

// shapesIn walks containers. What a group holds counts as the group's own,
// because only the group is anchored; group is 0 outside of one.
func (d *docFile) shapesIn(b []byte, group int32, depth int) {
	for depth < 16 && len(d.shapes) < artMaxShapes {
		body, kind, rest, ok := artRecord(b)
		if !ok {
			return
		}
		switch {
		case kind == artShape:
			id, s := shapeOf(body)
			if group == 0 && depth >= 2 {
				group = id
			}
			if group != 0 {
				id = group
			}
			have := d.shapes[id]
			d.shapes[id] = docShape{have.picture || s.picture, have.text + s.text}
		case kind == artGroup:
			d.shapesIn(body, 0, depth+1)
		}
		b = rest
	}
}

// shapeOf reads one shape's id, kind and options.
func shapeOf(b []byte) (id int32, s docShape) {
	for {
		inst := 0
		if len(b) >= 2 {
			inst = u16(b, 0) >> 4
		}
		body, kind, rest, ok := artRecord(b)
		if !ok {
			return id, s
		}
		switch {
		case kind == artIdentity && len(body) >= 4:
			id = int32(u32(body, 0))
			s.picture = s.picture || inst == artPicture
		case kind == artOptions || kind == artTertiary:
			s.options(body, inst)
		}
		b = rest
	}
}

// options reads a property table: n entries of six bytes, then the long values.
func (s *docShape) options(b []byte, n int) {
	if n > len(b)/6 {
		return
	}
	long := b[6*n:]
	for i := range n {
		op, v := u16(b, 6*i), u32(b, 6*i+2)
		var value []byte
		if op&0x8000 != 0 {
			if v < 0 || v > len(long) {
				return
			}
			value, long = long[:v], long[v:]
		}
		switch op & 0x3FFF {
		case optPicture, optFill:
			s.picture = s.picture || v != 0
		case optText:
			s.text += utf16z(value)
		}
	}
}
