package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"quangtri.gov.vn/vanthu/cmd/vanthu/app"
	"quangtri.gov.vn/vanthu/cmd/vanthu/setup"
)

func quickstartCommand() *cobra.Command {
	var dir, admin string
	var loopback, sample bool
	c := &cobra.Command{
		Use:   "quickstart DOMAIN",
		Short: "Lập cấu hình, khóa và tài khoản quản trị đầu tiên / set a domain up",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o := setup.Options{Domain: args[0], Sample: sample, Now: time.Now()}
			if loopback {
				o.Listen = setup.Loopback()
			}
			made, err := setup.Quickstart(dir, o)
			if err != nil {
				return failed(err)
			}
			address := admin + "@" + made.Config.Domain
			password, err := app.AccountAdd.Call(cmd.Context(), made.Config, app.NewAccount{Address: address, Name: "Quản trị", Admin: true})
			if err != nil {
				return failed(fmt.Errorf("cấu hình đã ghi ở %s, nhưng chưa lập được tài khoản quản trị: %w", made.ConfigFile, err))
			}
			fmt.Printf("Đã ghi cấu hình / configuration: %s\n", made.ConfigFile)
			fmt.Printf("Chứng thư gốc để chương trình thư tin cậy / CA certificate: %s\n\n", made.CAFile)
			fmt.Printf("Tài khoản quản trị / administrator: %s\n", address)
			showPassword(password)
			fmt.Printf("\nBản ghi DNS cần công bố / DNS records to publish:\n\n")
			if err := setup.WriteRecords(os.Stdout, made.Records); err != nil {
				return failed(err)
			}
			fmt.Printf("\nLệnh tiếp theo / next:\n    vanthu serve -c %s\n", made.ConfigFile)
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&dir, "dir", ".", "thư mục để ghi cấu hình và khóa / where configuration and keys go")
	f.StringVar(&admin, "admin", "quantri", "phần trước @ của tài khoản quản trị / local part of the administrator")
	f.BoolVar(&loopback, "loopback", false, "chỉ nghe trên máy này, cổng 2025, 2587, 2993, … / try it out on this machine only")
	f.BoolVar(&sample, "sample", false, "bắt đầu với danh bạ mẫu / begin with the sample directory")
	return c
}
