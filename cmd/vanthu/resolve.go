package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"

	"quangtri.gov.vn/vanthu/cmd/vanthu/app"
	"quangtri.gov.vn/vanthu/configs"
	"quangtri.gov.vn/vanthu/directory"
	"quangtri.gov.vn/vanthu/dispatch"
	"quangtri.gov.vn/vanthu/dispatch/recipients"
	"quangtri.gov.vn/vanthu/internal/viet"
)

func resolveCommand(load loader) *cobra.Command {
	var issuer, date, kinhGui, articles, csv string
	var asJSON bool
	c := &cobra.Command{
		Use:   "resolve BLOCKFILE",
		Short: "Cho biết một phần «Nơi nhận» nói tới ai / say whom a recipients block means",
		Long: "Reads the text of a block and resolves it as of a day and for an issuer. The directory is that of\n" +
			"--directory (CSV files) or, without it, the sample directory that comes with the program.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := time.Parse(time.DateOnly, date); err != nil {
				return &exitError{code: exitUsage, err: fmt.Errorf("--date phải có dạng 2009-07-12 / must be a day")}
			}
			block, err := readBlock(args[0], kinhGui, articles)
			if err != nil {
				return failed(err)
			}
			dir, err := openCSV(csv)
			if err != nil {
				return failed(err)
			}
			block.IssuerName, block.On = issuer, directory.Date(date)
			if m := dir.Issuer(issuer, "", block.On); m.Certain {
				block.Issuer = m.Agencies[0]
			}
			items := recipients.Resolve(dir, block)
			if asJSON {
				return failed(printJSON(os.Stdout, resolved(items)))
			}
			showItems(dir, items)
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&issuer, "issuer", "", "cơ quan ban hành / issuing agency")
	f.StringVar(&date, "date", "", "ngày ban hành, YYYY-MM-DD / day of issue")
	f.StringVar(&kinhGui, "kinh-gui", "", "tệp có các nơi ở phần Kính gửi, mỗi dòng một nơi / addressees, one a line")
	f.StringVar(&articles, "articles", "", "tệp có lời các điều («Điều 3. …»), hoặc JSON {\"3\": \"…\"} / text of the articles")
	f.StringVar(&csv, "directory", "", "thư mục danh bạ CSV / directory of CSV files")
	f.BoolVar(&asJSON, "json", false, "JSON")
	errors.Join(c.MarkFlagRequired("issuer"), c.MarkFlagRequired("date"))
	return c
}

func readBlock(name, kinhGui, articles string) (recipients.Block, error) {
	var b recipients.Block
	text, err := app.ReadBounded(name)
	if err != nil {
		return b, err
	}
	b.Lines = recipients.ParseText(viet.NFC(string(text)))
	if kinhGui != "" {
		text, err := app.ReadBounded(kinhGui)
		if err != nil {
			return b, err
		}
		b.KinhGui = recipients.ParseText(viet.NFC(string(text)))
	}
	if articles != "" {
		text, err := app.ReadBounded(articles)
		if err != nil {
			return b, err
		}
		b.Articles = articlesOf(viet.NFC(string(text)))
	}
	return b, nil
}

// articlesOf takes a text with headings "Điều n.", or JSON of number -> text.
func articlesOf(text string) map[string]string {
	out := make(map[string]string)
	if json.Unmarshal([]byte(text), &out) == nil {
		return out
	}
	return recipients.ParseArticles(text)
}

func openCSV(dir string) (*directory.Snapshot, error) {
	var files fs.FS = configs.Directory()
	if dir != "" {
		files = os.DirFS(dir)
	}
	return directory.LoadFS(files)
}

// resolvedItem is one recipient as --json prints it.
type resolvedItem struct {
	Raw           string               `json:"raw"`
	Text          string               `json:"text"`
	Kind          dispatch.Kind        `json:"kind"`
	CanonicalName string               `json:"canonical_name"`
	Certainty     dispatch.Certainty   `json:"certainty"`
	Agencies      []directory.ID       `json:"agencies"`
	Candidates    []dispatch.Candidate `json:"candidates"`
	Reason        string               `json:"reason"`
	Purposes      []string             `json:"purposes"`
	Copies        int                  `json:"copies"`
	Exceptions    []string             `json:"exceptions"`
}

func resolved(items []dispatch.Item) []resolvedItem {
	out := []resolvedItem{}
	for _, it := range items {
		r := resolvedItem{it.Raw, it.Text, it.Kind, it.CanonicalName, it.Certainty, it.Agencies, it.Candidates, it.Reason, it.Purposes, it.Copies, it.Exceptions}
		if r.Agencies == nil {
			r.Agencies = []directory.ID{}
		}
		if r.Candidates == nil {
			r.Candidates = []dispatch.Candidate{}
		}
		if r.Purposes == nil {
			r.Purposes = []string{}
		}
		if r.Exceptions == nil {
			r.Exceptions = []string{}
		}
		out = append(out, r)
	}
	return out
}

var certaintyWords = map[dispatch.Certainty]string{
	dispatch.Certain: "chắc chắn", dispatch.Doubtful: "cần hỏi", dispatch.None: "không rõ",
}

func showItems(dir *directory.Snapshot, items []dispatch.Item) {
	for _, it := range items {
		word := certaintyWords[it.Certainty]
		if it.NoSend {
			word = "không gửi"
		}
		fmt.Printf("%s\n    %s · %s · %s\n", it.Text, it.CanonicalName, it.Kind, word)
		if it.Reason != "" {
			fmt.Printf("    %s\n", it.Reason)
		}
		for _, id := range it.Agencies {
			a, _ := dir.Agency(id)
			fmt.Printf("      → %s (%s)\n", a.Name, id)
		}
		for i, c := range it.Candidates {
			fmt.Printf("      %d = %s\n", i+1, c.Name)
		}
	}
}
