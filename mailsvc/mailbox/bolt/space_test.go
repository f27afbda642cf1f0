package bolt_test

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"
	"testing"

	"quangtri.gov.vn/vanthu/mailsvc"
	"quangtri.gov.vn/vanthu/mailsvc/mailbox/bolt"
)

// onDisk is the space that the files of a directory take.
func onDisk(t *testing.T, dir string) (n int64) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		var st syscall.Stat_t
		if err == nil {
			err = syscall.Lstat(path, &st)
		}
		n += st.Blocks * 512
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestSpaceOfOneToMany: the rows of a document that goes to 300 mailboxes are
// small beside the document. The first one also leaves pages that later ones use.
func TestSpaceOfOneToMany(t *testing.T) {
	t.Parallel()
	ctx, dir := context.Background(), t.TempDir()
	s := openAt(t, dir, bolt.Options{Shards: 2})
	m := message(1)
	m.BlobSize = 3 << 20
	m.Index = make([]byte, 1000)
	d := mailsvc.Delivery{ID: "vb-1", Message: m}
	for i := range 300 {
		name := fmt.Sprintf("u%04d@example.vn", i)
		if err := s.CreateAccount(ctx, name, []mailsvc.FolderSpec{{Name: "Văn bản đi"}, {Name: "Thùng rác"}, {Name: "Thư nháp"}}); err != nil {
			t.Fatal(err)
		}
		d.Targets = append(d.Targets, mailsvc.Target{Account: name, Prefix: fmt.Appendf(nil, "Return-Path: <phathanh@example.vn>\r\nDelivered-To: %s\r\n", name)})
	}
	before := onDisk(t, dir)
	const documents = 5
	for i := range documents {
		d.ID = fmt.Sprint("vb-", i)
		for _, err := range s.Deliver(ctx, d) {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if grown := (onDisk(t, dir) - before) / documents; grown > m.BlobSize/20 {
		t.Errorf("rows take %d bytes, %.1f %% of a document", grown, 100*float64(grown)/float64(m.BlobSize))
	} else {
		t.Logf("rows take %d bytes", grown)
	}
}
