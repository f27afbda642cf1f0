package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"quangtri.gov.vn/vanthu/cmd/vanthu/config"
	"quangtri.gov.vn/vanthu/internal/blob"
	"quangtri.gov.vn/vanthu/internal/groupcommit"
	"quangtri.gov.vn/vanthu/mailsvc"
	"quangtri.gov.vn/vanthu/mailsvc/mailbox/bolt"
)

// StoreCheck verifies everything that can be verified while the server runs.
// [CheckStore] does more when it does not.
var StoreCheck = Command[None, StoreReport]{"store-check", func(ctx context.Context, a *App, _ None) (StoreReport, error) {
	r := StoreReport{Running: true}
	return r, a.check(ctx, &r)
}}

// StoreReport is what a check found.
type StoreReport struct {
	Running  bool      `json:"running"` // page structure is not verified then
	Bodies   int       `json:"bodies"`  // read and compared with their names
	Accounts int       `json:"accounts"`
	Findings []Finding `json:"findings"`
}

// Finding is one thing that is broken.
type Finding struct {
	Part string `json:"part"` // mail, blobs, dispatch, queue, accounts, directory
	Text string `json:"text"` // what, for whoever repairs it
	Do   string `json:"do"`   // Vietnamese: what to do
}

// maxFindings bounds a report.
const maxFindings = 1000

var advice = map[string]string{
	"mail":      "Hãy dừng máy chủ, sao lưu thư mục dữ liệu, rồi chạy: vanthu store repair --into ĐỊA-CHỈ",
	"blobs":     "Hãy dừng máy chủ và chạy: vanthu store repair; nếu vẫn báo hỏng thì hãy chép lại tệp trong blobs/ từ bản sao lưu",
	"dispatch":  "Hãy dừng máy chủ và chép lại dispatch.db từ bản sao lưu gần nhất",
	"queue":     "Hãy dừng máy chủ và chép lại queue.db từ bản sao lưu; mục hỏng được để riêng khi máy chủ khởi động",
	"accounts":  "Hãy dừng máy chủ và chép lại accounts.db từ bản sao lưu, hoặc lập lại tài khoản bằng: vanthu account add",
	"directory": "Hãy dừng máy chủ và chép lại directory.db từ bản sao lưu, hoặc nhập lại danh bạ bằng: vanthu directory import",
}

func (r *StoreReport) found(part string, errs ...error) {
	for _, err := range errs {
		if err != nil && len(r.Findings) < maxFindings {
			text, _ := cutLine(err.Error())
			r.Findings = append(r.Findings, Finding{part, text, advice[part]})
		}
	}
}

func cutLine(s string) (string, bool) {
	for i := range len(s) {
		if s[i] == '\n' {
			return s[:i], true
		}
	}
	return s, false
}

// check verifies rows, what they refer to, and the bodies.
func (a *App) check(ctx context.Context, r *StoreReport) error {
	r.found("mail", a.Mailboxes.Check(ctx)...)
	r.found("dispatch", a.Engine.Check()...)
	r.found("queue", a.Queue.References(func(mailsvc.BlobID) bool { return ctx.Err() == nil }))
	owned := make(map[string]bool)
	for _, acc := range a.Accounts.List() {
		r.Accounts++
		owned[acc.Address] = true
		if _, err := a.Mailboxes.Folders(ctx, acc.Address, acc.Address); errors.Is(err, mailsvc.ErrNotFound) {
			r.found("mail", fmt.Errorf("tài khoản %s không có hộp thư / account without a mailbox", acc.Address))
		}
	}
	all, err := a.Mailboxes.Accounts(ctx)
	r.found("mail", err)
	for _, address := range all {
		if !owned[address] {
			r.found("accounts", fmt.Errorf("hộp thư %s không có tài khoản / mailbox without an account", address))
		}
	}
	a.checkBodies(ctx, r)
	return ctx.Err()
}

// checkBodies reads every body that something refers to. A row that cannot be
// read was reported before; the bodies that others name are read all the same.
func (a *App) checkBodies(ctx context.Context, r *StoreReport) {
	seen := make(map[name]bool)
	verify := func(id mailsvc.BlobID) bool {
		if n := bodyName(string(id)); !seen[n] {
			seen[n] = true
			r.Bodies++
			r.found("blobs", a.Bodies.Store.Verify(string(id)))
		}
		return ctx.Err() == nil && len(r.Findings) < maxFindings
	}
	if held, err := a.Engine.Holds(); err == nil {
		for id := range held {
			if blob.Valid(id) && !verify(mailsvc.BlobID(id)) {
				return
			}
		}
	}
	_ = a.Queue.References(verify)
	r.found("mail", a.Mailboxes.Bodies(ctx, verify))
}

// CheckStore checks the data directory of the configuration, through the server if
// it runs. Otherwise it also verifies the structure of the files, and what is
// damaged does not keep it from looking at the rest.
func CheckStore(ctx context.Context, cfg config.Config) (StoreReport, error) {
	r, err := StoreCheck.remote(ctx, filepath.Join(cfg.DataDir, socketName), None{})
	if !unreachable(err) {
		return r, err
	}
	a, err := locked(cfg)
	if err != nil {
		return r, err
	}
	defer a.Close()
	return r, a.checkParts(ctx, &r)
}

// locked holds the data directory, which must exist, without opening what is in it.
func locked(cfg config.Config) (*App, error) {
	if _, err := os.Stat(cfg.DataDir); err != nil {
		return nil, fmt.Errorf("không có thư mục dữ liệu / no data directory: %w", err)
	}
	f, err := lock(cfg.DataDir)
	if err != nil {
		return nil, err
	}
	a := &App{Config: cfg, log: newLogger(cfg.Log), lock: f, closers: []func() error{f.Close}}
	a.options.Logger = a.log
	return a, nil
}

// checkParts opens one store after the other, as far as they can be.
func (a *App) checkParts(ctx context.Context, r *StoreReport) error {
	mail := a.path("mail")
	n, err := bolt.Shards(mail)
	if !errors.Is(err, os.ErrNotExist) {
		r.found("mail", err)
	}
	for i := range n {
		if err := ctx.Err(); err != nil {
			return err
		}
		r.found("mail", bolt.CheckFile(ctx, mail, i)...)
	}
	gone := make(map[string]bool)
	for _, m := range a.missing() {
		r.found(m.part, m.err())
		gone[m.part] = true
	}
	broken := len(r.Findings) > 0
	for _, step := range []struct {
		part string
		open func() error
	}{{"directory", a.openDirectory}, {"accounts", a.openAccounts}, {"mail", a.openMail}, {"queue", a.openQueue}} {
		if step.part == "mail" && broken || gone[step.part] {
			continue // that was told, and what is missing must not be made by looking
		}
		if err := step.open(); err != nil {
			broken = true
			r.found(step.part, err)
		}
	}
	if broken {
		return nil
	}
	if gone["dispatch"] || gone["blobs"] {
		return nil
	}
	if err := a.openEngine(); err != nil {
		r.found("dispatch", err)
		return nil
	}
	return a.check(ctx, r)
}

// Space is what a compaction did: bytes in use.
type Space struct{ Before, After int64 }

// CompactStore writes all databases anew without the space that deleted rows have
// left. The server must not run.
func CompactStore(ctx context.Context, cfg config.Config) (s Space, err error) {
	a, err := locked(cfg)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if s.Before, s.After, err = bolt.Compact(a.path("mail")); err != nil {
		return s, err
	}
	for _, file := range []string{"directory.db", "accounts.db", "dispatch.db", "queue.db"} {
		if err := ctx.Err(); err != nil {
			return s, err
		}
		before, after, err := groupcommit.Compact(a.path(file))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return s, err
		}
		s.Before, s.After = s.Before+before, s.After+after
	}
	return s, nil
}
