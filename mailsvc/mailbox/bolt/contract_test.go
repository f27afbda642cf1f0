package bolt_test

import (
	"testing"

	"quangtri.gov.vn/vanthu/mailsvc"
	"quangtri.gov.vn/vanthu/mailsvc/mailbox/bolt"
	"quangtri.gov.vn/vanthu/mailsvc/mailbox/mailboxtest"
)

func TestContract(t *testing.T) {
	t.Parallel()
	mailboxtest.Run(t, func(t *testing.T, dir string, quota func(string) int64) mailsvc.Store {
		s, err := bolt.Open(dir, bolt.Options{Shards: 2, Quota: quota})
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}
