package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

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
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := resolveUsage(args, issuer, date); err != nil {
				return &exitError{code: exitUsage, err: err}
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
				return failed(printJSON(cmd.OutOrStdout(), resolved(items)))
			}
			if block.Issuer == "" {
				fmt.Fprintf(cmd.ErrOrStderr(), "Danh bạ không có đúng một cơ quan tên «%s» vào ngày %s: chỉ tên đầy đủ mới chắc chắn. / The issuer is not known.\n", issuer, block.On.Vietnamese())
			}
			showItems(cmd.OutOrStdout(), dir, items)
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
	c.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return fmt.Errorf("cờ không đúng; xem vanthu resolve --help / %w", err)
	})
	return c
}

// resolveUsage says what is wrong with the arguments, nil if nothing.
func resolveUsage(args []string, issuer, date string) error {
	switch _, err := time.Parse(time.DateOnly, date); {
	case len(args) != 1:
		return fmt.Errorf("cần đúng một tệp có phần «Nơi nhận», ở đây có %d / one block file is needed", len(args))
	case strings.TrimSpace(issuer) == "":
		return errors.New("cần --issuer: tên cơ quan ban hành / the issuing agency is needed")
	case date == "":
		return errors.New("cần --date: ngày ban hành, dạng 2009-07-12 / the day of issue is needed")
	case err != nil:
		return fmt.Errorf("--date %q không phải một ngày có thật, dạng 2009-07-12 / must be a day", date)
	}
	return nil
}

// maxBlockFile bounds a file of "resolve", in bytes. The longest real blocks are
// a few thousand.
const maxBlockFile = 1 << 20

// readText reads a file of plain text in UTF-8, UTF-16 with its mark, too.
func readText(name string) (string, error) {
	data, err := app.ReadBounded(name)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "", fmt.Errorf("không có tệp %s / no such file", name)
	case err != nil:
		return "", fmt.Errorf("không đọc được tệp %s: hãy chọn một tệp văn bản / %w", name, err)
	case len(data) > maxBlockFile:
		return "", fmt.Errorf("tệp %s lớn hơn %d KB, không phải phần «Nơi nhận»: hãy cắt riêng phần đó ra / too large", name, maxBlockFile>>10)
	}
	text := string(bytes.TrimPrefix(data, []byte("\ufeff")))
	if wide, ok := utf16Text(data); ok {
		text = wide
	}
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return "", fmt.Errorf("tệp %s không phải văn bản thuần UTF-8: hãy lưu lại dạng .txt UTF-8 / not plain text in UTF-8", name)
	}
	return viet.NFC(text), nil
}

// utf16Text decodes UTF-16 that begins with its byte order mark.
func utf16Text(data []byte) (string, bool) {
	var order binary.ByteOrder = binary.LittleEndian
	switch {
	case len(data) < 2 || len(data)%2 != 0:
		return "", false
	case data[0] == 0xFE && data[1] == 0xFF:
		order = binary.BigEndian
	case data[0] != 0xFF || data[1] != 0xFE:
		return "", false
	}
	units := make([]uint16, 0, len(data)/2-1)
	for i := 2; i < len(data); i += 2 {
		units = append(units, order.Uint16(data[i:]))
	}
	return string(utf16.Decode(units)), true
}

func readBlock(name, kinhGui, articles string) (recipients.Block, error) {
	var b recipients.Block
	text, err := readText(name)
	if err != nil {
		return b, err
	}
	if b.Lines = recipients.ParseText(text); len(b.Lines) == 0 {
		return b, fmt.Errorf("tệp %s không có dòng nào của phần «Nơi nhận» / the block is empty", name)
	}
	if kinhGui != "" {
		if text, err = readText(kinhGui); err != nil {
			return b, fmt.Errorf("--kinh-gui: %w", err)
		}
		if b.KinhGui = recipients.ParseText(text); len(b.KinhGui) == 0 {
			return b, fmt.Errorf("--kinh-gui: tệp %s không có nơi nào, mỗi dòng phải là một nơi / no addressee", kinhGui)
		}
	}
	if articles != "" {
		if text, err = readText(articles); err != nil {
			return b, fmt.Errorf("--articles: %w", err)
		}
		if b.Articles = articlesOf(text); len(b.Articles) == 0 {
			return b, fmt.Errorf("--articles: tệp %s không có «Điều 1. …» nào / no article", articles)
		}
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
	snapshot, err := directory.LoadFS(files)
	if err != nil && dir != "" {
		return nil, fmt.Errorf("không đọc được danh bạ ở %s: cần thư mục có các tệp CSV / %w", dir, err)
	}
	return snapshot, err
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

func showItems(w io.Writer, dir *directory.Snapshot, items []dispatch.Item) {
	for _, it := range items {
		word := certaintyWords[it.Certainty]
		if it.NoSend {
			word = "không gửi"
		}
		fmt.Fprintf(w, "%s\n    %s · %s · %s\n", it.Text, it.CanonicalName, it.Kind, word)
		if it.Reason != "" {
			fmt.Fprintf(w, "    %s\n", it.Reason)
		}
		for _, id := range it.Agencies {
			a, _ := dir.Agency(id)
			fmt.Fprintf(w, "      → %s (%s)\n", a.Name, id)
		}
		for i, c := range it.Candidates {
			fmt.Fprintf(w, "      %d = %s\n", i+1, c.Name)
		}
	}
}
