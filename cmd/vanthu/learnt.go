package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"quangtri.gov.vn/vanthu/cmd/vanthu/app"
	"quangtri.gov.vn/vanthu/directory"
)

// learntCommand shows and takes back what the clerks' answers taught, agency by agency.
func learntCommand(load loader) *cobra.Command {
	c := &cobra.Command{Use: "learnt", Short: "Những câu trả lời đã nhớ của từng cơ quan / answers that are remembered"}
	var asJSON bool
	list := &cobra.Command{
		Use: "list [AGENCY-ID]", Short: "Liệt kê / list", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := load()
			if err != nil {
				return err
			}
			var issuer directory.ID
			if len(args) == 1 {
				issuer = directory.ID(args[0])
			}
			all, err := app.LearntList.Call(cmd.Context(), cfg, issuer)
			if err != nil {
				return failed(err)
			}
			if asJSON {
				return failed(printJSON(os.Stdout, all))
			}
			if len(all) == 0 {
				fmt.Println("Chưa nhớ câu trả lời nào.")
			}
			for _, l := range all {
				fmt.Printf("%s (%s): «%s» → %s\n    quên: vanthu learnt forget %s %q\n", l.IssuerName, l.Issuer, l.Text, strings.Join(l.Names, "; "), l.Issuer, l.Key)
			}
			return nil
		},
	}
	list.Flags().BoolVar(&asJSON, "json", false, "JSON")
	forget := &cobra.Command{
		Use: "forget AGENCY-ID KEY", Short: "Quên một câu trả lời / forget one answer", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := load()
			if err != nil {
				return err
			}
			_, err = app.LearntForget.Call(cmd.Context(), cfg, app.Forget{Issuer: directory.ID(args[0]), Key: args[1]})
			return failed(err)
		},
	}
	c.AddCommand(list, forget)
	return c
}
