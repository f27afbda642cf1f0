package main

import (
	"os"

	"github.com/spf13/cobra"

	"quangtri.gov.vn/vanthu/cmd/vanthu/demo"
)

func demoCommand() *cobra.Command {
	o := demo.Options{Out: os.Stdout}
	c := &cobra.Command{
		Use:   "demo",
		Short: "Trình diễn trọn đường đi của văn bản trên máy này / show the whole way on this machine",
		Long: "Runs the sample province of 2010 on loopback: three documents and a secret one,\n" +
			"sent by a clerk, delivered, answered and read back. Nothing leaves the machine.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return failed(demo.Run(cmd.Context(), o)) },
	}
	f := c.Flags()
	f.BoolVar(&o.Once, "once", false, "dừng sau khi trình diễn; mã thoát 0 chỉ khi mọi trạng thái đều đúng / end, 0 only if all is as it must be")
	f.BoolVar(&o.JSON, "json", false, "in kết quả cho máy đọc / print the result for machines")
	f.StringVar(&o.ReadyFile, "ready-file", "", "ghi địa chỉ và tài khoản vào tệp khi đã sẵn sàng / write addresses and accounts here")
	f.IntVar(&o.Accounts, "accounts", 0, "thêm N hộp thư u0000… cùng một mật khẩu / add N mailboxes")
	f.StringVar(&o.Data, "data", "", "giữ dữ liệu ở thư mục này / keep the data here")
	f.BoolVar(&o.NoLimits, "no-limits", false, "bỏ giới hạn theo địa chỉ, để đo tải / lift limits per address")
	return c
}
