package migrate

import (
	"context"
	"slices"
	"testing"
	"time"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// TestEverythingComesAlong copies from our own server and compares.
func TestEverythingComesAlong(t *testing.T) {
	t.Parallel()
	old, here := newHouse(t), newHouse(t)
	ctx := context.Background()
	at := time.Date(2010, 3, 1, 9, 30, 15, 0, time.FixedZone("", 7*3600))
	old.put(t, "INBOX", letter(1), at, `\Seen`, `\Answered`, "$Forwarded", "ViecGap-la")
	old.put(t, "INBOX", letter(2), at.Add(time.Hour))
	old.put(t, "INBOX", letter(1), at, `\Flagged`) // equal to the first
	old.put(t, "INBOX", "no header, bare\nlines, \x00 and \xff bytes", at)
	old.put(t, "Thư đã gửi", letter(3), at, `\Seen`)
	old.put(t, "Thư đã gửi/2009", letter(3), at, `\Seen`)
	old.put(t, "Sở KH&CN/Đấu thầu", letter(4), at, `\Draft`, `\Deleted`)
	old.put(t, "Hộp thư cơ quan/Sở Nội vụ", letter(5), at)
	_, err := old.store.CreateFolder(ctx, lan, "Trống rỗng", "")
	must(t, err)
	must(t, old.store.Subscribe(ctx, lan, "Trống rỗng", false))
	server := old.serve(t)

	r := here.migrate(t, server)
	for _, name := range []string{"INBOX", "Thư đã gửi", "Thư đã gửi/2009", "Sở KH&CN/Đấu thầu"} {
		if got, want := here.folder(t, name), old.folder(t, name); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if n := here.names(t); !slices.Contains(n, "Trống rỗng") {
		t.Errorf("folders %q", n)
	}
	if f, err := here.store.Folder(ctx, lan, lan, "Trống rỗng"); err != nil || f.Subscribed {
		t.Errorf("subscription: %+v, %v", f, err)
	}
	if f, err := here.store.Folder(ctx, lan, lan, "Sở KH&CN"); err != nil || !f.Subscribed {
		t.Errorf("subscription: %+v, %v", f, err)
	}
	if n, _ := r.Copied(); n != 7 {
		t.Errorf("copied %d: %+v", n, r)
	}

	again := here.migrate(t, server)
	if n, _ := again.Copied(); n != 0 {
		t.Errorf("the second run copied %d", n)
	}
	old.put(t, "INBOX", letter(6), at)
	if n, _ := func() (int, int64) { r := here.migrate(t, server); return r.Copied() }(); n != 1 {
		t.Errorf("new mail: copied %d", n)
	}
}

// TestLostJournal: the journal saves time, and nothing depends on it.
func TestLostJournal(t *testing.T) {
	t.Parallel()
	old, here := newHouse(t), newHouse(t)
	for _, n := range []int{1, 2, 2, 3, 2} {
		old.put(t, "INBOX", letter(n), time.Unix(1e9, 0))
	}
	server := old.serve(t)
	here.migrate(t, server)
	here.dir = t.TempDir()
	r := here.migrate(t, server)
	if n, _ := r.Copied(); n != 0 || r.Folders[0].Present != 5 || len(here.folder(t, "INBOX")) != 5 {
		t.Errorf("%+v, %d messages", r.Folders[0], len(here.folder(t, "INBOX")))
	}
}

// TestFlagsBetweenRuns: what became read on the old server becomes read here, and
// what a person did here stays.
func TestFlagsBetweenRuns(t *testing.T) {
	t.Parallel()
	old, here := newHouse(t), newHouse(t)
	for n := range 4 {
		old.put(t, "INBOX", letter(n), time.Unix(1e9, 0), `\Flagged`)
	}
	server := old.serve(t)
	here.migrate(t, server)
	set := func(h *house, uid mailsvc.UID, op mailsvc.FlagOp, flags ...string) {
		f, err := h.store.Folder(context.Background(), lan, lan, "INBOX")
		must(t, err)
		_, _, err = h.store.SetFlags(context.Background(), lan, lan, f.ID, []mailsvc.Range{{From: uid, To: uid}}, mailsvc.FlagChange{Op: op, Flags: flags})
		must(t, err)
	}
	set(old, 1, mailsvc.FlagsAdd, `\Seen`)
	set(old, 2, mailsvc.FlagsReplace, `\Seen`)
	set(here, 2, mailsvc.FlagsAdd, "viec-gap")
	set(here, 3, mailsvc.FlagsAdd, `\Answered`)
	r := here.migrate(t, server)
	var got []string
	for _, m := range here.folder(t, "INBOX") {
		got = append(got, m.flags)
	}
	if want := []string{`\Flagged \Seen`, `\Seen viec-gap`, `\Answered \Flagged`, `\Flagged`}; !slices.Equal(got, want) || r.Folders[0].Reflag != 2 {
		t.Errorf("got %q, want %q; %+v", got, want, r.Folders[0])
	}
	set(here, 1, mailsvc.FlagsRemove, `\Seen`) // unread again, on purpose
	if here.migrate(t, server); here.folder(t, "INBOX")[0].flags != `\Flagged` {
		t.Error("a change was carried over twice")
	}
}

// TestDeletedHere: what a person deleted here does not come back.
func TestDeletedHere(t *testing.T) {
	t.Parallel()
	old, here := newHouse(t), newHouse(t)
	old.put(t, "INBOX", letter(1), time.Unix(1e9, 0), `\Deleted`)
	server := old.serve(t)
	here.migrate(t, server)
	f, err := here.store.Folder(t.Context(), lan, lan, "INBOX")
	must(t, err)
	_, err = here.store.Expunge(t.Context(), lan, f.ID, nil)
	must(t, err)
	here.dir = t.TempDir()
	if here.migrate(t, server); len(here.folder(t, "INBOX")) != 0 {
		t.Error("it came back")
	}
}

// TestAccountMadeAnew: a journal of an account that is gone says nothing about the
// one of the same name.
func TestAccountMadeAnew(t *testing.T) {
	t.Parallel()
	old, here := newHouse(t), newHouse(t)
	old.put(t, "INBOX", letter(1), time.Unix(1e9, 0))
	old.put(t, "Việc", letter(2), time.Unix(1e9, 0))
	server := old.serve(t)
	here.migrate(t, server)
	must(t, here.store.DeleteAccount(t.Context(), lan))
	must(t, here.store.CreateAccount(t.Context(), lan, nil))
	here.migrate(t, server)
	if len(here.folder(t, "INBOX")) != 1 || len(here.folder(t, "Việc")) != 1 {
		t.Error("the mail did not come again")
	}
}

func TestDryRun(t *testing.T) {
	t.Parallel()
	old, here := newHouse(t), newHouse(t)
	old.put(t, "INBOX", letter(1), time.Unix(1e9, 0))
	old.put(t, "Việc", letter(2), time.Unix(1e9, 0))
	server := old.serve(t)
	o := here.options()
	o.DryRun = true
	before := here.names(t)
	r := Run(t.Context(), Job{Server: server, User: lan, Password: secret, Account: lan}, o)
	if !r.Complete() || r.Folders[0].New != 1 || r.Folders[0].Bytes != int64(len(letter(1))) || !slices.Equal(here.names(t), before) || len(here.folder(t, "INBOX")) != 0 {
		t.Errorf("%+v", r)
	}
}

func TestQuota(t *testing.T) {
	t.Parallel()
	old, here := newHouse(t), newHouse(t)
	for n := range 5 {
		old.put(t, "INBOX", letter(n), time.Unix(1e9, 0))
	}
	server := old.serve(t)
	here.people.quota = int64(3*len(letter(1)) + 10)
	r := Run(t.Context(), Job{Server: server, User: lan, Password: secret, Account: lan}, here.options())
	if n := len(here.folder(t, "INBOX")); n != 3 || r.Error == "" || r.Complete() {
		t.Errorf("%d messages; %+v", n, r)
	}
	here.people.quota = 0
	if here.migrate(t, server); len(here.folder(t, "INBOX")) != 5 {
		t.Error("not completed by the next run")
	}
}

func TestWrongPassword(t *testing.T) {
	t.Parallel()
	old, here := newHouse(t), newHouse(t)
	r := Run(t.Context(), Job{Server: old.serve(t), User: lan, Password: "sai", Account: lan}, here.options())
	if r.Error == "" {
		t.Error("no error")
	}
	if r := Run(t.Context(), Job{Account: "khong-co@moi.test"}, here.options()); r.Error == "" {
		t.Error("no error")
	}
}
