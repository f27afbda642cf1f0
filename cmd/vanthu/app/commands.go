package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"quangtri.gov.vn/vanthu/dispatch"
	"quangtri.gov.vn/vanthu/dispatch/engine"
	"quangtri.gov.vn/vanthu/internal/viet"
	"quangtri.gov.vn/vanthu/mailsvc"
	"quangtri.gov.vn/vanthu/mailsvc/identity"
)

// The operator's commands. Each is written once and runs in the server or
// directly on the data directory (see control.go).
var (
	AccountAdd      = Command[NewAccount, Password]{"account-add", accountAdd}
	AccountPasswd   = Command[NewPassword, Password]{"account-passwd", accountPasswd}
	AccountList     = Command[None, []mailsvc.Account]{"account-list", accountList}
	AccountGrant    = Command[NewGrant, None]{"account-grant", accountGrant}
	AccountQuota    = Command[NewQuota, Quota]{"account-quota", accountQuota}
	AccountAgencies = Command[None, []string]{"account-agencies", accountAgencies}
	Issue           = Command[IssueRequest, IssueResult]{"issue", issue}
	Answer          = Command[AnswerRequest, AnswerResult]{"answer", answer}
	Status          = Command[StatusRequest, []dispatch.View]{"status", status}
)

func commands() map[string]handler {
	return map[string]handler{
		AccountAdd.Name: AccountAdd.handler(), AccountPasswd.Name: AccountPasswd.handler(), AccountList.Name: AccountList.handler(),
		AccountGrant.Name: AccountGrant.handler(), AccountAgencies.Name: AccountAgencies.handler(),
		AccountQuota.Name:    AccountQuota.handler(),
		DirectoryImport.Name: DirectoryImport.handler(), DirectoryFind.Name: DirectoryFind.handler(), DirectoryJournal.Name: DirectoryJournal.handler(),
		Issue.Name: Issue.handler(), Answer.Name: Answer.handler(), Status.Name: Status.handler(),
		LearntList.Name: LearntList.handler(), LearntForget.Name: LearntForget.handler(),
		DirectoryReorganise.Name: DirectoryReorganise.handler(), DirectoryHistory.Name: DirectoryHistory.handler(), DirectoryExport.Name: DirectoryExport.handler(),
		StoreCheck.Name: StoreCheck.handler(),
	}
}

// None is an argument or result without content.
type None struct{}

// NewAccount asks for an account. An empty password is made up.
type NewAccount struct {
	Address  string
	Name     string
	Agency   bool // an agency mailbox: no password, used through grants
	Admin    bool
	Aliases  []string
	Quota    int64 // bytes; 0 is no limit
	Password string
}

// Password tells a password that was made up; it is shown once and kept nowhere.
type Password struct{ Password string }

// Folders that every account begins with, under names that people here know.
// The roles keep mail programs from making English twins.
func folders() []mailsvc.FolderSpec {
	return []mailsvc.FolderSpec{
		{Name: "Thư nháp", SpecialUse: `\Drafts`}, {Name: "Thư đã gửi", SpecialUse: `\Sent`},
		{Name: "Lưu trữ", SpecialUse: `\Archive`}, {Name: "Thư rác", SpecialUse: `\Junk`}, {Name: "Thùng rác", SpecialUse: `\Trash`},
	}
}

func accountAdd(ctx context.Context, a *App, in NewAccount) (Password, error) {
	kind := mailsvc.Person
	if in.Agency {
		kind = mailsvc.Agency
	}
	made := ""
	if !in.Agency && in.Password == "" {
		made = identity.GeneratePassword()
		in.Password = made
	}
	acc := mailsvc.Account{Address: in.Address, Name: viet.Clean(in.Name), Kind: kind, Admin: in.Admin, Aliases: in.Aliases, Quota: in.Quota}
	if err := a.addAccount(ctx, acc, in.Password); err != nil {
		return Password{}, err
	}
	return Password{made}, nil
}

// addAccount makes the mailbox first: an account that can log in has its folders.
func (a *App) addAccount(ctx context.Context, acc mailsvc.Account, password string) error {
	address, err := identity.Normalize(acc.Address)
	if err != nil {
		return fmt.Errorf("địa chỉ %q không hợp lệ; trước @ chỉ dùng a-z, 0-9 và . - _ + / invalid address", acc.Address)
	}
	acc.Address = address
	if !strings.HasSuffix(address, "@"+a.Config.Domain) {
		return fmt.Errorf("địa chỉ phải thuộc tên miền %s / the address must be in the served domain", a.Config.Domain)
	}
	if address == a.Config.IssueMailbox() {
		return fmt.Errorf("%s là địa chỉ phát hành, không lập hộp thư được / is the issuing address", address)
	}
	if err := a.Mailboxes.CreateAccount(ctx, address, folders()); err != nil {
		return err
	}
	return a.Accounts.Add(ctx, acc, password)
}

// AddCrowd makes many persons with one password, for load tests.
func (a *App) AddCrowd(ctx context.Context, addresses []string, password string) error {
	var fresh []mailsvc.Account
	for _, address := range addresses {
		if _, err := a.Accounts.Account(address); err == nil {
			if err := a.Accounts.SetPassword(ctx, address, password); err != nil {
				return err
			}
			continue
		}
		if err := a.Mailboxes.CreateAccount(ctx, address, folders()); err != nil {
			return err
		}
		fresh = append(fresh, mailsvc.Account{Address: address, Name: address})
	}
	if len(fresh) == 0 {
		return nil
	}
	return a.Accounts.AddAll(ctx, fresh, password)
}

// NewPassword asks for a password; empty makes one up.
type NewPassword struct{ Address, Password string }

func accountPasswd(ctx context.Context, a *App, in NewPassword) (Password, error) {
	made := ""
	if in.Password == "" {
		made = identity.GeneratePassword()
		in.Password = made
	}
	return Password{made}, noAccount(in.Address, a.Accounts.SetPassword(ctx, in.Address, in.Password))
}

func accountList(_ context.Context, a *App, _ None) ([]mailsvc.Account, error) {
	return a.Accounts.List(), nil
}

// NewGrant lets a person use an agency mailbox; Rights 0 takes the grant away.
type NewGrant struct {
	Person, Agency string
	Rights         mailsvc.Rights
}

func accountGrant(ctx context.Context, a *App, in NewGrant) (None, error) {
	for _, address := range []string{in.Person, in.Agency} {
		if _, err := a.Accounts.Account(address); err != nil {
			return None{}, noAccount(address, err)
		}
	}
	if in.Rights == 0 {
		return None{}, a.Accounts.Revoke(ctx, in.Person, in.Agency)
	}
	return None{}, a.Accounts.Grant(ctx, in.Person, in.Agency, in.Rights)
}

// NewQuota asks for what a mailbox may hold, and with Set changes it before.
type NewQuota struct {
	Address string
	Set     bool
	Limit   int64 // bytes; 0 is no limit
}

// Quota is what a mailbox may hold, and holds.
type Quota struct {
	Address string `json:"address"`
	Limit   int64  `json:"limit"` // bytes; 0 is no limit
	Used    int64  `json:"used"`  // bytes
}

func accountQuota(ctx context.Context, a *App, in NewQuota) (Quota, error) {
	if in.Set {
		if err := a.Accounts.SetQuota(ctx, in.Address, in.Limit); err != nil {
			return Quota{}, noAccount(in.Address, err)
		}
	}
	acc, err := a.Accounts.Account(in.Address)
	if err != nil {
		return Quota{}, noAccount(in.Address, err)
	}
	used, err := a.Mailboxes.Usage(ctx, acc.Address)
	return Quota{Address: acc.Address, Limit: acc.Quota, Used: used}, err
}

// noAccount says who is not there, if that is what failed.
func noAccount(address string, err error) error {
	if errors.Is(err, mailsvc.ErrNotFound) {
		return fmt.Errorf("không có tài khoản %s; xem danh sách bằng vanthu account list / no such account: %w", address, err)
	}
	return err
}

// accountAgencies makes a mailbox for every agency whose official address is in
// the served domain today. It returns the addresses that were added.
func accountAgencies(ctx context.Context, a *App, _ None) ([]string, error) {
	dir, today := a.Directory.Snapshot(), a.today()
	var added []string
	for _, agency := range dir.Agencies(today) {
		acc := mailsvc.Account{Name: agency.Name, Kind: mailsvc.Agency}
		for _, d := range dir.Addresses(agency.ID, today) {
			if !strings.HasSuffix(d.Address, "@"+a.Config.Domain) {
				continue
			}
			if _, err := a.Accounts.Account(d.Address); err == nil {
				continue
			}
			if acc.Address == "" {
				acc.Address = d.Address
			} else {
				acc.Aliases = append(acc.Aliases, d.Address)
			}
		}
		if acc.Address == "" {
			continue
		}
		if err := a.addAccount(ctx, acc, ""); err != nil {
			return added, err
		}
		added = append(added, acc.Address)
	}
	return added, nil
}

// IssueRequest asks for a document to be issued from the command line.
type IssueRequest struct {
	Files     []engine.Upload
	Clerk     string // account that issues, or "" for the operator
	NotSecret bool
}

// IssueResult is what became of it.
type IssueResult struct {
	View    dispatch.View
	Repeat  bool
	Refused string // Vietnamese: why nothing was issued
	Code    string
}

// settleTime is how long a command waits for what can settle at once.
const settleTime = 10 * time.Second

func issue(ctx context.Context, a *App, in IssueRequest) (IssueResult, error) {
	s := engine.Submission{Files: in.Files, NotSecret: in.NotSecret}
	if in.Clerk != "" {
		acc, err := a.Accounts.Account(in.Clerk)
		if err != nil {
			return IssueResult{}, fmt.Errorf("không có tài khoản %s / no such account: %w", in.Clerk, err)
		}
		s.Clerk = &acc
	}
	receipt, err := a.Engine.Issue(ctx, s)
	var refusal *engine.Refusal
	if errors.As(err, &refusal) {
		return IssueResult{Refused: refusal.Message, Code: refusal.Code}, nil
	}
	if err != nil {
		return IssueResult{}, err
	}
	v, err := a.settle(ctx, receipt.Document)
	return IssueResult{View: v, Repeat: receipt.Repeat}, err
}

// settle waits until every copy for a mailbox here has been delivered.
func (a *App) settle(ctx context.Context, id dispatch.DocumentID) (dispatch.View, error) {
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	if !a.serving.Load() {
		wait := background(ctx, a.Engine.Run)
		defer wait()
		defer cancel()
	}
	return a.Engine.Settle(ctx, id)
}

// AnswerRequest answers one line of a document.
type AnswerRequest struct {
	Number string // number and symbol, or document id
	Label  string
	Choice string
}

// AnswerResult is the document afterwards.
type AnswerResult struct {
	View    dispatch.View
	Problem string // Vietnamese: why the answer was not taken
}

func answer(ctx context.Context, a *App, in AnswerRequest) (AnswerResult, error) {
	ids, err := a.Engine.FindNumber(in.Number)
	if err != nil {
		return AnswerResult{}, err
	}
	if len(ids) != 1 {
		return AnswerResult{}, numberError(in.Number, ids)
	}
	taken, err := a.Engine.Answer(ctx, ids[0], "", []engine.Answer{{Label: in.Label, Choice: in.Choice}})
	if err != nil {
		return AnswerResult{}, err
	}
	v, err := a.settle(ctx, ids[0])
	return AnswerResult{View: v, Problem: taken[0].Problem}, err
}

func numberError(number string, ids []dispatch.DocumentID) error {
	if len(ids) == 0 {
		return fmt.Errorf("không có văn bản nào mang số %s / no document with this number", number)
	}
	return fmt.Errorf("có %d văn bản mang số %s; xin dùng mã một trong các văn bản: %v / several documents: use an id", len(ids), number, ids)
}

// StatusRequest asks for documents by number; empty means all, newest first.
type StatusRequest struct{ Number string }

func status(_ context.Context, a *App, in StatusRequest) ([]dispatch.View, error) {
	find := a.Engine.Documents
	if in.Number != "" {
		find = func() ([]dispatch.DocumentID, error) { return a.Engine.FindNumber(in.Number) }
	}
	ids, err := find()
	if err != nil {
		return nil, err
	}
	if in.Number != "" && len(ids) == 0 {
		return nil, numberError(in.Number, nil)
	}
	var out []dispatch.View
	for _, id := range ids {
		v, err := a.Engine.View(id)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}
