package blob

import (
	"encoding/binary"
	"fmt"
	"sync/atomic"
	"testing"
)

func openBench(b *testing.B) *Store {
	b.Helper()
	s, err := Open(b.TempDir(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	return s
}

func BenchmarkCommit(b *testing.B) {
	for _, size := range []int{4 << 10, 10 << 10, 64 << 10, 256 << 10, 1 << 20, 3 << 20} {
		for _, writers := range []int{1, 8} {
			b.Run(fmt.Sprintf("%dKiB/%d", size>>10, writers), func(b *testing.B) {
				s := openBench(b)
				var n atomic.Uint64
				b.SetBytes(int64(size))
				b.SetParallelism((writers + 1) / 2)
				b.RunParallel(func(pb *testing.PB) {
					body := make([]byte, size)
					for pb.Next() {
						binary.BigEndian.PutUint64(body, n.Add(1))
						w, err := s.Create()
						if err != nil {
							b.Error(err)
							return
						}
						if _, err := w.Write(body); err != nil {
							b.Error(err)
						}
						if _, _, err := w.Commit(); err != nil {
							b.Error(err)
						}
					}
				})
			})
		}
	}
}
