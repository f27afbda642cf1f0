package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"quangtri.gov.vn/vanthu/cmd/vanthu/app"
	"quangtri.gov.vn/vanthu/directory"
)

// reorganiseCommands are the acts that change who exists and how mail reaches
// them, each with a day and, if there is one, a decision.
func reorganiseCommands(load loader) []*cobra.Command {
	return []*cobra.Command{
		foundCommand(load), renameCommand(load), mergeCommand(load), splitCommand(load), dissolveCommand(load), moveCommand(load),
		standingCommand(load), addressCommand(load), nameCommand(load), officialCommand(load), undoCommand(load),
	}
}

// bodyForm is how a body is written on the command line.
const bodyForm = "MÃ[=TÊN[=ĐỊA-CHỈ]]"

// parseBody reads a body: its ID, and for a new one its name and address.
func parseBody(s string) directory.Body {
	parts := strings.SplitN(s, "=", 3)
	b := directory.Body{Agency: directory.Agency{ID: directory.ID(parts[0])}}
	if len(parts) > 1 {
		b.Agency.Name = parts[1]
	}
	if len(parts) > 2 {
		b.Addresses = []directory.Address{{Address: parts[2], Kind: "agency", Status: "attested"}}
	}
	return b
}

func parseBodies(args []string) []directory.Body {
	var out []directory.Body
	for _, a := range args {
		out = append(out, parseBody(a))
	}
	return out
}

func parseIDs(args []string) []directory.ID {
	var out []directory.ID
	for _, a := range args {
		out = append(out, directory.ID(a))
	}
	return out
}

// actCommand is a command that makes one act; fill takes the arguments in.
func actCommand(load loader, c *cobra.Command, in *app.Reorganise, fill func(args []string)) *cobra.Command {
	c.RunE = func(cmd *cobra.Command, args []string) error {
		fill(args)
		cfg, err := load()
		if err != nil {
			return err
		}
		in.Act.Who = operator()
		event, err := app.DirectoryReorganise.Call(cmd.Context(), cfg, *in)
		if err != nil {
			return failed(err)
		}
		showEvent(os.Stdout, event)
		for _, id := range withoutAddress(event) {
			fmt.Printf("Chú ý: %s chưa có địa chỉ thư, văn bản sẽ phải gửi giấy. Đặt bằng: vanthu directory address %s ĐỊA-CHỈ --date %s\n", id, id, in.Act.Date)
		}
		if in.Act.Decision == "" && slices.Contains(byDecision, in.Kind) {
			fmt.Println("Chú ý: chưa ghi số quyết định (--decision), lịch sử sẽ không có căn cứ.")
		}
		switch {
		case in.Act.DryRun:
			fmt.Println("Chỉ kiểm tra, chưa ghi gì.")
		case event.Seq == 0:
			fmt.Println("Không có gì thay đổi.")
		}
		return nil
	}
	f := c.Flags()
	f.StringVar(&in.Act.Why, "why", "", "lý do / reason")
	f.BoolVar(&in.Act.DryRun, "dry-run", false, "chỉ kiểm tra / check only")
	if in.Kind == "undo" {
		return c
	}
	f.StringVar(&in.Act.Decision, "decision", "", "số, ký hiệu quyết định / the decision that orders it")
	f.StringVar((*string)(&in.Act.Date), "date", "", "ngày có hiệu lực, YYYY-MM-DD / first day")
	return c
}

// byDecision are the acts that somebody with the power to do so ordered.
var byDecision = []string{"found", "rename", "merge", "split", "dissolve", "move"}

// withoutAddress lists the bodies that an act founded and gave no address.
func withoutAddress(e directory.Event) []directory.ID {
	var out []directory.ID
	for _, c := range e.Changes {
		if c.Agency == nil || c.Withdrawn || c.Agency.From != e.Date || c.Agency.Type == "bcd" || c.Agency.Type == "dia-ban" || c.Agency.Type == "bo-phan" {
			continue
		}
		reached := slices.ContainsFunc(e.Changes, func(o directory.Change) bool {
			return o.Address != nil && o.Address.Agency == c.Agency.ID && !o.Withdrawn
		})
		if !reached {
			out = append(out, c.Agency.ID)
		}
	}
	return out
}

// forwardFlag keeps old addresses alive for a while.
func forwardFlag(c *cobra.Command, in *app.Reorganise) {
	c.Flags().StringVar((*string)(&in.Act.ForwardUntil), "forward-until", "", "địa chỉ cũ còn chuyển tiếp đến ngày / old addresses forward until")
}

// newBody holds the flags that describe a body which begins.
type newBody struct {
	kind, level, parent string
	desk                string
	short               []string
}

func (n *newBody) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&n.kind, "type", "", "loại cơ quan (so, ban, xa, phuong…); để trống là như cơ quan cũ / type")
	f.StringVar(&n.level, "level", "", "cấp: trung-uong, tinh, huyen, xa / level")
	f.StringVar(&n.parent, "parent", "", "mã cấp trên / the body above")
	f.StringVar(&n.desk, "desk", "", "địa chỉ bàn văn thư / address of its desk")
	f.StringArrayVar(&n.short, "short", nil, "tên viết tắt, ghi được nhiều lần / short form, repeatable")
}

// describe adds to b what the flags say.
func (n *newBody) describe(b *directory.Body) {
	b.Agency.Type, b.Agency.Level, b.Agency.Parent = n.kind, n.level, directory.ID(n.parent)
	if n.desk != "" {
		b.Addresses = append(b.Addresses, directory.Address{Address: n.desk, Kind: "clerk-desk", Status: "attested"})
	}
	if len(n.short) > 0 && b.Agency.Name != "" {
		b.Names = []directory.Name{{Text: b.Agency.Name, Kind: "official"}}
	}
	for _, s := range n.short {
		b.Names = append(b.Names, directory.Name{Text: s, Kind: "short"})
	}
}

func foundCommand(load loader) *cobra.Command {
	in, fresh := app.Reorganise{Kind: "found"}, newBody{}
	c := actCommand(load, &cobra.Command{
		Use: "found MÃ=TÊN[=ĐỊA-CHỈ]", Short: "Lập một cơ quan mới / enter a new body", Args: cobra.ExactArgs(1),
		Example: `  vanthu directory found qt.so-x="Sở X"=sx@quangtri.gov.vn --type so --level tinh --parent qt.ubnd-2025 --date 2026-01-01 --decision "NQ 1/NQ-HĐND"`,
	}, &in, func(args []string) {
		in.To = parseBodies(args)
		fresh.describe(&in.To[0])
	})
	fresh.flags(c)
	return c
}

func renameCommand(load loader) *cobra.Command {
	in, fresh := app.Reorganise{Kind: "rename"}, newBody{}
	drop := false
	c := actCommand(load, &cobra.Command{
		Use: "rename MÃ MÃ-MỚI=TÊN-MỚI[=ĐỊA-CHỈ]", Short: "Đổi tên một cơ quan / rename a body", Args: cobra.ExactArgs(2),
		Long: "Cơ quan mang mã mới từ ngày có hiệu lực; mã cũ kết thúc ngày hôm trước. Công chức, và địa chỉ nếu không ghi địa chỉ mới, theo sang tên mới.",
	}, &in, func(args []string) {
		in.From, in.To = parseIDs(args[:1]), parseBodies(args[1:])
		fresh.describe(&in.To[0])
		in.To[0].Keep = !drop
	})
	fresh.flags(c)
	forwardFlag(c, &in)
	c.Flags().BoolVar(&drop, "no-keep", false, "không giữ địa chỉ và công chức cũ / do not keep addresses and officials")
	return c
}

func mergeCommand(load loader) *cobra.Command {
	in, fresh := app.Reorganise{Kind: "merge"}, newBody{}
	c := actCommand(load, &cobra.Command{
		Use: "merge MÃ [MÃ...] " + bodyForm, Short: "Hợp nhất các cơ quan vào cơ quan ghi cuối, mới hoặc đang có / merge bodies into the last one, new or existing", Args: cobra.MinimumNArgs(2),
	}, &in, func(args []string) {
		into := len(args) - 1
		in.From, in.To = parseIDs(args[:into]), parseBodies(args[into:])
		fresh.describe(&in.To[0])
	})
	fresh.flags(c)
	forwardFlag(c, &in)
	return c
}

func splitCommand(load loader) *cobra.Command {
	in := app.Reorganise{Kind: "split"}
	c := actCommand(load, &cobra.Command{
		Use: "split MÃ " + bodyForm + "...", Short: "Chia tách một cơ quan / split a body", Args: cobra.MinimumNArgs(2),
		Long: "Cơ quan mới ghi MÃ=TÊN[=ĐỊA-CHỈ], có loại, cấp và cấp trên như cơ quan bị chia; cơ quan đang có chỉ ghi mã.",
	}, &in, func(args []string) { in.From, in.To = parseIDs(args[:1]), parseBodies(args[1:]) })
	c.Flags().BoolVar(&in.Survives, "survives", false, "cơ quan cũ vẫn còn / the old body goes on")
	return c
}

func dissolveCommand(load loader) *cobra.Command {
	in := app.Reorganise{Kind: "dissolve"}
	c := actCommand(load, &cobra.Command{
		Use: "dissolve MÃ [MÃ-KẾ-TỤC...]", Short: "Giải thể một cơ quan / dissolve a body", Args: cobra.MinimumNArgs(1),
		Long: "Một cơ quan kế tục: thư đi theo. Nhiều cơ quan: mỗi lần gửi sẽ hỏi. Không có: sẽ hỏi.",
	}, &in, func(args []string) { in.From, in.To = parseIDs(args[:1]), parseBodies(args[1:]) })
	forwardFlag(c, &in)
	return c
}

func moveCommand(load loader) *cobra.Command {
	in := app.Reorganise{Kind: "move"}
	return actCommand(load, &cobra.Command{
		Use: "move MÃ MÃ-CẤP-TRÊN", Short: "Chuyển một cơ quan sang cấp trên khác, giữ nguyên mã, tên, địa chỉ / put a body below another", Args: cobra.ExactArgs(2),
	}, &in, func(args []string) { in.From, in.To = parseIDs(args[:1]), parseBodies(args[1:]) })
}

func standingCommand(load loader) *cobra.Command {
	in := app.Reorganise{Kind: "standing"}
	c := actCommand(load, &cobra.Command{
		Use: "standing MÃ-BAN-CHỈ-ĐẠO MÃ-CƠ-QUAN | --close MÃ-BAN-CHỈ-ĐẠO", Short: "Đặt cơ quan thường trực nhận thư của một ban chỉ đạo / the standing office of a steering body",
		Args: argsUnlessClosed(&in, 2, 1),
	}, &in, func(args []string) {
		in.Standing.Agency = directory.ID(args[0])
		if len(args) > 1 {
			in.Standing.Other = directory.ID(args[1])
		}
	})
	c.Flags().BoolVar(&in.Close, "close", false, "không còn cơ quan thường trực / it has none any more")
	c.Flags().StringVar(&in.Standing.Certainty, "certainty", "V", "V: chắc chắn, thư tự đi; S hoặc M: mỗi lần gửi sẽ hỏi")
	return c
}

// argsUnlessClosed counts the arguments, which are fewer with --close.
func argsUnlessClosed(in *app.Reorganise, open, closed int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		want := open
		if in.Close {
			want = closed
		}
		return cobra.ExactArgs(want)(c, args)
	}
}

func addressCommand(load loader) *cobra.Command {
	in := app.Reorganise{Kind: "address"}
	c := actCommand(load, &cobra.Command{
		Use: "address MÃ ĐỊA-CHỈ", Short: "Đặt hoặc đóng địa chỉ chính thức của một cơ quan / set or close an official address", Args: cobra.ExactArgs(2),
	}, &in, func(args []string) { in.Address.Agency, in.Address.Address = directory.ID(args[0]), args[1] })
	f := c.Flags()
	f.BoolVar(&in.Close, "close", false, "đóng địa chỉ / close it")
	f.StringVar(&in.Address.Kind, "kind", "agency", "agency, clerk-desk, unit, temporary-external")
	f.StringVar(&in.Address.Status, "status", "attested", "attested, sample, forward")
	f.StringVar((*string)(&in.Address.To), "until", "", "ngày cuối, cho địa chỉ dùng tạm / last day")
	return c
}

func nameCommand(load loader) *cobra.Command {
	in := app.Reorganise{Kind: "name"}
	c := actCommand(load, &cobra.Command{
		Use: "name MÃ TÊN", Short: "Thêm hoặc thôi dùng một tên gọi, tên viết tắt / add or close a name or short form", Args: cobra.ExactArgs(2),
	}, &in, func(args []string) { in.Name.Agency, in.Name.Text = directory.ID(args[0]), args[1] })
	f := c.Flags()
	f.BoolVar(&in.Close, "close", false, "thôi dùng / close it")
	f.StringVar(&in.Name.Kind, "kind", "alias", "official, short, abbreviation, alias, symbol")
	f.StringVar((*string)(&in.Name.Scope), "scope", "", "mã cơ quan hoặc địa bàn mà trong đó tên có nghĩa này / where it has this meaning")
	return c
}

func officialCommand(load loader) *cobra.Command {
	in := app.Reorganise{Kind: "official"}
	c := actCommand(load, &cobra.Command{
		Use: "official MÃ MÃ-CƠ-QUAN HỌ-TÊN CHỨC-DANH | --close MÃ", Short: "Ghi người giữ một chức vụ, hoặc người thôi giữ / who holds a post, or leaves it",
		Args: argsUnlessClosed(&in, 4, 1),
	}, &in, func(args []string) {
		in.Official.ID = directory.ID(args[0])
		if len(args) == 4 {
			in.Official.Agency, in.Official.Name, in.Official.Title = directory.ID(args[1]), args[2], args[3]
		}
	})
	f := c.Flags()
	f.BoolVar(&in.Close, "close", false, "thôi giữ chức / leaves the post")
	f.BoolVar(&in.Official.Authorised, "authorised", false, "được công bố trên trang danh bạ / may be published")
	f.StringVar(&in.Official.Address, "address", "", "địa chỉ thư công vụ / duty address")
	f.StringVar((*string)(&in.Replaces), "replaces", "", "mã người tiền nhiệm, thôi giữ chức ngày hôm trước / who leaves the post")
	return c
}

func undoCommand(load loader) *cobra.Command {
	in := app.Reorganise{Kind: "undo"}
	return actCommand(load, &cobra.Command{
		Use: "undo SỐ", Short: "Rút lại cả một thay đổi nhập nhầm; số xem ở history, journal / take a mistaken change back",
		Args: cobra.MatchAll(cobra.ExactArgs(1), func(_ *cobra.Command, args []string) error {
			n, err := strconv.ParseUint(strings.TrimPrefix(args[0], "#"), 10, 64)
			in.Event = n
			return err
		}),
	}, &in, func([]string) {})
}
