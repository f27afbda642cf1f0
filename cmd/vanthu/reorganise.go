package main

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"quangtri.gov.vn/vanthu/cmd/vanthu/app"
	"quangtri.gov.vn/vanthu/directory"
)

// reorganiseCommands are the acts that change who exists, each with a decision
// and a day.
func reorganiseCommands(load loader) []*cobra.Command {
	return []*cobra.Command{
		reorganiseCommand(load, "rename", "rename ID NEW-ID=TÊN MỚI", "Đổi tên một cơ quan / rename a body", cobra.ExactArgs(2)),
		reorganiseCommand(load, "merge", "merge ID ID... INTO[=TÊN]", "Hợp nhất các cơ quan / merge bodies into one, new or existing", cobra.MinimumNArgs(2)),
		reorganiseCommand(load, "split", "split ID PART[=TÊN]...", "Chia tách một cơ quan / split a body", cobra.MinimumNArgs(2)),
		reorganiseCommand(load, "dissolve", "dissolve ID [HEIR...]", "Giải thể một cơ quan / dissolve a body", cobra.MinimumNArgs(1)),
		addressCommand(load), historyCommand(load), exportCommand(load),
	}
}

// actFlags adds what every act must say.
func actFlags(c *cobra.Command, act *directory.Act, date *string) {
	f := c.Flags()
	f.StringVar(&act.Decision, "decision", "", "số, ký hiệu quyết định / the decision that orders it")
	f.StringVar(date, "date", "", "ngày có hiệu lực, YYYY-MM-DD / first day")
	f.StringVar(&act.Why, "why", "", "lý do / reason")
	f.StringVar((*string)(&act.ForwardUntil), "forward-until", "", "địa chỉ cũ còn chuyển tiếp đến ngày / old addresses forward until")
	f.BoolVar(&act.DryRun, "dry-run", false, "chỉ kiểm tra / check only")
}

func reorganiseCommand(load loader, kind, use, short string, args cobra.PositionalArgs) *cobra.Command {
	in := app.Reorganise{Kind: kind}
	var date string
	c := &cobra.Command{Use: use, Short: short, Args: args, RunE: func(cmd *cobra.Command, args []string) error {
		from, to := 1, args[1:]
		if kind == "merge" {
			from, to = len(args)-1, args[len(args)-1:]
		}
		for _, a := range args[:from] {
			in.From = append(in.From, directory.ID(a))
		}
		for _, a := range to {
			id, name, _ := strings.Cut(a, "=")
			in.To = append(in.To, directory.Body{Agency: directory.Agency{ID: directory.ID(id), Name: name}})
		}
		return runAct(cmd, load, in, date)
	}}
	actFlags(c, &in.Act, &date)
	if kind == "split" {
		c.Flags().BoolVar(&in.Survives, "survives", false, "cơ quan cũ vẫn còn / the old body goes on")
	}
	return c
}

func addressCommand(load loader) *cobra.Command {
	in := app.Reorganise{Kind: "address"}
	var date string
	c := &cobra.Command{
		Use: "address ID ADDRESS", Short: "Đặt địa chỉ chính thức của một cơ quan / set an official address", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			in.Address.Agency, in.Address.Address = directory.ID(args[0]), args[1]
			return runAct(cmd, load, in, date)
		},
	}
	actFlags(c, &in.Act, &date)
	c.Flags().StringVar(&in.Address.Kind, "kind", "agency", "agency, clerk-desk, unit, temporary-external")
	c.Flags().StringVar(&in.Address.Status, "status", "attested", "attested, sample, forward")
	return c
}

func runAct(cmd *cobra.Command, load loader, in app.Reorganise, date string) error {
	cfg, err := load()
	if err != nil {
		return err
	}
	in.Act.Date, in.Act.Who = directory.Date(date), operator()
	event, err := app.DirectoryReorganise.Call(cmd.Context(), cfg, in)
	if err != nil {
		return failed(err)
	}
	showEvent(event)
	if in.Act.DryRun {
		fmt.Println("Chỉ kiểm tra, chưa ghi gì.")
	}
	return nil
}

// operator names whoever runs the command, for the history.
func operator() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return "operator " + u.Username
	}
	return "operator"
}

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
			if asJSON {
				return failed(printJSON(os.Stdout, events))
			}
			for _, e := range events {
				showEvent(e)
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "JSON")
	return c
}

func showEvent(e directory.Event) {
	fmt.Printf("#%d %s · %s · %s", e.Seq, e.At.Local().Format("2006-01-02 15:04"), e.Kind, e.Who)
	if e.Decision != "" {
		fmt.Printf(" · %s, hiệu lực %s", e.Decision, e.Date.Vietnamese())
	}
	if e.Why != "" {
		fmt.Printf(" · %s", e.Why)
	}
	fmt.Printf(" · %d thay đổi\n", len(e.Changes))
}

func exportCommand(load loader) *cobra.Command {
	return &cobra.Command{
		Use: "export DIR", Short: "Xuất danh bạ ra các tệp CSV / write the directory as CSV files", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := load()
			if err != nil {
				return err
			}
			dir, err := filepath.Abs(args[0])
			if err != nil {
				return failed(err)
			}
			files, err := app.DirectoryExport.Call(cmd.Context(), cfg, dir)
			if err != nil {
				return failed(err)
			}
			for _, f := range files {
				fmt.Println(f)
			}
			return nil
		},
	}
}
