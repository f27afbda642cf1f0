//go:build crash

package crashtest

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The shutdown ioctl of ext4 stops a mounted file system at once. Without a log
// flush, what was not flushed before is gone: a power cut, as far as the file
// system can tell.
const (
	ioctlShutdown   = 0x8004587d
	shutdownNoFlush = 2
)

// image is an ext4 file system in a file.
type image struct {
	t         *testing.T
	file, dir string
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v: %s", name, args, err, out)
	}
}

func newImage(t *testing.T, size int64) *image {
	t.Helper()
	base := t.TempDir()
	im := &image{t, filepath.Join(base, "image"), filepath.Join(base, "mnt")}
	if err := os.Mkdir(im.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(im.file)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(size); err != nil {
		t.Fatal(err)
	}
	f.Close()
	run(t, "mkfs.ext4", "-q", "-F", im.file)
	im.mount()
	t.Cleanup(func() { _ = exec.Command("umount", "-l", im.dir).Run() })
	return im
}

func (im *image) mount() { im.t.Helper(); run(im.t, "mount", "-o", "loop", im.file, im.dir) }

// cut is the power cut.
func (im *image) cut() {
	d, err := os.Open(im.dir)
	if err != nil {
		im.t.Error(err)
		return
	}
	defer d.Close()
	if err := unix.IoctlSetPointerInt(int(d.Fd()), ioctlShutdown, shutdownNoFlush); err != nil {
		im.t.Error(err)
	}
}

// restart mounts the file system anew, from its journal.
func (im *image) restart() {
	im.t.Helper()
	run(im.t, "umount", im.dir)
	im.mount()
}

// imageSizes are those of the file systems: with the larger, journals have their
// room reserved; with the smaller, they grow as they are written.
var imageSizes = []int64{512 << 20, 3 << 30}

func (im *image) remove() {
	im.t.Helper()
	run(im.t, "umount", im.dir)
	if err := os.Remove(im.file); err != nil {
		im.t.Error(err)
	}
}

// powerCycles cuts the power under children at random moments, and loses the shards
// too after every other, until something is wrong.
func powerCycles(t *testing.T, seed uint64, n int, env ...string) (errs []error, acks int) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	for done, store := 0, 0; done < n; store++ {
		l, im := newLedger(), newImage(t, imageSizes[store%len(imageSizes)])
		dir := filepath.Join(im.dir, "data")
		for generation := range min(1+r.IntN(cyclesPerStore), n-done) {
			p := spawn(t, dir, generation, env...)
			p.awaitReady()
			l.dying = true
			p.takeUntil(l, time.After(time.Duration(20+r.IntN(80))*time.Millisecond), func() {
				p.dies()
				im.cut()
				p.kill()
			})
			im.restart()
			if done++; done%2 == 0 {
				if errs := lose(t, dir); len(errs) > 0 {
					return errs, acks + l.acks
				}
			}
			if errs := check(t, dir, l); len(errs) > 0 {
				return errs, acks + l.acks
			}
		}
		acks += l.acks
		im.remove()
	}
	return nil, acks
}

func TestPowerLoss(t *testing.T) {
	errs, acks := powerCycles(t, 1, cycles(50))
	report(t, errs)
	if acks == 0 {
		t.Error("no child did anything")
	}
	t.Logf("%d acknowledgements", acks)
}

// TestPowerLossControl: a server that does not flush must be caught.
func TestPowerLossControl(t *testing.T) {
	if errs, acks := powerCycles(t, 2, 10, envControl+"="+controlNoSync); len(errs) == 0 {
		t.Errorf("missing flushes were not noticed, %d acknowledgements", acks)
	} else {
		t.Logf("caught: %v", errs[0])
	}
}

// TestFullDisk fills a small file system at various points of a run. What was
// refused is not there, and when there is room again, the same process goes on.
func TestFullDisk(t *testing.T) {
	for i := range max(8, cycles(0)/10) {
		im := newImage(t, 64<<20)
		filler := filepath.Join(im.dir, "filler")
		im.fill(filler, int64(10<<20+i*397_001%(12<<20)))
		l := newLedger()
		p := prepare(t, exec.Command(os.Args[0]), filepath.Join(im.dir, "data"), i%2)
		room, err := p.cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		p.start()
		for line := range p.lines {
			if err := l.note(line); err != nil {
				t.Error(err)
			}
			if l.full {
				_ = os.Remove(filler)
				room.Close()
			}
		}
		if err := p.cmd.Wait(); err != nil || !l.full {
			t.Errorf("round %d: the disk was full: %v; the child: %v", i, l.full, err)
		}
		report(t, check(t, filepath.Join(im.dir, "data"), l))
		run(t, "umount", im.dir)
	}
}

// fill takes all room but some.
func (im *image) fill(file string, leave int64) {
	im.t.Helper()
	var fs unix.Statfs_t
	f, err := os.Create(file)
	if err == nil {
		defer f.Close()
		err = unix.Statfs(im.dir, &fs)
	}
	if err == nil {
		err = unix.Fallocate(int(f.Fd()), 0, 0, int64(fs.Bavail)*fs.Bsize-leave)
	}
	if err != nil {
		im.t.Fatal(err)
	}
}
