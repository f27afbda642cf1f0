package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"quangtri.gov.vn/vanthu/cmd/vanthu/app"
	"quangtri.gov.vn/vanthu/cmd/vanthu/config"
	"quangtri.gov.vn/vanthu/mailsvc"
)

func accountCommand(load loader) *cobra.Command {
	c := &cobra.Command{Use: "account", Short: "Tài khoản và hộp thư / accounts and mailboxes"}
	c.AddCommand(accountAdd(load), accountPasswd(load), accountList(load), accountGrant(load), accountQuota(load), accountAgencies(load), accountMigrate(load))
	return c
}

func accountAdd(load loader) *cobra.Command {
	var in app.NewAccount
	var stdin bool
	quota := noQuota
	c := &cobra.Command{
		Use:   "add ADDRESS",
		Short: "Lập tài khoản cá nhân, hoặc hộp thư cơ quan với --agency / add an account",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := load()
			if err != nil {
				return err
			}
			in.Address = args[0]
			if in.Quota, err = parseQuota(quota); err != nil {
				return err
			}
			if stdin {
				if in.Password, err = readPassword(os.Stdin); err != nil {
					return failed(err)
				}
			}
			out, err := app.AccountAdd.Call(cmd.Context(), cfg, in)
			if err != nil {
				return failed(err)
			}
			fmt.Printf("Đã lập %s\n", in.Address)
			showPassword(out)
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&in.Name, "name", "", "tên hiển thị / display name")
	f.BoolVar(&in.Agency, "agency", false, "hộp thư cơ quan, dùng qua quyền được cấp / an agency mailbox, used through grants")
	f.BoolVar(&in.Admin, "admin", false, "quản trị / administrator")
	f.StringSliceVar(&in.Aliases, "alias", nil, "địa chỉ khác cùng về hộp thư này / further addresses")
	f.StringVar(&quota, "quota", noQuota, "hạn mức, ví dụ 2GiB / how much the mailbox may hold")
	f.BoolVar(&stdin, "password-stdin", false, "đọc mật khẩu từ đầu vào chuẩn / read the password from standard input")
	return c
}

func accountPasswd(load loader) *cobra.Command {
	var stdin bool
	c := &cobra.Command{
		Use:   "passwd ADDRESS",
		Short: "Đặt lại mật khẩu / set a new password",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := load()
			if err != nil {
				return err
			}
			in := app.NewPassword{Address: args[0]}
			if stdin {
				if in.Password, err = readPassword(os.Stdin); err != nil {
					return failed(err)
				}
			}
			out, err := app.AccountPasswd.Call(cmd.Context(), cfg, in)
			if err != nil {
				return failed(err)
			}
			fmt.Printf("Đã đổi mật khẩu của %s\n", args[0])
			showPassword(out)
			return nil
		},
	}
	c.Flags().BoolVar(&stdin, "password-stdin", false, "đọc mật khẩu từ đầu vào chuẩn / read the password from standard input")
	return c
}

func accountList(load loader) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "list",
		Short: "Liệt kê tài khoản / list accounts",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := load()
			if err != nil {
				return err
			}
			all, err := app.AccountList.Call(cmd.Context(), cfg, app.None{})
			if err != nil {
				return failed(err)
			}
			if asJSON {
				return failed(printJSON(os.Stdout, all))
			}
			w := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', 0)
			for _, a := range all {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", a.Address, a.Kind, a.Name, grants(a), limit(a))
			}
			return failed(w.Flush())
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "JSON")
	return c
}

func limit(a mailsvc.Account) string {
	if a.Quota == 0 {
		return ""
	}
	return "hạn mức " + config.Size(a.Quota).String()
}

func grants(a mailsvc.Account) string {
	var out []string
	for _, g := range a.Grants {
		out = append(out, g.Agency+" ("+rightsWords(g.Rights)+")")
	}
	return strings.Join(out, ", ")
}

// rights as the operator writes them, in order.
var rights = []struct {
	word  string
	right mailsvc.Rights
}{
	{"read", mailsvc.Read}, {"write", mailsvc.Write}, {"delete", mailsvc.Delete}, {"send", mailsvc.Send}, {"issue", mailsvc.Issue},
}

func rightsWords(r mailsvc.Rights) string {
	var out []string
	for _, x := range rights {
		if r&x.right != 0 {
			out = append(out, x.word)
		}
	}
	return strings.Join(out, "+")
}

func parseRights(s string) (mailsvc.Rights, error) {
	var r mailsvc.Rights
	if s == "none" {
		return 0, nil
	}
next:
	for _, w := range strings.FieldsFunc(s, func(c rune) bool { return c == ',' || c == '+' }) {
		for _, x := range rights {
			if w == x.word {
				r |= x.right
				continue next
			}
		}
		return 0, &exitError{code: exitUsage, err: fmt.Errorf("quyền %q không có; dùng read, write, delete, send, issue hoặc none / unknown right", w)}
	}
	return r, nil
}

func accountGrant(load loader) *cobra.Command {
	var words string
	c := &cobra.Command{
		Use:   "grant PERSON AGENCY",
		Short: "Cho một người dùng hộp thư cơ quan / let a person use an agency mailbox",
		Long:  "Rights: read, write, delete, send, issue (phát hành văn bản). \"none\" takes the grant away.",
		Args:  cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := parseRights(words)
			if err != nil {
				return err
			}
			cfg, err := load()
			if err != nil {
				return err
			}
			_, err = app.AccountGrant.Call(cmd.Context(), cfg, app.NewGrant{Person: args[0], Agency: args[1], Rights: r})
			if err != nil {
				return failed(err)
			}
			fmt.Printf("%s dùng %s: %s\n", args[0], args[1], words)
			return nil
		},
	}
	c.Flags().StringVar(&words, "rights", "read,write,delete,send,issue", "các quyền, cách nhau bằng dấu phẩy / rights, comma-separated")
	return c
}

func accountQuota(load loader) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "quota ADDRESS [SIZE]",
		Short: "Xem hoặc đặt hạn mức của một hộp thư / show or set how much a mailbox may hold",
		Long:  "SIZE: 512MiB, 2GiB, …; none bỏ hạn mức / lifts the limit.",
		Args:  cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			in := app.NewQuota{Address: args[0], Set: len(args) > 1}
			if in.Set {
				var err error
				if in.Limit, err = parseQuota(args[1]); err != nil {
					return err
				}
			}
			cfg, err := load()
			if err != nil {
				return err
			}
			q, err := app.AccountQuota.Call(cmd.Context(), cfg, in)
			if err != nil {
				return failed(err)
			}
			if asJSON {
				return failed(printJSON(os.Stdout, q))
			}
			fmt.Println(quotaLine(q))
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "JSON")
	return c
}

// noQuota is the word for a mailbox that may grow as it likes.
const noQuota = "none"

// parseQuota reads a limit in bytes, 0 for none.
func parseQuota(s string) (int64, error) {
	if s == noQuota {
		return 0, nil
	}
	var size config.Size
	if err := size.UnmarshalText([]byte(s)); err != nil || size == 0 {
		return 0, &exitError{code: exitUsage, err: fmt.Errorf("hạn mức %q không đúng; viết số nguyên và KiB, MiB hoặc GiB, ví dụ 2GiB, hoặc none / not a size", s)}
	}
	return int64(size), nil
}

func quotaLine(q app.Quota) string {
	used := fmt.Sprintf("%s: đang giữ %.1f MiB", q.Address, float64(q.Used)/(1<<20))
	switch {
	case q.Limit == 0:
		return used + ", không có hạn mức"
	case q.Used >= q.Limit:
		return fmt.Sprintf("%s, hạn mức %s: đã đầy, thư mới không vào được cho đến khi xóa bớt hoặc nâng hạn mức", used, config.Size(q.Limit))
	}
	return fmt.Sprintf("%s, hạn mức %s", used, config.Size(q.Limit))
}

func accountAgencies(load loader) *cobra.Command {
	return &cobra.Command{
		Use:   "agencies",
		Short: "Lập hộp thư cho mọi cơ quan có địa chỉ trong danh bạ / add a mailbox for every agency in the directory",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := load()
			if err != nil {
				return err
			}
			added, err := app.AccountAgencies.Call(cmd.Context(), cfg, app.None{})
			if err != nil {
				return failed(err)
			}
			fmt.Printf("Đã lập %d hộp thư cơ quan\n", len(added))
			return nil
		},
	}
}

func showPassword(p app.Password) {
	if p.Password != "" {
		fmt.Printf("Mật khẩu (chỉ hiện một lần / shown once): %s\n", p.Password)
	}
}

// readPassword takes the first line.
func readPassword(r io.Reader) (string, error) {
	s, err := bufio.NewReader(io.LimitReader(r, 1024)).ReadString('\n')
	if s = strings.TrimRight(s, "\r\n"); s == "" {
		return "", fmt.Errorf("chưa có mật khẩu ở đầu vào chuẩn / no password on standard input: %w", err)
	}
	return s, nil
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
