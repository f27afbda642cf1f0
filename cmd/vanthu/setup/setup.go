// Package setup makes what a new domain needs before it can be served: a
// configuration, a certificate, DKIM keys, and the list of DNS records to publish.
//
// What always holds: no existing file is touched; a file is there in full, on
// disk, or not at all; private keys are readable by their owner alone; a run
// that fails takes back what it made. The configuration comes last, so where it
// stands everything it names stands too.
package setup

import (
	"bytes"
	"crypto"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"

	"quangtri.gov.vn/vanthu/cmd/vanthu/config"
	"quangtri.gov.vn/vanthu/internal/flush"
)

// Options says how a domain is to be set up.
type Options struct {
	Domain   string        // required
	Hostname string        // "" = "mail." + Domain
	DataDir  string        // "" = "data" beside the configuration, or /var/lib/vanthu if that is below /etc
	Listen   config.Listen // the zero value means the standard ports on every interface
	Sample   bool          // begin with the sample directory
	Now      time.Time     // when certificates begin to hold; required
}

// Result is what [Quickstart] made.
type Result struct {
	Config     config.Config
	ConfigFile string
	CAFile     string // to be trusted by mail programs until a public certificate is there
	Records    []Record
}

// Names of the files that Quickstart writes, below its directory.
const (
	ConfigName  = "vanthu.toml"
	certName    = "tls/cert.pem"
	keyName     = "tls/key.pem"
	CAName      = "ca.pem"
	rsaSelector = "vt-rsa"
	edSelector  = "vt-ed"
)

// Loopback is a set of unprivileged ports on the loopback interface, for trying
// a domain out on one machine.
func Loopback() config.Listen {
	return config.Listen{
		MX:          []string{"127.0.0.1:2025"},
		Submission:  []string{"127.0.0.1:2587"},
		Submissions: []string{"127.0.0.1:2465"},
		IMAP:        []string{"127.0.0.1:2143"},
		IMAPS:       []string{"127.0.0.1:2993"},
		HTTP:        []string{"127.0.0.1:2080"},
		HTTPS:       []string{"127.0.0.1:2443"},
	}
}

// Quickstart writes configuration and keys for a domain into dir, which is made
// if it is missing. If any of its files is already there it changes nothing and
// returns an error that is fs.ErrExist.
func Quickstart(dir string, o Options) (Result, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Result{}, fmt.Errorf("set up %s: %w", o.Domain, err)
	}
	text, c, err := configuration(dir, o)
	if err != nil {
		return Result{}, err
	}
	files, rsaKey, edKey, err := material(c, o.Now)
	if err != nil {
		return Result{}, fmt.Errorf("set up %s: %w", c.Domain, err)
	}
	files = append(files, newFile{ConfigName, text, 0o644})
	if err := createAll(dir, files); err != nil {
		return Result{}, fmt.Errorf("set up %s: %w", c.Domain, err)
	}
	records, err := Records(c, map[string]crypto.PublicKey{rsaSelector: rsaKey.Public(), edSelector: edKey.Public()})
	if err != nil {
		return Result{}, fmt.Errorf("set up %s: %w", c.Domain, err)
	}
	return Result{
		Config:     c,
		ConfigFile: filepath.Join(dir, ConfigName),
		CAFile:     filepath.Join(dir, CAName),
		Records:    records,
	}, nil
}

// material makes the certificate and all keys.
func material(c config.Config, now time.Time) (files []newFile, rsaKey, edKey crypto.Signer, err error) {
	chain, err := newChain(now, c.Hostname, c.Domain, "mail."+c.Domain, "autoconfig."+c.Domain, "localhost", "127.0.0.1", "::1")
	if err != nil {
		return nil, nil, nil, err
	}
	if rsaKey, edKey, err = newDKIMKeys(); err != nil {
		return nil, nil, nil, err
	}
	files = []newFile{
		{keyName, nil, 0o600},
		{dkimName(rsaSelector), nil, 0o600},
		{dkimName(edSelector), nil, 0o600},
	}
	for i, key := range []crypto.Signer{chain.key, rsaKey, edKey} {
		if files[i].data, err = keyPEM(key); err != nil {
			return nil, nil, nil, err
		}
	}
	files = append(files, newFile{certName, chain.leafPEM, 0o644}, newFile{CAName, chain.caPEM, 0o644})
	return files, rsaKey, edKey, nil
}

func dkimName(selector string) string { return "dkim/" + selector + ".pem" }

var configTemplate = template.Must(template.New(ConfigName).Funcs(template.FuncMap{"toml": quote}).Parse(
	`# The configuration of vanthu for {{.Domain}}, made by "vanthu quickstart".
# Cấu hình vanthu cho {{.Domain}}. Every setting is explained in configs/vanthu.toml.
# Relative file names start from the directory of this file.

domain = {{toml .Domain}}
hostname = {{toml .Hostname}}
data_dir = {{toml .DataDir}}

[listen]
mx = {{toml .Listen.MX}}
submission = {{toml .Listen.Submission}}
submissions = {{toml .Listen.Submissions}}
imap = {{toml .Listen.IMAP}}
imaps = {{toml .Listen.IMAPS}}
http = {{toml .Listen.HTTP}}
https = {{toml .Listen.HTTPS}}

[tls]
# A self-signed certificate. Mail programs must trust ca.pem, or replace both
# files by those of a public authority.
# Chứng thư tự ký; thay bằng chứng thư thật khi đưa vào sử dụng.
cert_file = {{toml .Cert}}
key_file = {{toml .Key}}
{{range .DKIM}}
[[dkim]]
selector = {{toml .Selector}}
key_file = {{toml .KeyFile}}
{{end}}
[dispatch]
public_url = {{toml .PublicURL}}
sample_directory = {{.Sample}}
{{- if .Sample}}
# The sample documents are of 2010. To issue them as if it were that year, remove the "#".
# Văn bản mẫu thuộc năm 2010; bỏ dấu "#" ở dòng dưới để phát hành thử như trong năm đó.
#as_of = "2010-12-31"
{{- end}}
`))

// configuration renders the file, and proves that it loads.
func configuration(dir string, o Options) ([]byte, config.Config, error) {
	if o.Hostname == "" {
		o.Hostname = "mail." + o.Domain
	}
	if o.DataDir == "" {
		o.DataDir = dataDir(dir)
	}
	if isZero(o.Listen) {
		o.Listen = config.Default().Listen
	}
	var b bytes.Buffer
	err := configTemplate.Execute(&b, struct {
		Options
		Cert, Key, PublicURL string
		DKIM                 []config.DKIM
	}{
		Options:   o,
		Cert:      certName,
		Key:       keyName,
		PublicURL: publicURL(o),
		DKIM:      []config.DKIM{{Selector: rsaSelector, KeyFile: dkimName(rsaSelector)}, {Selector: edSelector, KeyFile: dkimName(edSelector)}},
	})
	if err != nil {
		return nil, config.Config{}, fmt.Errorf("set up %s: %w", o.Domain, err)
	}
	c, err := config.Parse(b.Bytes(), ConfigName, dir)
	if err != nil {
		return nil, config.Config{}, fmt.Errorf("set up %q: %w", o.Domain, err)
	}
	return b.Bytes(), c, nil
}

// dataDir is where data goes if nobody says so: /etc holds no data (FHS 3.0,
// section 3.7).
func dataDir(dir string) string {
	if strings.HasPrefix(dir, "/etc/") {
		return config.Default().DataDir
	}
	return "data"
}

func isZero(l config.Listen) bool {
	return l.MX == nil && l.Submission == nil && l.Submissions == nil && l.IMAP == nil && l.IMAPS == nil && l.HTTP == nil && l.HTTPS == nil
}

// publicURL is where links lead: the host name, or, when the web listens on one
// named address only (a trial on loopback), that address.
func publicURL(o Options) string {
	scheme, addrs := "https://", o.Listen.HTTPS
	if len(addrs) == 0 {
		scheme, addrs = "http://", o.Listen.HTTP
	}
	if len(addrs) == 1 && !strings.HasPrefix(addrs[0], ":") {
		return scheme + addrs[0]
	}
	return "https://" + o.Hostname
}

// quote writes a text or a list of texts in TOML; JSON's escapes are TOML's.
func quote(v any) (string, error) {
	if list, ok := v.([]string); ok && list == nil {
		v = []string{}
	}
	b, err := json.Marshal(v)
	return string(b), err
}

// newFile is a file to be made.
type newFile struct {
	name string // below the directory, with "/"
	data []byte
	mode os.FileMode
}

// createAll makes all files or none.
func createAll(dir string, files []newFile) (err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, f := range files {
		if _, err := os.Lstat(filepath.Join(dir, f.name)); err == nil {
			return fmt.Errorf("%s stays as it is; choose an empty directory: %w", filepath.Join(dir, f.name), fs.ErrExist)
		}
	}
	var made []string
	defer func() {
		if err != nil {
			for _, path := range made {
				os.Remove(path)
			}
		}
	}()
	for _, f := range files {
		path := filepath.Join(dir, f.name)
		if err := makeDir(filepath.Dir(path)); err != nil {
			return err
		}
		if err := create(path, f.data, f.mode); err != nil {
			return err
		}
		made = append(made, path)
	}
	return nil
}

// makeDir makes a directory for keys, durably.
func makeDir(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		if os.IsExist(err) {
			return nil
		}
		return err
	}
	return flush.Dir(filepath.Dir(dir))
}

// create makes one file: written and synced under another name, then linked to
// its own, which fails if something is there, then the directory is synced.
func create(path string, data []byte, mode os.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Link(f.Name(), path)
	}
	if err == nil {
		err = flush.Dir(filepath.Dir(path))
	}
	return err
}
