package main

import (
	"strings"
	"testing"

	"quangtri.gov.vn/vanthu/cmd/vanthu/app"
	"quangtri.gov.vn/vanthu/mailsvc/migrate"
)

func moving(done, total int) app.MigrationEvent {
	return app.MigrationEvent{Progress: &migrate.Progress{Account: "lan@moi.test", Folder: "Công việc", At: 2, Of: 5, Done: done, Total: total, Copied: done, Bytes: 3 << 20}}
}

func TestMeter(t *testing.T) {
	t.Parallel()
	ended := app.MigrationEvent{Report: &migrate.Report{Account: "lan@moi.test", Refused: 1, Error: "hộp thư đã đầy"}}
	note := app.MigrationEvent{Progress: &migrate.Progress{Account: "lan@moi.test", Note: "máy chủ cũ ngắt kết nối"}}
	show := func(m meter) string {
		var b strings.Builder
		m.w, m.all, m.told = &b, 3, map[string]string{}
		for _, e := range []app.MigrationEvent{moving(0, 0), moving(50, 200), note, moving(200, 200), moving(200, 200), ended} {
			m.event(e)
		}
		m.end()
		return b.String()
	}
	plain := "lan@moi.test: máy chủ cũ ngắt kết nối\nlan@moi.test: thư mục 2/5 \"Công việc\", 200 thư\n" +
		"[1/3] lan@moi.test: đã chép 0 thư (0.0 MiB), 0 thư đã có từ trước, 1 thư không chép được; CHƯA XONG: hộp thư đã đầy\n"
	if got := show(meter{}); got != plain {
		t.Errorf("got\n%s", got)
	}
	if got := show(meter{quiet: true}); got != "" {
		t.Errorf("quiet: %s", got)
	}
	got := show(meter{terminal: true})
	for _, want := range []string{"\r0/3 hộp thư · lan@moi.test [....................] 0/0 thư", "[####################] 200/200 thư, thư mục 2/5 Công việc · đã chép 200 thư, 3.0 MiB", "\r[1/3] lan@moi.test:"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
}

func TestGivenPassword(t *testing.T) {
	t.Setenv("MAT_KHAU_MAU", "a b ")
	if p, err := givenPassword("", "MAT_KHAU_MAU", ""); p != "a b " || err != nil {
		t.Errorf("%q, %v", p, err)
	}
	if _, err := givenPassword("", "MAT_KHAU_KHONG_CO", ""); err == nil {
		t.Error("no error")
	}
	if _, err := givenPassword("", "", t.TempDir()+"/x"); err == nil {
		t.Error("no error")
	}
}
