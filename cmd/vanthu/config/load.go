package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// maxFile bounds the configuration file, bytes.
const maxFile = 1 << 20

// maxProblems bounds how many problems are told at once.
const maxProblems = 20

// Problem is one thing that is wrong with a file.
type Problem struct {
	Line int    // from 1; 0 if it is about something that is not there
	Key  string // "limits.recipients", or "" if the file as a whole is meant
	Text string // what is wrong and what to do
}

// Error is a configuration that cannot be used, with everything found wrong.
type Error struct {
	File     string
	Problems []Problem // by line, at least one
}

// Error writes one line a problem: "FILE:LINE: KEY: what is wrong".
func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		at := e.File
		if p.Line > 0 {
			at = fmt.Sprintf("%s:%d", e.File, p.Line)
		}
		if p.Key != "" {
			at += ": " + clip(p.Key)
		}
		lines[i] = at + ": " + p.Text
	}
	return strings.Join(lines, "\n")
}

// Load reads and checks a configuration file. Relative file names in it are
// relative to its directory. The error is an *[Error], or an I/O error.
func Load(path string) (Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return Config{}, fmt.Errorf("read configuration: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return Config{}, fmt.Errorf("read configuration: %w", err)
	}
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return Config{}, fmt.Errorf("read configuration %s: %w", path, err)
	}
	return Parse(data, path, dir)
}

// Parse is [Load] for bytes: file is the name for messages, dir the absolute
// directory that relative file names start from.
func Parse(data []byte, file, dir string) (Config, error) {
	c, src, problems := decode(data)
	if len(problems) == 0 {
		c.complete(dir)
		problems = c.check(src)
	}
	if len(problems) > 0 {
		slices.SortStableFunc(problems, func(a, b Problem) int { return a.Line - b.Line })
		problems = problems[:min(len(problems), maxProblems)]
		return Config{}, &Error{File: file, Problems: problems}
	}
	return c, nil
}

// decode reads the file over the defaults, without looking at what the values mean.
func decode(data []byte) (Config, *source, []Problem) {
	if len(data) > maxFile {
		return Config{}, nil, []Problem{{Text: "the file is larger than 1 MiB; this is not a configuration"}}
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // some editors write a byte order mark
	src, problems := scan(data)
	if len(problems) == 0 {
		problems = src.shapeProblems()
	}
	if len(problems) > 0 {
		return Config{}, src, problems
	}
	c := Default()
	d := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return Config{}, src, []Problem{decodeProblem(err)}
	}
	return c, src, nil
}

func decodeProblem(err error) Problem {
	p := Problem{Text: strings.TrimPrefix(err.Error(), "toml: ")}
	var strict *toml.StrictMissingError
	if errors.As(err, &strict) { // shapeProblems knows the key, so it must be spelt "limits.recipients"
		p.Text = "this is not a setting; write the key without quotes, below its [table]"
	}
	var de *toml.DecodeError
	if errors.As(err, &de) {
		p.Line, _ = de.Position()
		p.Key = strings.Join(de.Key(), ".")
	}
	return p
}

// complete fills in what follows from other settings.
func (c *Config) complete(dir string) {
	c.Domain = strings.ToLower(c.Domain)
	c.Hostname = strings.ToLower(c.Hostname)
	if c.Hostname == "" && c.Domain != "" {
		c.Hostname = "mail." + c.Domain
	}
	if c.Dispatch.PublicURL == "" {
		c.Dispatch.PublicURL = "https://" + c.Hostname
	}
	c.Dispatch.PublicURL = strings.TrimRight(c.Dispatch.PublicURL, "/")
	files := []*string{&c.DataDir, &c.TLS.CertFile, &c.TLS.KeyFile, &c.Outgoing.Smarthost.PasswordFile}
	for i := range c.DKIM {
		files = append(files, &c.DKIM[i].KeyFile)
	}
	for _, f := range files {
		if *f != "" && !filepath.IsAbs(*f) {
			*f = filepath.Join(dir, *f)
		}
	}
	routes := make(map[string]string, len(c.Outgoing.Routes))
	for domain, to := range c.Outgoing.Routes {
		routes[strings.ToLower(domain)] = to
	}
	c.Outgoing.Routes = routes
}
