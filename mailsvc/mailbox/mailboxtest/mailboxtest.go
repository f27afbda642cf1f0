// Package mailboxtest is the contract of mailsvc.Store as tests. Every
// implementation passes [Run] without a skipped case.
//
// It has three parts: cases, each about one sentence of the contract; random
// histories, played on the store and on a simple model in memory, after which
// both must answer every question alike; and concurrent histories, whose
// outcome must be one that some order of the calls explains.
//
// No test names an implementation. Ids (folders, EMAILIDs, MODSEQs,
// UIDVALIDITY) may differ from the model's; their order and equality may not.
// UIDs are given without gaps.
package mailboxtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// Open opens the store that lies in dir, an empty one if there is none yet, with
// the quotas, in bytes, that the function tells at any moment; 0 is no limit. The
// suite closes it, and may open it again.
type Open func(t *testing.T, dir string, quota func(account string) int64) mailsvc.Store

// Run tests the stores that open returns.
func Run(t *testing.T, open Open) {
	for _, c := range slices.Concat(cases, quotaCases, replaceCases) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(start(t, open))
		})
	}
	t.Run("random histories", func(t *testing.T) { runRandom(t, open) })
	for _, c := range concurrent {
		t.Run("concurrent "+c.name, func(t *testing.T) {
			t.Parallel()
			c.run(start(t, open))
		})
	}
}

// People and agencies of the tests.
const (
	an     = "an.nguyenmau@example.vn"
	binh   = "binh.lemau@example.vn"
	agency = "vanphong@example.vn"
)

// harness is a store with calls that end the test on an unexpected error.
type harness struct {
	*testing.T
	mailsvc.Store
	ctx    context.Context
	quotas quotas
	again  func() mailsvc.Store
}

// quotas are the accounts' limits, bytes.
type quotas struct{ byAccount sync.Map }

func (q *quotas) set(account string, limit int64) { q.byAccount.Store(account, limit) }

func (q *quotas) of(account string) int64 {
	limit, _ := q.byAccount.Load(account)
	n, _ := limit.(int64)
	return n
}

func start(t *testing.T, open Open) *harness {
	t.Helper()
	h := &harness{T: t, ctx: t.Context()}
	dir := t.TempDir()
	h.again = func() mailsvc.Store { return open(t, dir, h.quotas.of) }
	h.Store = h.again()
	t.Cleanup(func() { h.finish() })
	for _, account := range []string{an, binh, agency} {
		h.ok(h.CreateAccount(h.ctx, account, []mailsvc.FolderSpec{{Name: "Văn bản đi", SpecialUse: `\Sent`}, {Name: "Thùng rác", SpecialUse: `\Trash`}}))
	}
	return h
}

// finish proves every invariant of the store and closes it.
func (h *harness) finish() {
	for _, err := range h.Check(context.Background()) {
		h.Errorf("check: %v", err)
	}
	if err := h.Close(); err != nil {
		h.Errorf("close: %v", err)
	}
}

// restart closes the store and opens it again.
func (h *harness) restart() {
	h.Helper()
	h.ok(h.Close())
	h.Store = h.again()
}

func (h *harness) ok(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// fails wants an error of a kind, wrapped in a *mailsvc.Error.
func (h *harness) fails(err, kind error) {
	h.Helper()
	var e *mailsvc.Error
	if !errors.Is(err, kind) || !errors.As(err, &e) {
		h.Fatalf("got error %v, want one that is %v", err, kind)
	}
}

func (h *harness) folder(person, account, name string) mailsvc.Folder {
	h.Helper()
	f, err := h.Folder(h.ctx, person, account, name)
	h.ok(err)
	return f
}

// msg makes a message that no other of this number equals.
func msg(n int, flags ...string) mailsvc.NewMessage {
	return mailsvc.NewMessage{
		Blob:     mailsvc.BlobID(fmt.Sprintf("%064x", n)),
		BlobSize: int64(100 + n),
		Prefix:   fmt.Appendf(nil, "Delivered-To: %d\r\n", n),
		Flags:    flags,
		Internal: time.Unix(1_700_000_000+int64(n), 0).In(time.FixedZone("", 7*3600)),
		Index:    []byte(strings.Repeat("i", n%3000)),
	}
}

func (h *harness) append(account, folder string, msgs ...mailsvc.NewMessage) []mailsvc.UID {
	h.Helper()
	uids, err := h.Append(h.ctx, account, h.folder(account, account, folder).ID, msgs)
	h.ok(err)
	if len(uids) != len(msgs) {
		h.Fatalf("append of %d messages returned %d UIDs", len(msgs), len(uids))
	}
	return uids
}

// rows returns all messages of a folder, with index.
func (h *harness) rows(person, account, folder string) []mailsvc.Message {
	h.Helper()
	return h.some(person, account, folder, everything, true)
}

var everything = []mailsvc.Range{{From: 1}}

func (h *harness) some(person, account, folder string, ranges []mailsvc.Range, index bool) []mailsvc.Message {
	h.Helper()
	var out []mailsvc.Message
	err := h.Messages(h.ctx, person, account, h.folder(person, account, folder).ID, ranges, index, func(m *mailsvc.Message) bool {
		out = append(out, *m)
		return true
	})
	h.ok(err)
	return out
}

func (h *harness) setFlags(person, account, folder string, ranges []mailsvc.Range, op mailsvc.FlagOp, flags ...string) []mailsvc.Message {
	h.Helper()
	changed, kept, err := h.SetFlags(h.ctx, person, account, h.folder(person, account, folder).ID, ranges, mailsvc.FlagChange{Op: op, Flags: flags})
	h.ok(err)
	if len(kept) != 0 {
		h.Fatalf("kept %v without UnchangedSince", kept)
	}
	return changed
}

func uids(msgs []mailsvc.Message) []mailsvc.UID {
	out := make([]mailsvc.UID, len(msgs))
	for i := range msgs {
		out[i] = msgs[i].UID
	}
	return out
}

// flagString is a set of flags in one order and case, for comparison.
func flagString(flags []string) string {
	f := make([]string, len(flags))
	for i := range flags {
		f[i] = strings.ToLower(flags[i])
	}
	slices.Sort(f)
	return strings.Join(f, " ")
}

func (h *harness) wantFlags(m mailsvc.Message, want ...string) {
	h.Helper()
	if flagString(m.Flags) != flagString(want) {
		h.Fatalf("UID %d has flags %q, want %q", m.UID, m.Flags, want)
	}
}

func equal[T comparable](h *harness, what string, got, want T) {
	h.Helper()
	if got != want {
		h.Fatalf("%s: got %v, want %v", what, got, want)
	}
}

func same[T comparable](h *harness, what string, got, want []T) {
	h.Helper()
	if !slices.Equal(got, want) {
		h.Fatalf("%s: got %v, want %v", what, got, want)
	}
}
