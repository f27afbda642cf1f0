package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"quangtri.gov.vn/vanthu/cmd/vanthu/app"
	"quangtri.gov.vn/vanthu/mailsvc/mailbox/bolt"
)

func storeCommand(load loader) *cobra.Command {
	c := &cobra.Command{Use: "store", Short: "Kiểm tra, sửa và dồn kho thư / check, repair and compact the stores"}
	c.AddCommand(storeCheck(load), storeRepair(load), storeCompact(load))
	return c
}

var errBroken = errors.New("có dữ liệu hỏng / something is damaged")

func storeCheck(load loader) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "check",
		Short: "Kiểm tra toàn bộ dữ liệu; mã thoát 1 nếu có hỏng / verify everything that is stored",
		Long: "Reads every row and every body. With the server stopped the page structure of the\n" +
			"mailbox files is verified too. Exit code 0: all is sound, 1: something is damaged.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := load()
			if err != nil {
				return err
			}
			r, err := app.CheckStore(cmd.Context(), cfg)
			if err != nil {
				return failed(err)
			}
			if asJSON {
				err = printJSON(os.Stdout, r)
			} else {
				showCheck(r)
			}
			if err == nil && len(r.Findings) > 0 {
				return &exitError{code: exitFailed, err: errBroken, quiet: true}
			}
			return failed(err)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "JSON")
	return c
}

func showCheck(r app.StoreReport) {
	told := make(map[string]bool)
	for _, f := range r.Findings {
		fmt.Printf("HỎNG  %s: %s\n", f.Part, f.Text)
	}
	for _, f := range r.Findings {
		if !told[f.Do] {
			fmt.Println("Cần làm:", f.Do+".")
		}
		told[f.Do] = true
	}
	if len(r.Findings) == 0 {
		fmt.Printf("Tốt: %d hộp thư, %d nội dung thư và tệp đều nguyên vẹn.\n", r.Accounts, r.Bodies)
	}
	if r.Running {
		fmt.Println("Máy chủ đang chạy nên chưa kiểm tra cấu trúc trang của tệp; hãy dừng máy chủ và chạy lại nếu cần.")
	}
}

func storeRepair(load loader) *cobra.Command {
	var into string
	var asJSON bool
	c := &cobra.Command{
		Use:   "repair",
		Short: "Dựng lại tệp hộp thư bị hỏng; máy chủ phải dừng / rebuild damaged mailbox files",
		Long: "Rebuilds every damaged mailbox file from the rows in it that are sound. The damaged\n" +
			"file stays beside it. With --into, messages whose row is lost but whose text is there\n" +
			"are put into the folder \"" + bolt.RescueFolder + "\" of that account, also by a later run\n" +
			"while the damaged file is kept; mail deleted shortly before may be among them.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := load()
			if err != nil {
				return err
			}
			r, err := app.RepairStore(cmd.Context(), cfg, into)
			if asJSON {
				return failed(errors.Join(printJSON(os.Stdout, r), err))
			}
			showRepair(r)
			return failed(err)
		},
	}
	c.Flags().StringVar(&into, "into", "", "tài khoản nhận thư không còn biết của ai / account that takes messages of unknown owners")
	c.Flags().BoolVar(&asJSON, "json", false, "JSON")
	return c
}

func showRepair(r app.Repairs) {
	damaged := false
	for _, s := range r.Shards {
		if !s.Damaged {
			continue
		}
		damaged = true
		if s.History {
			fmt.Printf("Tệp %d: đã dựng lại nguyên vẹn từ lịch sử thay đổi, %d thư, trong đó %d thư thiếu nội dung.\n", s.Shard, s.Messages, s.Bodiless)
		} else {
			fmt.Printf("Tệp %d: đã dựng lại với %d thư; %d thư nay ở thư mục %q, %d thư mất chỗ ghi; %d thư mục được đánh số lại.\n",
				s.Shard, s.Messages, s.Rescued, bolt.RescueFolder, s.Lost, len(s.Renewed))
		}
		if s.Aside != "" {
			fmt.Printf("Tệp hỏng được giữ ở %s.\n", s.Aside)
		}
	}
	for _, f := range r.Missing {
		fmt.Printf("Tệp %s đã mất và nay được lập lại, trống không; nếu có bản sao lưu, hãy chép lại.\n", f)
	}
	if r.Found > 0 {
		fmt.Printf("%d nội dung thư đã tìm lại được.\n", r.Found)
	}
	switch {
	case !damaged && r.Orphans == 0 && r.Found == 0 && len(r.Missing) == 0 && len(r.Shards) > 0:
		fmt.Println("Không có tệp hộp thư nào hỏng; không thay đổi gì.")
	case r.Into == "" && r.Orphans > 0:
		fmt.Printf("Còn %d nội dung không thuộc thư nào; để đưa vào một hộp thư, hãy chạy lại với --into ĐỊA-CHỈ.\n", r.Orphans)
	case r.Orphans > 0:
		fmt.Printf("%d nội dung không thuộc thư nào nay ở thư mục %q của %s.\n", r.Placed, bolt.RescueFolder, r.Into)
	}
	if damaged {
		fmt.Println("Khi mọi việc đã ổn, hãy chuyển tệp hỏng đi nơi khác: chừng nào nó còn đó, không nội dung nào bị dọn.")
	}
}

func storeCompact(load loader) *cobra.Command {
	return &cobra.Command{
		Use:   "compact",
		Short: "Dồn các tệp dữ liệu, trả lại chỗ trống; máy chủ phải dừng / give unused space back",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := load()
			if err != nil {
				return err
			}
			s, err := app.CompactStore(cmd.Context(), cfg)
			if err != nil {
				return failed(err)
			}
			fmt.Printf("Đã dồn: trước %d KiB, nay %d KiB\n", s.Before>>10, s.After>>10)
			return nil
		},
	}
}
