package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"quangtri.gov.vn/vanthu/cmd/vanthu/app"
	"quangtri.gov.vn/vanthu/directory"
)

func directoryCommand(load loader) *cobra.Command {
	c := &cobra.Command{Use: "directory", Short: "Danh bạ địa chỉ chính thức / the directory of official addresses"}
	c.AddCommand(directoryImport(load), directoryFind(load))
	c.AddCommand(reorganiseCommands(load)...)
	return c
}

func directoryImport(load loader) *cobra.Command {
	var in app.Import
	var sample bool
	c := &cobra.Command{
		Use:   "import DIR | --sample",
		Short: "Nhập các tệp CSV vào danh bạ / import CSV files",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if sample == (len(args) == 1) {
				return &exitError{code: exitUsage, err: fmt.Errorf("cần một thư mục CSV hoặc --sample / name a directory of CSV files, or --sample")}
			}
			if len(args) == 1 {
				in.Dir = args[0]
			}
			cfg, err := load()
			if err != nil {
				return err
			}
			report, err := app.DirectoryImport.Call(cmd.Context(), cfg, in)
			if err != nil {
				return failed(err)
			}
			return showImport(report)
		},
	}
	c.Flags().BoolVar(&sample, "sample", false, "danh bạ mẫu tỉnh Quảng Trị (không phải dữ liệu thật) / the sample directory")
	c.Flags().BoolVar(&in.DryRun, "dry-run", false, "chỉ kiểm tra / check only")
	c.Flags().StringVar(&in.Why, "why", "nhập danh bạ", "lý do, ghi vào lịch sử / reason, kept in the history")
	return c
}

func showImport(r directory.Report) error {
	for _, e := range r.Errors {
		fmt.Fprintln(os.Stderr, e)
	}
	if n := len(r.Errors) + r.Dropped; n > 0 {
		return &exitError{code: exitFailed, err: fmt.Errorf("%d lỗi, chưa nhập gì / errors, nothing was imported", n)}
	}
	for _, f := range r.Files {
		fmt.Printf("%-16s %5d dòng: %d mới, %d sửa, %d giữ nguyên\n", f.File, f.Rows, f.New, f.Changed, f.Same)
	}
	if r.DryRun {
		fmt.Println("Chỉ kiểm tra, chưa ghi gì.")
	}
	return nil
}

func directoryFind(load loader) *cobra.Command {
	var asJSON bool
	var on string
	c := &cobra.Command{
		Use:   "find QUERY",
		Short: "Tìm cơ quan và địa chỉ, có dấu hay không dấu / find an agency and its addresses",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := load()
			if err != nil {
				return err
			}
			found, err := app.DirectoryFind.Call(cmd.Context(), cfg, app.Find{Query: args[0], On: directory.Date(on)})
			if err != nil {
				return failed(err)
			}
			if asJSON {
				return failed(printJSON(os.Stdout, found))
			}
			if len(found) == 0 {
				return &exitError{code: exitFailed, err: fmt.Errorf("không tìm thấy cơ quan nào / nothing found")}
			}
			for _, f := range found {
				showFound(f)
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "JSON")
	c.Flags().StringVar(&on, "on", "", "ngày, YYYY-MM-DD; để trống là hôm nay / day, empty means today")
	return c
}

func showFound(f app.Found) {
	fmt.Printf("%s · %s  (%s)\n", f.Agency.Name, f.Territory, f.Agency.ID)
	if f.Former {
		fmt.Printf("    tên cũ: %s\n", f.Matched)
	}
	for _, a := range f.Addresses {
		note := ""
		if a.Status == "sample" {
			note = "  [mẫu / sample]"
		}
		fmt.Printf("    %s  (%s)%s\n", a.Address, a.Kind, note)
	}
	if len(f.Addresses) == 0 {
		fmt.Println("    chưa có địa chỉ thư điện tử")
	}
}
