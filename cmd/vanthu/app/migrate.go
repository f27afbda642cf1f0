package app

import (
	"context"
	"crypto/x509"
	"errors"
	"sync"

	"quangtri.gov.vn/vanthu/mailsvc/identity"
	"quangtri.gov.vn/vanthu/mailsvc/imap"
	"quangtri.gov.vn/vanthu/mailsvc/migrate"
)

// AccountMigrate copies mailboxes from another server. Its result has a report
// for each mailbox, in the order of the request.
var AccountMigrate = LongCommand[Migration, MigrationEvent, []migrate.Report]{"account-migrate", accountMigrate}

// Migration asks for mailboxes to be copied from one server.
type Migration struct {
	Server    migrate.Server // its CA is nil: see CA
	CA        []byte         // PEM; empty means the authorities of the machine
	Mailboxes []OldMailbox
	DryRun    bool
	AtOnce    int // mailboxes at a time
}

// OldMailbox is one of them.
type OldMailbox struct{ User, Password, Account string }

// MigrationEvent is either where a mailbox stands or what became of it.
type MigrationEvent struct {
	Progress *migrate.Progress `json:"progress,omitempty"`
	Report   *migrate.Report   `json:"report,omitempty"`
}

// maxAtOnce bounds the mailboxes that are copied at a time: old servers count
// connections, and ours has other work.
const maxAtOnce = 16

var errCA = errors.New("tệp --ca không chứa chứng thư PEM nào / no PEM certificate in the CA file")

func accountMigrate(ctx context.Context, a *App, in Migration, tell func(MigrationEvent)) ([]migrate.Report, error) {
	if len(in.CA) > 0 {
		in.Server.CA = x509.NewCertPool()
		if !in.Server.CA.AppendCertsFromPEM(in.CA) {
			return nil, errCA
		}
	}
	reports := make([]migrate.Report, len(in.Mailboxes))
	var workers sync.WaitGroup
	slots := make(chan struct{}, min(max(in.AtOnce, 1), maxAtOnce))
	for _, places := range a.byAccount(in.Mailboxes) {
		slots <- struct{}{}
		workers.Go(func() {
			defer func() { <-slots }()
			for _, i := range places { // into the same account, one after the other
				reports[i] = a.migrate(ctx, in, in.Mailboxes[i], tell)
				tell(MigrationEvent{Report: &reports[i]})
			}
		})
	}
	workers.Wait()
	return reports, nil
}

// byAccount groups the places of mailboxes that go into the same account.
func (a *App) byAccount(all []OldMailbox) [][]int {
	var groups [][]int
	known := make(map[string]int)
	for i, m := range all {
		g, ok := known[a.accountOf(m.Account)]
		if !ok {
			g = len(groups)
			known[a.accountOf(m.Account)] = g
			groups = append(groups, nil)
		}
		groups[g] = append(groups[g], i)
	}
	return groups
}

// accountOf is the account behind an address, or the address if there is none.
func (a *App) accountOf(address string) string {
	if normal, err := identity.Normalize(address); err == nil {
		address = normal
	}
	if acc, err := a.Accounts.Account(address); err == nil {
		return acc.Address
	}
	return address
}

func (a *App) migrate(ctx context.Context, in Migration, m OldMailbox, tell func(MigrationEvent)) migrate.Report {
	account := a.accountOf(m.Account)
	if _, taken := a.copying.LoadOrStore(account, true); taken {
		return migrate.Report{User: m.User, Account: account, Dry: in.DryRun, Folders: []migrate.Folder{}, Refusals: []migrate.Refusal{},
			Error: "một lệnh khác đang chép thư vào tài khoản này; hãy chờ lệnh đó xong"}
	}
	defer a.copying.Delete(account)
	a.log.Debug("migrate: begins", "account", account, "from", in.Server.Host)
	r := migrate.Run(ctx, migrate.Job{Server: in.Server, User: m.User, Password: m.Password, Account: account}, migrate.Options{
		Store: a.Mailboxes, Blobs: a.Bodies, Identities: a.Accounts, Dir: a.path("migrate"),
		MaxMessage: int64(a.Config.Limits.MessageSize), Reserved: imap.AgencyRoot, DryRun: in.DryRun,
		Progress: func(p migrate.Progress) { tell(MigrationEvent{Progress: &p}) },
	})
	copied, bytes := r.Copied()
	a.log.Info("migrate: ends", "account", account, "copied", copied, "bytes", bytes, "refused", r.Refused, "complete", r.Complete())
	return r
}
