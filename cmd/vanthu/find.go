package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"quangtri.gov.vn/vanthu/cmd/vanthu/app"
	"quangtri.gov.vn/vanthu/directory"
)

func directoryFind(load loader) *cobra.Command {
	var asJSON bool
	var in app.Find
	c := &cobra.Command{
		Use:   "find QUERY",
		Short: "Tìm cơ quan và địa chỉ, có dấu hay không dấu / find an agency and its addresses",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, ok := directory.ParseDate(string(in.On)); in.On != "" && !ok {
				return &exitError{code: exitUsage, err: fmt.Errorf("ngày %q không đúng; viết năm-tháng-ngày, ví dụ 2025-07-01 / invalid day", in.On)}
			}
			cfg, err := load()
			if err != nil {
				return err
			}
			in.Query = args[0]
			found, err := app.DirectoryFind.Call(cmd.Context(), cfg, in)
			if err != nil {
				return failed(err)
			}
			if asJSON {
				return failed(printJSON(os.Stdout, found))
			}
			if len(found) == 0 {
				return &exitError{code: exitFailed, err: errors.New("không tìm thấy cơ quan nào / nothing found")}
			}
			for _, f := range found {
				showFound(os.Stdout, f)
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "JSON")
	c.Flags().StringVar((*string)(&in.On), "on", "", "ngày, YYYY-MM-DD; để trống là hôm nay / day, empty means today")
	eventFlag(c, &in.Event)
	return c
}

func showFound(w io.Writer, f app.Found) {
	fmt.Fprintf(w, "%s · %s  (%s)\n", f.Agency.Name, f.Territory, f.Agency.ID)
	if f.Ended {
		fmt.Fprintf(w, "    đã kết thúc ngày %s\n", f.Agency.To.Vietnamese())
	}
	if f.Starts {
		fmt.Fprintf(w, "    hoạt động từ ngày %s\n", f.Agency.From.Vietnamese())
	}
	if f.Matched != f.Agency.Name {
		what := "khớp"
		if f.Former && !f.Ended {
			what = "tên, địa chỉ cũ"
		}
		fmt.Fprintf(w, "    %s: %s\n", what, f.Matched)
	}
	for _, a := range f.Addresses {
		fmt.Fprintf(w, "    %s  (%s)%s\n", a.Address, addressWords(a.Kind), statusWords(a))
	}
	showDelivery(w, f)
}

// showDelivery says where mail goes if not to the body itself.
func showDelivery(w io.Writer, f app.Found) {
	switch {
	case f.Delivery.Ask:
		fmt.Fprintf(w, "    %s\n", f.Delivery.Reason)
	case len(f.Heirs) > 0 && f.Delivery.Reason != "":
		fmt.Fprintf(w, "    → %s\n", f.Delivery.Reason)
	case len(f.Heirs) > 0:
		fmt.Fprintln(w, "    → cơ quan cấp trên nhận thay")
	case f.Starts:
	case len(f.Addresses) == 0 && f.Agency.Type == "dia-ban":
		fmt.Fprintln(w, "    địa bàn, không nhận thư")
	case len(f.Addresses) == 0:
		fmt.Fprintln(w, "    chưa có địa chỉ thư điện tử: gửi bản giấy")
	}
	for _, h := range f.Heirs {
		address := h.Address
		if address == "" {
			address = "chưa có địa chỉ"
		}
		fmt.Fprintf(w, "      %s: %s  (%s)\n", h.Name, address, h.ID)
	}
}

func addressWords(kind string) string {
	switch kind {
	case "agency":
		return "hộp thư cơ quan"
	case "clerk-desk":
		return "bàn văn thư"
	case "unit":
		return "bộ phận"
	case "temporary-external":
		return "hộp thư ngoài, dùng tạm"
	}
	return kind
}

func statusWords(a directory.Address) string {
	switch {
	case a.Status == "sample":
		return "  [mẫu / sample]"
	case a.Status == "forward" && a.To != "":
		return "  [chuyển tiếp đến " + a.To.Vietnamese() + "]"
	case a.Status == "forward":
		return "  [chuyển tiếp]"
	case a.To != "":
		return "  [đến " + a.To.Vietnamese() + "]"
	}
	return ""
}
