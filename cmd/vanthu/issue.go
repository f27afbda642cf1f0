package main

import (
	"fmt"
	"mime"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"quangtri.gov.vn/vanthu/cmd/vanthu/app"
	"quangtri.gov.vn/vanthu/dispatch"
	"quangtri.gov.vn/vanthu/dispatch/engine"
	"quangtri.gov.vn/vanthu/dispatch/letter"
)

func issueCommand(load loader) *cobra.Command {
	var in app.IssueRequest
	var asJSON bool
	c := &cobra.Command{
		Use:   "issue FILE [ANNEX...]",
		Short: "Phát hành một văn bản tới mọi nơi nhận ghi trên đó / issue a document",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := load()
			if err != nil {
				return err
			}
			for _, name := range args {
				data, err := app.ReadBounded(name)
				if err != nil {
					return failed(fmt.Errorf("không đọc được tệp / cannot read: %w", err))
				}
				in.Files = append(in.Files, engine.Upload{Name: filepath.Base(name), Type: mediaType(name), Data: data})
			}
			out, err := app.Issue.Call(cmd.Context(), cfg, in)
			if err != nil {
				return failed(err)
			}
			return showIssued(out, asJSON)
		},
	}
	c.Flags().StringVar(&in.Clerk, "clerk", "", "tài khoản văn thư đứng tên phát hành, nhận thư báo / account that issues and gets the reports")
	c.Flags().BoolVar(&in.NotSecret, "not-secret", false, "xác nhận văn bản không thuộc bí mật nhà nước / declare that it is no state secret")
	c.Flags().BoolVar(&asJSON, "json", false, "JSON")
	return c
}

// mediaType names the types that clerks use, on machines without a table of them too.
func mediaType(name string) string {
	switch filepath.Ext(name) {
	case ".odt":
		return "application/vnd.oasis.opendocument.text"
	case ".docx":
		return "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	case ".doc":
		return "application/msword"
	case ".pdf":
		return "application/pdf"
	}
	if t := mime.TypeByExtension(filepath.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}

func showIssued(out app.IssueResult, asJSON bool) error {
	if out.Refused != "" {
		if asJSON {
			if err := printJSON(os.Stdout, map[string]string{"verdict": "refused", "code": out.Code, "message": out.Refused}); err != nil {
				return failed(err)
			}
			return &exitError{code: exitFailed, err: fmt.Errorf("%s", out.Refused), quiet: true}
		}
		return &exitError{code: exitFailed, err: fmt.Errorf("chưa phát hành: %s", out.Refused)}
	}
	if out.Repeat && !asJSON {
		fmt.Print("Văn bản này đã được phát hành trước đó từ cùng một tệp; không gửi lại.\n\n")
	}
	return showView(out.View, asJSON)
}

// showView prints a document; it ends with exitPartly while a line waits for an answer.
func showView(v dispatch.View, asJSON bool) error {
	if asJSON {
		if err := printJSON(os.Stdout, app.Summarise(v)); err != nil {
			return failed(err)
		}
	} else {
		fmt.Print(letter.Report(v, false))
	}
	if len(v.Waiting()) > 0 || v.Confirm {
		if !asJSON {
			fmt.Printf("\nTrả lời bằng: vanthu answer %s DÒNG LỰA-CHỌN\n", v.Document.Fields.NumberSymbol)
		}
		return &exitError{code: exitPartly, err: fmt.Errorf("còn dòng chờ trả lời"), quiet: true}
	}
	return nil
}

func answerCommand(load loader) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "answer NUMBER LINE CHOICE",
		Short: "Trả lời một dòng chờ xác nhận / answer a line that waits",
		Long:  "CHOICE: a number of the list, several as 1,3, giấy (paper), 0 (do not send),\nan agency's name or its official address. Line 0 with \"ok\" confirms the reading as a whole.",
		Args:  cobra.ExactArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := load()
			if err != nil {
				return err
			}
			out, err := app.Answer.Call(cmd.Context(), cfg, app.AnswerRequest{Number: args[0], Label: args[1], Choice: args[2]})
			if err != nil {
				return failed(err)
			}
			if out.Problem != "" {
				return &exitError{code: exitFailed, err: fmt.Errorf("%s", out.Problem)}
			}
			return showView(out.View, asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "JSON")
	return c
}

func statusCommand(load loader) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "status [NUMBER]",
		Short: "Văn bản đã đi đến đâu / what became of a document, or of all",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := load()
			if err != nil {
				return err
			}
			var in app.StatusRequest
			if len(args) == 1 {
				in.Number = args[0]
			}
			views, err := app.Status.Call(cmd.Context(), cfg, in)
			if err != nil {
				return failed(err)
			}
			if asJSON {
				out := []app.Summary{}
				for _, v := range views {
					out = append(out, app.Summarise(v))
				}
				return failed(printJSON(os.Stdout, out))
			}
			for i, v := range views {
				if in.Number == "" {
					fmt.Println(letter.ReportSubject(v))
					continue
				}
				if i > 0 {
					fmt.Print("\n────────\n\n")
				}
				fmt.Print(letter.Report(v, false))
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "JSON")
	return c
}
