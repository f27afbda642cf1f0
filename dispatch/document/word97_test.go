package document

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"quangtri.gov.vn/vanthu/dispatch"
)

// TestWord97Marks: stamps in Word 97 files that stand in page headers whose
// neighbours are empty, in shapes, or are drawn as text; a picture where stamps
// stand is asked about, a drawn line is not.
func TestWord97Marks(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct{ secrecy, ask string }{
		"header": {"Mật", ""}, "header-frame": {"Mật", ""}, "header-drawn-text": {"Tối mật", ""}, "shape-two-lines": {"Tối mật", ""},
		"header-picture": {"", "picture"}, "inline-picture": {"", "picture"}, "grouped-picture": {"", "picture"}, "drawn-line": {"", ""},
	} {
		data, err := os.ReadFile(filepath.Join("testdata/word97", name+".doc"))
		if err != nil {
			t.Fatal(err)
		}
		got := Read(t.Context(), name, data, testOptions)
		asked := slices.ContainsFunc(got.Asks, func(q dispatch.Question) bool { return q.Code == "picture" })
		if got.Fields.Secrecy != want.secrecy || asked != (want.ask != "") || got.Verdict == dispatch.Rejected {
			t.Errorf("%s: %s %q, picture asked %t", name, got.Verdict, got.Fields.Secrecy, asked)
		}
	}
}

// artBytes makes one record of a drawing.
func artBytes(inst, kind int, body ...[]byte) []byte {
	all := slices.Concat(body...)
	b := binary.LittleEndian.AppendUint16(nil, uint16(inst<<4|0xF))
	b = binary.LittleEndian.AppendUint16(b, uint16(kind))
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(all))), all...)
}

func option(op int, v uint32) []byte {
	return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint16(nil, uint16(op)), v)
}

// TestDrawnShapes: shapes are found in groups, and records that lie about their
// length end the reading and nothing else.
func TestDrawnShapes(t *testing.T) {
	t.Parallel()
	shape := func(id uint32, kind int, opts ...[]byte) []byte {
		return artBytes(0, artShape, artBytes(kind, artIdentity, option(0, 0)[:0], binary.LittleEndian.AppendUint32(nil, id), make([]byte, 4)), artBytes(len(opts), artOptions, opts...))
	}
	text := append(option(optText|0x8000, 8), 'M', 0, 0xAC, 0x1E, 'T', 0, 0, 0)
	content := slices.Concat(artBytes(0, artDgg), []byte{0}, artBytes(0, 0xF002, artBytes(0, artGroup,
		shape(1, 0), shape(2, 20), shape(3, artPicture), shape(4, 136, text), shape(5, 1, option(optPicture|0x4000, 1)),
		artBytes(0, artGroup, shape(6, 0), shape(7, artPicture)))))
	read := func(b []byte) map[int32]docShape {
		d := &docFile{main: make([]byte, fibSize), table: b, shapes: map[int32]docShape{}}
		binary.LittleEndian.PutUint32(d.main[fibDggInfo+4:], uint32(len(b)))
		d.readShapes()
		return d.shapes
	}
	got := read(content)
	for id, want := range map[int32]docShape{2: {}, 3: {picture: true}, 5: {picture: true}, 6: {picture: true}} {
		if got[id] != want {
			t.Errorf("shape %d: %+v", id, got[id])
		}
	}
	if got[4].text != "MẬT" && len(text) == 14 {
		t.Errorf("drawn text: %+v", got[4])
	}
	for n := range content {
		read(content[:n])
		bad := slices.Clone(content)
		bad[n] ^= 0xFF
		read(bad)
	}
}
