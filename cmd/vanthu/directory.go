package main

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"

	"github.com/spf13/cobra"

	"quangtri.gov.vn/vanthu/cmd/vanthu/app"
	"quangtri.gov.vn/vanthu/directory"
)

func directoryCommand(load loader) *cobra.Command {
	c := &cobra.Command{Use: "directory", Short: "Danh bạ địa chỉ chính thức / the directory of official addresses"}
	c.AddCommand(directoryImport(load), exportCommand(load), directoryFind(load), historyCommand(load), journalCommand(load))
	c.AddCommand(reorganiseCommands(load)...)
	return c
}

func directoryImport(load loader) *cobra.Command {
	in := app.Import{Who: operator()}
	var sample bool
	c := &cobra.Command{
		Use:   "import DIR | --sample",
		Short: "Nhập các tệp CSV vào danh bạ / import CSV files",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if sample == (len(args) == 1) {
				return &exitError{code: exitUsage, err: errors.New("cần một thư mục CSV hoặc --sample / name a directory of CSV files, or --sample")}
			}
			cfg, err := load()
			if err != nil {
				return err
			}
			if len(args) == 1 {
				if in.Files, err = directory.ReadCSV(os.DirFS(args[0])); err != nil {
					return failed(fmt.Errorf("không đọc được thư mục %s; kiểm tra đường dẫn và quyền đọc / cannot read: %w", args[0], err))
				}
			}
			report, err := app.DirectoryImport.Call(cmd.Context(), cfg, in)
			if err != nil {
				return failed(err)
			}
			return showImport(report)
		},
	}
	c.Flags().BoolVar(&sample, "sample", false, "danh bạ mẫu tỉnh Quảng Trị (không phải dữ liệu thật) / the sample directory")
	c.Flags().BoolVar(&in.Options.DryRun, "dry-run", false, "chỉ kiểm tra / check only")
	c.Flags().BoolVar(&in.Options.Replace, "replace", false, "rút những dòng đang có mà tệp không còn / withdraw rows that the files no longer have")
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
		withdrawn := ""
		if f.Withdrawn > 0 {
			withdrawn = fmt.Sprintf(", %d rút", f.Withdrawn)
		}
		fmt.Printf("%-16s %5d dòng: %d mới, %d sửa, %d giữ nguyên%s\n", f.File, f.Rows, f.New, f.Changed, f.Same, withdrawn)
	}
	if r.DryRun {
		fmt.Println("Chỉ kiểm tra, chưa ghi gì.")
	}
	return nil
}

func exportCommand(load loader) *cobra.Command {
	var in app.Export
	c := &cobra.Command{
		Use: "export DIR", Short: "Xuất danh bạ ra các tệp CSV / write the directory as CSV files", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := load()
			if err != nil {
				return err
			}
			files, err := app.DirectoryExport.Call(cmd.Context(), cfg, in)
			if err != nil {
				return failed(err)
			}
			return failed(writeCSV(args[0], files))
		},
	}
	eventFlag(c, &in.Event)
	return c
}

// eventFlag asks for the directory as it was known after an event.
func eventFlag(c *cobra.Command, event *uint64) {
	c.Flags().Uint64Var(event, "event", 0, "theo những gì danh bạ biết sau thay đổi có số này / as known after that event")
}

func writeCSV(dir string, files directory.CSV) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, name := range directory.Files() {
		path := filepath.Join(dir, name)
		if err := replaceFile(path, files[name]); err != nil {
			return err
		}
		fmt.Println(path)
	}
	return nil
}

// replaceFile replaces a file in one step.
func replaceFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".export-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err := errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// operator names whoever runs the command, for the history.
func operator() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return "operator " + u.Username
	}
	return "operator"
}
