package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"quangtri.gov.vn/vanthu/cmd/vanthu/app"
	"quangtri.gov.vn/vanthu/dispatch"
)

func readCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "read FILE...",
		Short: "Đọc văn bản và cho biết trên giấy ghi gì / say what documents say",
		Long: "Reads each file in a worker process with limits, as the server does, and keeps nothing.\n" +
			"Of a document marked as a state secret only the mark is told. Exit 1 if any file was rejected.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			rejected := 0
			for i, name := range args {
				r, err := readFile(cmd.Context(), name)
				if err != nil {
					return failed(err)
				}
				if r.Verdict == dispatch.Rejected {
					rejected++
				}
				if err := showReading(r, asJSON, i > 0); err != nil {
					return failed(err)
				}
			}
			if rejected > 0 {
				return &exitError{code: exitFailed, err: errors.New("có tệp không đọc được"), quiet: true}
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "mỗi tệp một dòng JSON / one JSON object a line for each file")
	return c
}

func readFile(ctx context.Context, name string) (dispatch.Reading, error) {
	data, err := app.ReadBounded(name)
	if err != nil {
		return dispatch.Reading{}, fmt.Errorf("không đọc được tệp / cannot read: %w", err)
	}
	reader, err := app.NewReader(app.UserCache())
	if err != nil {
		return dispatch.Reading{}, err
	}
	return reader.Read(ctx, filepath.Base(name), data), nil
}

func showReading(r dispatch.Reading, asJSON, more bool) error {
	if asJSON {
		e := json.NewEncoder(os.Stdout)
		e.SetEscapeHTML(false)
		out, err := app.ReadingJSON(r)
		if err != nil {
			return err
		}
		return e.Encode(out)
	}
	if more {
		fmt.Println()
	}
	fmt.Printf("%s (%s): %s\n", r.File, r.Kind, verdictWords[r.Verdict])
	if r.Problem != nil {
		fmt.Println("  " + r.Problem.Message)
		return nil
	}
	f := r.Fields
	if r.Verdict == dispatch.Secret {
		fmt.Printf("  Độ mật: %s. Không đọc thêm gì; xin gửi theo đường văn bản mật.\n", f.Secrecy)
		return nil
	}
	row := func(label, value string) {
		if value != "" {
			fmt.Printf("  %-16s %s\n", label+":", value)
		}
	}
	row("Cơ quan chủ quản", f.IssuerParent)
	row("Cơ quan ban hành", f.Issuer)
	row("Số, ký hiệu", f.NumberSymbol)
	row("Nơi, ngày", f.PlaceDateText)
	row("Loại", f.Type)
	row("Trích yếu", f.Subject)
	row("Độ khẩn", f.Urgency)
	row("Lưu hành", f.Circulation)
	row("Bản sao", f.Copy)
	list("Kính gửi", f.KinhGui)
	list("Nơi nhận", f.Recipients)
	list("Ký", append(append([]string{}, f.SignLines...), f.Signer))
	for _, q := range r.Asks {
		fmt.Println("  ? " + q.Message)
	}
	return nil
}

var verdictWords = map[dispatch.Verdict]string{
	dispatch.OK: "đọc được", dispatch.Ask: "đọc được, cần người xem lại", dispatch.Secret: "văn bản mật", dispatch.Rejected: "không dùng được",
}

func list(label string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Printf("  %s:\n", label)
	for _, l := range lines {
		fmt.Println("    - " + l)
	}
}
