package mime

import (
	"bytes"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
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

// slowDisk calls meanwhile while a body is on its way, and keeps what arrives then.
type slowDisk struct {
	mailsvc.Blobs
	meanwhile func()
	stored    []string
}

func (d *slowDisk) Begin(body []byte) func() (mailsvc.BlobID, int64, error) {
	return func() (mailsvc.BlobID, int64, error) {
		if m := d.meanwhile; m != nil {
			d.meanwhile = nil
			m()
		}
		d.stored = append(d.stored, string(body))
		return "", int64(len(body)), nil
	}
}

// TestMemoryIsKeptUntilDurable: what comes while a message is on its way to the
// disk does not get into it. With one processor a sync.Pool hands out at once what
// was given to it, so memory that is given away too early is overwritten for
// certain. The test must not be parallel.
func TestMemoryIsKeptUntilDurable(t *testing.T) {
	processors, collect := runtime.GOMAXPROCS(1), debug.SetGCPercent(-1)
	t.Cleanup(func() {
		runtime.GOMAXPROCS(processors)
		debug.SetGCPercent(collect)
	})
	first, second := oddMail(1), oddMail(2)
	for name, end := range map[string]func(*Pending){
		"commit": func(p *Pending) { _, _ = p.Commit() },
		"abort":  func(p *Pending) { p.Start(); p.Abort() },
	} {
		d := new(slowDisk)
		d.meanwhile = func() { _, _ = Ingest(d, strings.NewReader(second)) }
		p, err := Receive(d, strings.NewReader(first), -1)
		if err != nil {
			t.Fatal(err)
		}
		end(p)
		if !slices.Equal(d.stored, []string{second, first}) {
			t.Errorf("%s: not what was sent was stored", name)
		}
		a, _ := Receive(d, strings.NewReader(first), -1)
		b, _ := Receive(d, strings.NewReader(second), -1)
		if a.room == b.room {
			t.Errorf("%s: memory with two owners", name)
		}
	}
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
