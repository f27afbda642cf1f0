package mime

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// nowhere forgets what is written to it.
type nowhere struct{ mailsvc.Blobs }

func (nowhere) Create() (mailsvc.BlobWriter, error) { return new(nothing), nil }

func (nowhere) Begin(body []byte) func() (mailsvc.BlobID, int64, error) {
	return func() (mailsvc.BlobID, int64, error) { return "", int64(len(body)), nil }
}

type nothing struct{ size int64 }

func (w *nothing) Write(p []byte) (int, error) {
	w.size += int64(len(p))
	return len(p), nil
}

func (w *nothing) Commit() (mailsvc.BlobID, int64, error) { return "", w.size, nil }
func (w *nothing) Abort()                                 {}

// oddMail is a message like no other; a few are longer than what is used again.
func oddMail(i int) string {
	text := strings.Repeat(fmt.Sprintf("%s số %d, thư-%d\r\n", prose, i, i*i), 1+i%7*i%11)
	return fmt.Sprintf("Subject: Số %d\r\nX-%d: %s\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n\r\n%s\r\n--b%d--", i, i, strings.Repeat("x", i*400), i, i, text, i)
}

// TestMemoryIsNotShared: messages taken side by side, through memory that others
// had before, are indexed as if each were alone.
func TestMemoryIsNotShared(t *testing.T) {
	t.Parallel()
	const mails = 60
	var wg sync.WaitGroup
	for start := range 4 {
		wg.Go(func() {
			for i := range mails {
				m := oddMail((i + start*mails/4) % mails)
				x := Scan(strings.NewReader(m), int64(len(m)))
				head := []byte(m[:min(len(m), maxHead)])
				s := newWordSet()
				for text := range Texts(strings.NewReader(m), x, maxWordsText) {
					s.add(text)
				}
				filter, _ := headFilter(head[:x.Root.BodyStart], nil)
				x.Words = s.encode(filter)
				row, err := Ingest(nowhere{}, iotest.HalfReader(strings.NewReader(m)))
				if want := x.AppendBinary(nil); err != nil || !bytes.Equal(row.Index, want) {
					t.Errorf("message %d: %v, indexed otherwise", i, err)
				}
			}
		})
	}
	wg.Wait()
}

// BenchmarkIngest indexes a message of 4 KiB.
func BenchmarkIngest(b *testing.B) {
	m := "Subject: Công văn\r\nDate: Mon, 02 Jan 2006 15:04:05 -0700\r\n\r\n" + strings.Repeat(prose+"\r\n", 6)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Ingest(nowhere{}, strings.NewReader(m)); err != nil {
			b.Fatal(err)
		}
	}
}
