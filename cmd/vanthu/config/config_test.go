package config

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pelletier/go-toml/v2/unstable"

	"quangtri.gov.vn/vanthu/internal/cputime"
)

const minimal = `domain = "quangtri.test"
[tls]
cert_file = "tls/cert.pem"
key_file = "tls/key.pem"
`

func TestMinimalFileIsCompleted(t *testing.T) {
	t.Parallel()
	c, err := Parse([]byte(minimal), "vanthu.toml", "/etc/vanthu")
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Domain, want.Hostname = "quangtri.test", "mail.quangtri.test"
	want.TLS = TLS{"/etc/vanthu/tls/cert.pem", "/etc/vanthu/tls/key.pem"}
	want.Dispatch.PublicURL = "https://mail.quangtri.test"
	want.Outgoing.Routes = map[string]string{}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got  %+v\nwant %+v", c, want)
	}
	if got := c.IssueMailbox(); got != "phathanh@quangtri.test" {
		t.Errorf("issue mailbox %q", got)
	}
	noon := time.Date(2010, 5, 20, 12, 0, 0, 0, c.Location())
	if _, offset := noon.Zone(); offset != 7*3600 {
		t.Errorf("offset %d", offset)
	}
}

func TestEverySettingIsRead(t *testing.T) {
	t.Parallel()
	c, err := Parse([]byte("\ufeff"+`domain = "Quangtri.Test"
hostname = "MX.quangtri.test"
data_dir = "data"
timezone = "UTC"
listen = { mx = ["127.0.0.1:0", "[::1]:0"], submission = [], submissions = [], imap = [], imaps = [], http = ["localhost:8080"], https = [] }
[[dkim]]
selector = "a"
key_file = "a.pem"
[[dkim]]
selector = "b"
key_file = "/keys/b.pem"
[outgoing]
give_up_after = "48h"
smarthost = { address = "relay.test:465", security = "tls", user = "u", password_file = "pw" }
routes."Bo-Mau.example" = "127.0.0.1:2525"
[limits]
message_size = "20 MiB"
intake_size = "1024 KiB"
recipients = 200
[dispatch]
public_url = "https://vanban.quangtri.test/"
sample_directory = true
as_of = "2010-12-31"
[log]
level = "debug"
format = "json"
`), "f", "/d")
	if err != nil {
		t.Fatal(err)
	}
	checks := map[string]bool{
		"domain":    c.Domain == "quangtri.test" && c.Hostname == "mx.quangtri.test",
		"data":      c.DataDir == "/d/data",
		"listen":    slices.Equal(c.Listen.MX, []string{"127.0.0.1:0", "[::1]:0"}) && len(c.Listen.IMAPS) == 0 && c.Listen.HTTP[0] == "localhost:8080",
		"dkim":      slices.Equal(c.DKIM, []DKIM{{"a", "/d/a.pem"}, {"b", "/keys/b.pem"}}),
		"smarthost": c.Outgoing.Smarthost == Smarthost{"relay.test:465", "tls", "u", "/d/pw"},
		"routes":    maps.Equal(c.Outgoing.Routes, map[string]string{"bo-mau.example": "127.0.0.1:2525"}),
		"times":     c.Outgoing.GiveUpAfter.Duration == 48*time.Hour,
		"limits":    c.Limits.MessageSize == 20<<20 && c.Limits.IntakeSize == 1<<20 && c.Limits.Recipients == 200,
		"url":       c.Dispatch.PublicURL == "https://vanban.quangtri.test",
		"sample":    c.Dispatch.SampleDirectory && c.Dispatch.AsOf == "2010-12-31",
		"log":       c.Log == Log{"debug", "json"} && c.Log.SlogLevel().String() == "DEBUG",
	}
	for what, ok := range checks {
		if !ok {
			t.Errorf("%s: %+v", what, c)
		}
	}
}

// refusal is a file that is refused.
type refusal struct {
	name, file string
	want       []string // beginnings of the lines of the error
}

func refuse(t *testing.T, tests []refusal) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse([]byte(tt.file), "vanthu.toml", "/")
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v", err)
			}
			got := strings.Split(err.Error(), "\n")
			if len(got) != len(tt.want) {
				t.Fatalf("got:\n%v", err)
			}
			for i, want := range tt.want {
				if !strings.HasPrefix(got[i], want) {
					t.Errorf("got  %s\nwant %s", got[i], want)
				}
			}
		})
	}
}

func TestUnknownKeys(t *testing.T) {
	t.Parallel()
	refuse(t, []refusal{
		{"unknown key", minimal + "[limits]\n\nrecipient = 5\n",
			[]string{"vanthu.toml:7: limits.recipient: this is not a setting; did you mean limits.recipients?"}},
		{"swapped letters", "domian = \"a.test\"\n",
			[]string{"vanthu.toml:1: domian: this is not a setting; did you mean domain?"}},
		{"right word, wrong table", minimal + "message_size = \"1 MiB\"\n",
			[]string{"vanthu.toml:5: tls.message_size: this is not a setting; did you mean limits.message_size?"}},
		{"far from everything", minimal + "[colours]\nred = 1\nblue = 2\n",
			[]string{"vanthu.toml:5: colours: this is not a setting; configs/vanthu.toml lists all of them"}},
		{"unknown key in the second element", minimal + "[[dkim]]\nselector = \"a\"\nkey_file = \"k\"\n[[dkim]]\nselektor = \"b\"\n",
			[]string{"vanthu.toml:9: dkim[1].selektor: this is not a setting; did you mean dkim.selector?"}},
		{"unknown key in an inline table", "domain = \"a.test\"\nlog = {\n level = \"info\", colour = 1 }\n",
			[]string{"vanthu.toml:3: log.colour: this is not a setting; configs/vanthu.toml lists all of them"}},
		{"quoted path", minimal + "[log]\n\"level\" = \"info\"\n[dispatch]\n\"x\" = 1\n",
			[]string{"vanthu.toml:8: dispatch.x: this is not a setting; configs/vanthu.toml lists all of them"}},
		{"path as one key", "\"log.level\" = \"info\"\n" + minimal,
			[]string{"vanthu.toml:1: log.level: this is not a setting; write the key without quotes, below its [table]"}},
	})
}

func TestWrongTypes(t *testing.T) {
	t.Parallel()
	refuse(t, []refusal{
		{"text for a number", minimal + "[limits]\nrecipients = \"many\"\n",
			[]string{"vanthu.toml:6: limits.recipients: must be a whole number, without quotes"}},
		{"number for a size", minimal + "[limits]\nmessage_size = 5\n",
			[]string{`vanthu.toml:6: limits.message_size: must be a size in quotes, such as "10 MiB"`}},
		{"text for a list", minimal + "[listen]\nmx = \":25\"\n",
			[]string{`vanthu.toml:6: listen.mx: must be a list of texts, such as [":25"], or [] to turn it off`}},
		{"list of numbers", minimal + "[listen]\nmx = [25]\n",
			[]string{`vanthu.toml:6: listen.mx: must be a list of texts, such as [":25"], or [] to turn it off`}},
		{"table for an array of tables", minimal + "[dkim]\nselector = \"a\"\n",
			[]string{"vanthu.toml:5: dkim: must be written as tables with double brackets, such as [[dkim]]"}},
		{"value for a table", "limits = 3\n",
			[]string{"vanthu.toml:1: limits: must be a table, with its settings below it"}},
		{"text for yes or no", minimal + "[dispatch]\nsample_directory = \"yes\"\n",
			[]string{"vanthu.toml:6: dispatch.sample_directory: must be true or false, without quotes"}},
		{"huge number", minimal + "[limits]\nrecipients = 99999999999999999999\n",
			[]string{"vanthu.toml:6: "}},
		{"not TOML", "domain = quangtri\n", []string{"vanthu.toml:1: this is not TOML: "}},
		{"open text at the end", "domain = \"a.test\"\n\nhostname = \"x", []string{"vanthu.toml:3: this is not TOML: "}},
		{"written twice", "domain = \"a.test\"\ndomain = \"b.test\"\n", []string{"vanthu.toml:2: "}},
	})
}

func TestWrongServices(t *testing.T) {
	t.Parallel()
	refuse(t, []refusal{
		{"no domain", "[log]\nlevel = \"info\"\n",
			[]string{`vanthu.toml: domain: is missing; write the part after "@", such as domain = "quangtri.gov.vn"`}},
		{"domain with marks", "domain = \"quảngtrị.vn\"\n", []string{`vanthu.toml:1: domain: "quảngtrị.vn" is not a domain name; `}},
		{"no certificate", "domain = \"a.test\"\n[listen]\nimap = []\nsubmission = []\n",
			[]string{`vanthu.toml: tls.cert_file: is missing, but needed by listen.submissions, listen.imaps, listen.https; `}},
		{"certificate without key", "domain = \"a.test\"\n[tls]\ncert_file = \"c\"\n",
			[]string{"vanthu.toml:2: tls.key_file: is missing; tls.cert_file needs its key"}},
		{"port twice", minimal + "[listen]\nmx = [\":25\"]\nsubmission = [\":25\"]\n",
			[]string{"vanthu.toml:7: listen.submission: :25 is already taken by listen.mx; give each service its own port"}},
		{"port too large", minimal + "[listen]\nmx = [\":70000\"]\n", []string{`vanthu.toml:6: listen.mx: ":70000" is not an address to listen on; `}},
		{"nothing listens", "domain = \"a.test\"\n[listen]\nmx=[]\nsubmission=[]\nsubmissions=[]\nimap=[]\nimaps=[]\nhttp=[]\nhttps=[]\n",
			[]string{"vanthu.toml:2: listen: every service is turned off; leave at least one on"}},
		{"same selector", minimal + "[[dkim]]\nselector=\"a\"\nkey_file=\"x\"\n[[dkim]]\nselector=\"A\"\nkey_file=\"y\"\n",
			[]string{`vanthu.toml:9: dkim[1].selector: "A" is used twice; each key needs its own selector`}},
		{"dkim without a key", minimal + "[[dkim]]\nselector=\"a\"\n",
			[]string{"vanthu.toml:5: dkim[0].key_file: is missing; name the file with the private key"}},
		{"password in the clear", minimal + "[outgoing.smarthost]\naddress=\"r:25\"\nuser=\"u\"\npassword_file=\"p\"\nsecurity=\"none\"\n",
			[]string{`vanthu.toml:9: outgoing.smarthost.security: "none" would send the password unprotected; write "tls" or "starttls"`}},
		{"route without a port", minimal + "[outgoing.routes]\n\"b.example\" = \"10.0.0.5\"\n",
			[]string{`vanthu.toml:6: outgoing.routes.b.example: "10.0.0.5" is not a server; write "host:port", such as "10.0.0.5:25"`}},
	})
}

func TestWrongValues(t *testing.T) {
	t.Parallel()
	refuse(t, []refusal{
		{"bad size", minimal + "[limits]\nmessage_size = \"ten MB\"\n",
			[]string{`vanthu.toml:6: limits.message_size: "ten MB" is not a size; write a whole number and B, KiB, MiB or GiB, such as "10 MiB"`}},
		{"intake above message", minimal + "[limits]\nmessage_size = \"20 MiB\"\nintake_size = \"21 MiB\"\n",
			[]string{"vanthu.toml:7: limits.intake_size: 21 MiB is outside 64 KiB to limits.message_size (20 MiB)"}},
		{"attachment that cannot be carried", minimal + "[limits]\nmessage_size = \"10 MiB\"\nintake_size = \"10 MiB\"\n",
			[]string{"vanthu.toml: dispatch.max_attachment: 10 MiB does not fit a mail of limits.message_size (10 MiB) once encoded; write at most 7372 KiB"}},
		{"per address above all", minimal + "[limits]\nimap_connections = 10\n",
			[]string{"vanthu.toml:5: limits.imap_connections_per_ip: 2000 is outside 1 to limits.imap_connections (10)",
				"vanthu.toml:5: limits.imap_connections_per_user: 50 is outside 1 to limits.imap_connections (10)"}},
		{"issue address with a domain", minimal + "[dispatch]\nissue_address = \"phathanh@x\"\n",
			[]string{`vanthu.toml:6: dispatch.issue_address: "phathanh@x" cannot stand before "@"; `}},
		{"link without a scheme", minimal + "[dispatch]\npublic_url = \"vanban.a.test\"\n",
			[]string{`vanthu.toml:6: dispatch.public_url: "vanban.a.test" is not a web address; `}},
		{"no day", minimal + "[dispatch]\nas_of = \"2010-02-30\"\n",
			[]string{`vanthu.toml:6: dispatch.as_of: "2010-02-30" is not a day; write it as "2010-12-31", or "" for today`}},
		{"time zone", "domain=\"a.test\"\ntimezone = \"Hanoi\"\n[tls]\ncert_file=\"c\"\nkey_file=\"k\"\n",
			[]string{`vanthu.toml:2: timezone: "Hanoi" is not a time zone; write its IANA name, such as "Asia/Ho_Chi_Minh"`}},
		{"several at once, by line", minimal + "[log]\nlevel = \"loud\"\nformat = \"xml\"\n[outgoing]\ngive_up_after = \"1s\"\n",
			[]string{`vanthu.toml:6: log.level: "loud" is not known; write "debug", "info", "warn" or "error"`,
				`vanthu.toml:7: log.format: "xml" is not known; write "text" or "json"`,
				"vanthu.toml:9: outgoing.give_up_after: 1s is outside 1h to 720h"}},
	})
}

func TestLoadNamesTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "vanthu.toml")
	if _, err := Load(path); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), path) {
		t.Errorf("missing file: %v", err)
	}
	if err := os.WriteFile(path, []byte("x = 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); err == nil || !strings.HasPrefix(err.Error(), path+":1: x: ") {
		t.Errorf("bad file: %v", err)
	}
}

// The shipped file is the documentation: it must load, name every setting, and
// say the truth about defaults.
func TestShippedFile(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../../configs/vanthu.toml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Parse(data, "vanthu.toml", "/etc/vanthu"); err != nil {
		t.Fatal(err)
	}
	shipped, src, _ := decode(data)
	missing := schema()
	lines := strings.Split(string(data), "\n")
	for _, x := range src.found {
		key := withoutIndices(x.key)
		delete(missing, key)
		if strings.HasPrefix(key, "outgoing.routes.") {
			delete(missing, "outgoing.routes.*")
		}
		if x.kind == unstable.Table {
			continue
		}
		says := markOf(lines, x.line)
		if says == "" {
			t.Errorf("line %d: %s does not say whether it is required, a default or an example", x.line, x.key)
			continue
		}
		if got, want := field(shipped, key), field(Default(), key); says == "Default" && !reflect.DeepEqual(got, want) {
			t.Errorf("line %d: %s is said to be the default, but is %v, not %v", x.line, x.key, got, want)
		}
	}
	for key := range missing {
		t.Errorf("%s is not explained", key)
	}
}

var markRE = regexp.MustCompile(`\((Required|Default|Example)\.\)`)

// markOf reads the mark in the comment above a line.
func markOf(lines []string, line int) string {
	for i := line - 2; i >= 0 && strings.HasPrefix(lines[i], "#"); i-- {
		if m := markRE.FindStringSubmatch(lines[i]); m != nil {
			return m[1]
		}
	}
	return ""
}

// field is the value of a setting outside of arrays and maps, or nil.
func field(c Config, key string) any {
	v := reflect.ValueOf(c)
next:
	for part := range strings.SplitSeq(key, ".") {
		if v.Kind() != reflect.Struct {
			return nil
		}
		for f, fv := range v.Fields() {
			if f.Tag.Get("toml") == part {
				v = fv
				continue next
			}
		}
		return nil
	}
	return v.Interface()
}

func TestSizeString(t *testing.T) {
	t.Parallel()
	for want, s := range map[string]Size{"0 B": 0, "10 MiB": 10 << 20, "1 KiB": 1024, "1025 B": 1025, "2 GiB": 2 << 30} {
		if got := s.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		var back Size
		if err := back.UnmarshalText([]byte(want)); err != nil || back != s {
			t.Errorf("%s reads as %d, %v", want, back, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	shipped, err := os.ReadFile("../../../configs/vanthu.toml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(shipped)
	f.Add([]byte(minimal))
	f.Add([]byte("a={b={c={d=1}}}\n[[x]]\n[[x.y]]\nz=[{a=1}]\n"))
	f.Add([]byte(strings.Repeat("a.", 1000) + "a=1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var err error
		if d := cputime.Of(func() { _, err = Parse(data, "f", "/") }); d > 2*time.Second {
			t.Errorf("took %v for %d bytes", d, len(data))
		}
		var e *Error
		if err != nil && (!errors.As(err, &e) || len(e.Problems) == 0 || len(e.Problems) > maxProblems) {
			t.Errorf("error is %T %v", err, err)
		}
	})
}

// The cost stays in proportion to the file, whatever is in it.
func TestLargeFiles(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"many keys":     strings.Repeat("a=1\n", maxFile/4),
		"one long key":  strings.Repeat("a.", maxFile/2-2) + "a=1",
		"deep tables":   strings.Repeat("a={", 9000) + strings.Repeat("}", 9000),
		"many elements": strings.Repeat("[[dkim]]\n", maxFile/9-1),
		"too large":     strings.Repeat("#", maxFile+1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var err error
			if d := cputime.Of(func() { _, err = Parse([]byte(text), "f", "/") }); d > 2*time.Second {
				t.Errorf("took %v", d)
			}
			if err == nil {
				t.Error("accepted")
			}
		})
	}
}
