package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"quangtri.gov.vn/vanthu/cmd/vanthu/app"
	"quangtri.gov.vn/vanthu/mailsvc/migrate"
)

// migrateFlags are what the command line says.
type migrateFlags struct {
	from, list, master, ca    string
	passwordEnv, passwordFile string
	plain, dryRun, asJSON     bool
	atOnce                    int
}

func accountMigrate(load loader) *cobra.Command {
	var f migrateFlags
	c := &cobra.Command{
		Use:   "migrate [ADDRESS] --from imaps://[USER@]SERVER",
		Short: "Chép hộp thư từ máy chủ cũ (IMAP) về đây / copy mailboxes from another IMAP server",
		Long: `Chép mọi thư mục, thư, cờ và ngày của hộp thư ở máy chủ IMAP cũ vào tài khoản ADDRESS,
hoặc vào nhiều tài khoản theo danh sách --list. Máy chủ cũ không bị thay đổi gì. Chạy lại bất cứ
lúc nào: thư đã chép không bị chép lần nữa, thư mới được chép thêm, cờ đã đổi ở máy chủ cũ được
đổi theo. Nên chạy một lần trước ngày chuyển và một lần ngay khi chuyển.

Mật khẩu cũ được hỏi trên màn hình, hoặc đọc từ dòng đầu của đầu vào chuẩn, từ --password-file,
từ biến môi trường --password-env; không bao giờ từ dòng lệnh. Danh sách là tệp CSV với dòng tên
cột old,new,password (hoặc password_env, password_file). Với --master, mật khẩu là của quản trị.

imaps:// là TLS; imap:// là STARTTLS. Không mã hóa chỉ khi máy chủ cũ ở chính máy này, hoặc có --plain.

Mã thoát: 0 đã chép hết, 1 không chép được, 2 sai cách dùng, 3 chép được một phần.

Copies folders, messages, flags and dates; may be run again at any time, nothing is doubled.`,
		Example: "  vanthu account migrate lan@quangtri.gov.vn --from imaps://lan@mail.cu.example\n" +
			"  vanthu account migrate --from imaps://mail.cu.example --list can-bo.csv --dry-run",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			in, err := f.migration(cmd.Context(), args)
			if err != nil {
				return &exitError{code: exitUsage, err: err}
			}
			cfg, err := load()
			if err != nil {
				return err
			}
			show := newMeter(os.Stderr, len(in.Mailboxes), f.asJSON)
			reports, err := app.AccountMigrate.Call(cmd.Context(), cfg, in, show.event)
			show.end()
			if errors.Is(err, context.Canceled) {
				err = errors.New("đã dừng; chạy lại lệnh này để chép tiếp / stopped, run again to go on")
			}
			if err != nil {
				return failed(err)
			}
			return showMigration(reports, f.asJSON)
		},
	}
	fl := c.Flags()
	fl.StringVar(&f.from, "from", "", "máy chủ cũ, imaps://MÁY-CHỦ hoặc imap://MÁY-CHỦ / the old server")
	fl.StringVar(&f.list, "list", "", "tệp CSV nhiều hộp thư / CSV file of many mailboxes")
	fl.StringVar(&f.master, "master", "", "tài khoản quản trị vào được mọi hộp thư cũ / administrator who may enter every mailbox")
	fl.StringVar(&f.ca, "ca", "", "tệp PEM của nơi cấp chứng thư cho máy chủ cũ / PEM file of the authority to trust")
	fl.StringVar(&f.passwordEnv, "password-env", "", "biến môi trường chứa mật khẩu / environment variable with the password")
	fl.StringVar(&f.passwordFile, "password-file", "", "tệp có mật khẩu ở dòng đầu / file with the password in its first line")
	fl.BoolVar(&f.plain, "plain", false, "chấp nhận gửi mật khẩu và thư không mã hóa / allow an unencrypted connection")
	fl.BoolVar(&f.dryRun, "dry-run", false, "chỉ xem, không chép / look only")
	fl.BoolVar(&f.asJSON, "json", false, "JSON")
	fl.IntVar(&f.atOnce, "at-once", 4, "số hộp thư chép cùng lúc, tối đa 16 / mailboxes at a time")
	_ = c.MarkFlagRequired("from")
	return c
}

// migration turns the command line into a request.
func (f *migrateFlags) migration(ctx context.Context, args []string) (in app.Migration, err error) {
	server, user, err := migrate.ParseServer(f.from, f.plain)
	if err != nil {
		return in, err
	}
	server.Master = f.master
	in = app.Migration{Server: server, DryRun: f.dryRun, AtOnce: f.atOnce}
	if f.ca != "" {
		if in.CA, err = os.ReadFile(f.ca); err != nil {
			return in, fmt.Errorf("không đọc được tệp --ca / cannot read the CA file: %w", err)
		}
		if server.Security == migrate.Plain && !f.plain { // who names an authority wants TLS, on loopback too
			in.Server.Security = migrate.StartTLS
		}
	}
	switch {
	case len(args) == 1 && f.list == "":
		if user == "" {
			user = args[0]
		}
		password, err := f.password(ctx, "Mật khẩu cũ của "+user)
		in.Mailboxes = []app.OldMailbox{{User: user, Password: password, Account: args[0]}}
		return in, err
	case len(args) == 0 && f.list != "" && user == "":
		in.Mailboxes, err = f.mailboxes(ctx)
		return in, err
	}
	return in, errors.New("cần một địa chỉ, hoặc --list với --from không có tên người dùng / one address, or --list and no user in --from")
}

// mailboxes reads the list, and the passwords that it points to.
func (f *migrateFlags) mailboxes(ctx context.Context) ([]app.OldMailbox, error) {
	file, err := os.Open(f.list)
	if err != nil {
		return nil, fmt.Errorf("không đọc được danh sách / cannot read the list: %w", err)
	}
	defer file.Close()
	rows, err := migrate.ParseList(file, f.master != "")
	if err != nil {
		return nil, err
	}
	shared := ""
	if f.master != "" {
		if shared, err = f.password(ctx, "Mật khẩu của "+f.master); err != nil {
			return nil, err
		}
	} else if info, err := file.Stat(); err == nil && info.Mode().Perm()&0o077 != 0 {
		fmt.Fprintf(os.Stderr, "Chú ý: người khác trên máy này đọc được %s; hãy chạy chmod 600 nếu tệp có mật khẩu.\n", f.list)
	}
	var out []app.OldMailbox
	for _, r := range rows {
		m := app.OldMailbox{User: r.User, Password: shared, Account: r.Account}
		if f.master == "" {
			if m.Password, err = givenPassword(r.Password, r.PasswordEnv, r.PasswordFile); err != nil {
				return nil, fmt.Errorf("dòng %d: %w", r.Line, err)
			}
		}
		out = append(out, m)
	}
	return out, nil
}

func (f *migrateFlags) password(ctx context.Context, prompt string) (string, error) {
	if f.passwordEnv == "" && f.passwordFile == "" {
		return askPassword(ctx, prompt)
	}
	return givenPassword("", f.passwordEnv, f.passwordFile)
}

// givenPassword is the one that is given: itself, in the environment, or in a file.
func givenPassword(itself, env, file string) (string, error) {
	switch {
	case env != "":
		if p := os.Getenv(env); p != "" {
			return p, nil
		}
		return "", fmt.Errorf("biến môi trường %s không có giá trị / is not set", env)
	case file != "":
		f, err := os.Open(file)
		if err != nil {
			return "", fmt.Errorf("không đọc được tệp mật khẩu / cannot read the password file: %w", err)
		}
		defer f.Close()
		return readPassword(f)
	}
	return itself, nil
}

// showMigration prints what became of the mailboxes and makes the exit code of it.
func showMigration(reports []migrate.Report, asJSON bool) error {
	complete, something := true, false
	for i := range reports {
		n, _ := reports[i].Copied()
		complete = complete && reports[i].Complete()
		something = something || n > 0 || reports[i].Complete() || len(reports[i].Folders) > 0
	}
	if asJSON {
		if err := printJSON(os.Stdout, reports); err != nil {
			return failed(err)
		}
	} else {
		for i := range reports {
			showReport(os.Stdout, &reports[i], len(reports) == 1)
		}
	}
	why := errors.New("có thư hoặc hộp thư chưa chép được / not everything was copied")
	switch {
	case complete:
		return nil
	case something:
		return &exitError{code: exitPartly, err: why, quiet: true}
	}
	return &exitError{code: exitFailed, err: why, quiet: true}
}
