package imap

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"quangtri.gov.vn/vanthu/internal/cputime"
)

// partial is what zlib makes of the commands below, each piece ended by a
// partial flush (Z_PARTIAL_FLUSH), which leaves some bits behind.
var partial = [][]byte{
	{50, 86, 240, 115, 244, 117, 13, 14, 112, 116, 118, 229, 229, 2, 8},
	{32, 19, 5, 31, 207, 224, 16, 5, 37, 37, 5, 37, 45, 37, 94, 46, 128, 0},
	{100, 210, 43, 14, 2, 65, 0, 4, 81, 79, 194, 29, 70, 130, 33, 219, 189, 127, 11, 59, 4, 130, 0, 1, 130, 16, 238, 127, 13, 108, 47, 165, 203, 189, 212, 84, 94, 215, 165, 156, 235, 243, 116, 41, 42, 187, 227, 125, 121, 31, 30, 181, 222, 62, 223, 253, 118, 51, 71, 244, 127, 84, 19, 181, 69, 85, 212, 14, 213, 81, 123, 212, 54, 234, 128, 218, 69, 29, 81, 251, 168, 19, 234, 16, 117, 70, 29, 19, 163, 65, 94, 89, 1, 75, 169, 37, 112, 57, 185, 4, 47, 167, 151, 0, 230, 4, 19, 196, 156, 98, 2, 153, 147, 76, 48, 115, 154, 9, 104, 78, 52, 65, 205, 169, 102, 168, 57, 213, 12, 53, 175, 30, 131, 218, 79},
}

// chunks gives one piece at a time and then would wait.
type chunks struct{ left [][]byte }

var errWouldWait = errors.New("would wait")

func (c *chunks) Read(p []byte) (int, error) {
	if len(c.left) == 0 {
		return 0, errWouldWait
	}
	n := copy(p, c.left[0])
	if c.left[0] = c.left[0][n:]; len(c.left[0]) == 0 {
		c.left = c.left[1:]
	}
	return n, nil
}

// TestInflateGivesAllThatArrived cuts a stream at every byte: whatever the
// decoder of the standard library gets out of the beginning, ours must give.
func TestInflateGivesAllThatArrived(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("7 UID FETCH 1 (BODY.PEEK[])\r\n8 UID FETCH 2 (BODY.PEEK[] FLAGS)\r\n", 30)
	for level := 0; level <= 9; level++ {
		var b bytes.Buffer
		w, err := flate.NewWriter(&b, level)
		must(t, err)
		for _, line := range strings.SplitAfter(text, "\n") {
			io.WriteString(w, line)
			if len(line)%2 == 0 {
				must(t, w.Flush())
			}
		}
		must(t, w.Close())
		for cut := range b.Len() {
			want, _ := io.ReadAll(flate.NewReader(bytes.NewReader(b.Bytes()[:cut])))
			got, err := io.ReadAll(newInflater(&chunks{[][]byte{b.Bytes()[:cut]}}))
			if len(got) < len(want) || !strings.HasPrefix(text, string(got)) || err == nil {
				t.Fatalf("level %d, %d bytes: %d of %d bytes, %v", level, cut, len(got), len(want), err)
			}
		}
	}
}

func TestInflatePartialFlush(t *testing.T) {
	t.Parallel()
	z := newInflater(&chunks{slicesOf(partial)})
	got, err := io.ReadAll(z)
	want := "3 NAMESPACE\r\n4 LIST \"\" \"*\"\r\n"
	for i := 1; i < 23; i++ {
		want += fmt.Sprintf("%d UID FETCH %d (BODY.PEEK[])\r\n", i+7, i)
	}
	if !errors.Is(err, errWouldWait) || string(got) != want {
		t.Errorf("%q %v", got, err)
	}
}

func slicesOf(in [][]byte) [][]byte { return append([][]byte(nil), in...) }

func TestInflateLargeData(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(3, 4))
	data := make([]byte, 300_000)
	for i := range data {
		data[i] = byte('a' + rnd.IntN(1+i/20_000))
	}
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, 6)
	must(t, err)
	w.Write(data)
	must(t, w.Close())
	got, err := io.ReadAll(newInflater(&b))
	if err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func FuzzInflate(f *testing.F) {
	for _, s := range []string{"", "x", strings.Repeat("abc", 100)} {
		var b bytes.Buffer
		w, _ := flate.NewWriter(&b, 9)
		io.WriteString(w, s)
		w.Close()
		f.Add(b.Bytes())
	}
	f.Add([]byte{5, 0xC0, 0x81, 8, 0, 0, 0, 0, 0x20, 0x7F, 0xEB, 0x0B, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<12 {
			return
		}
		start := cputime.Process()
		const limit = 4 << 20
		want, wantErr := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(b)), limit))
		got, err := io.ReadAll(io.LimitReader(newInflater(bytes.NewReader(b)), limit))
		if !bytes.HasPrefix(got, want) {
			t.Fatalf("%d bytes, want %d", len(got), len(want))
		}
		if wantErr == nil && (err != nil || len(got) != len(want)) {
			t.Fatalf("%v", err)
		}
		if d := cputime.Process() - start; d > 2*time.Second {
			t.Fatalf("took %v", d)
		}
	})
}

func BenchmarkInflate(b *testing.B) {
	text := []byte(strings.Repeat(letter("nén", strings.Repeat("văn bản ", 50)), 100))
	var c bytes.Buffer
	w, _ := flate.NewWriter(&c, 6)
	w.Write(text)
	w.Close()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		io.Copy(io.Discard, newInflater(bytes.NewReader(c.Bytes())))
	}
}
