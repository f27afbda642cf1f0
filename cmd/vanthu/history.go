package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"quangtri.gov.vn/vanthu/cmd/vanthu/app"
	"quangtri.gov.vn/vanthu/directory"
)

func historyCommand(load loader) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "history ID", Short: "Lịch sử của một cơ quan trong danh bạ / every event about a body", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := load()
			if err != nil {
				return err
			}
			events, err := app.DirectoryHistory.Call(cmd.Context(), cfg, directory.ID(args[0]))
			if err != nil {
				return failed(err)
			}
			if len(events) == 0 && !asJSON {
				return &exitError{code: exitFailed, err: fmt.Errorf("danh bạ không có mã %q; tìm mã bằng: vanthu directory find / no such id", args[0])}
			}
			return showEvents(events, asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "JSON")
	return c
}

func journalCommand(load loader) *cobra.Command {
	var asJSON bool
	var in app.Journal
	c := &cobra.Command{
		Use: "journal", Short: "Các thay đổi của danh bạ, mới nhất ở cuối / changes of the directory, newest last", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := load()
			if err != nil {
				return err
			}
			events, err := app.DirectoryJournal.Call(cmd.Context(), cfg, in)
			if err != nil {
				return failed(err)
			}
			return showEvents(events, asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "JSON")
	c.Flags().Uint64Var(&in.After, "after", 0, "chỉ những thay đổi sau số này / only later events")
	c.Flags().IntVar(&in.Limit, "limit", 50, "nhiều nhất / at most")
	return c
}

func showEvents(events []directory.Event, asJSON bool) error {
	if asJSON {
		if events == nil {
			events = []directory.Event{}
		}
		return failed(printJSON(os.Stdout, events))
	}
	for _, e := range events {
		showEvent(os.Stdout, e)
	}
	return nil
}

// maxShown bounds the rows of one event that are written out.
const maxShown = 40

var eventWords = map[directory.EventKind]string{
	directory.EventImport: "nhập", directory.EventCorrect: "đính chính", directory.EventWithdraw: "rút dòng nhập nhầm", directory.EventUndo: "rút lại thay đổi",
	directory.EventFound: "thành lập", directory.EventRename: "đổi tên", directory.EventMerge: "hợp nhất", directory.EventSplit: "chia tách",
	directory.EventDissolve: "giải thể", directory.EventMove: "chuyển cấp trên", directory.EventRelation: "cơ quan thường trực",
	directory.EventAddress: "địa chỉ", directory.EventOfficial: "công chức", directory.EventName: "tên gọi",
}

func showEvent(w io.Writer, e directory.Event) {
	if e.Seq > 0 {
		fmt.Fprintf(w, "#%d %s · ", e.Seq, e.At.Local().Format("02/01/2006 15:04"))
	}
	fmt.Fprintf(w, "%s · %s", eventWords[e.Kind], e.Who)
	if e.Decision != "" {
		fmt.Fprintf(w, " · %s", e.Decision)
	}
	if e.Date != "" {
		fmt.Fprintf(w, " · hiệu lực %s", e.Date.Vietnamese())
	}
	if e.Why != "" {
		fmt.Fprintf(w, " · %s", e.Why)
	}
	fmt.Fprintln(w)
	for i, c := range e.Changes {
		if i == maxShown {
			fmt.Fprintf(w, "    … và %d dòng khác\n", len(e.Changes)-maxShown)
			break
		}
		fmt.Fprintf(w, "    %s\n", c.Describe())
	}
}
