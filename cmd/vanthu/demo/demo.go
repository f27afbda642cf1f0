// Package demo shows vanthu's whole way on one machine: the sample province of
// 2010, three documents and a secret one, sent by a clerk over authenticated
// SMTP; mailboxes here, an outside world of its own on loopback, the clerk's
// answer by reply, and one copy read back over IMAP.
//
// Nothing leaves the machine: the app refuses every dial but loopback.
package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"quangtri.gov.vn/vanthu/cmd/vanthu/app"
	"quangtri.gov.vn/vanthu/cmd/vanthu/config"
	"quangtri.gov.vn/vanthu/cmd/vanthu/setup"
	"quangtri.gov.vn/vanthu/mailsvc"
	"quangtri.gov.vn/vanthu/mailsvc/identity"
)

// Options say how the demonstration is run.
type Options struct {
	Once      bool   // end after the documents, with an error if any state is wrong
	JSON      bool   // print the result for machines instead of the story
	ReadyFile string // written once everything listens
	Accounts  int    // further mailboxes u0000, u0001, ... with one password
	Data      string // keep the data here; empty: a temporary directory, removed at the end
	NoLimits  bool   // lift limits per address, for load tests
	Out       io.Writer
	Log       io.Writer // log of the server; nil: a file in the data directory
}

// Domain and AsOf are the stage: the sample province in the year after the directive.
const (
	Domain = "quangtri.gov.vn"
	AsOf   = "2010-12-31"
)

// stage is a running demonstration.
type stage struct {
	Options
	dir     string
	app     *app.App
	running *app.Running
	outside *outside
	ca      string           // file of the demonstration's own CA
	resumed bool             // the data directory was used before
	clerks  map[string]login // by the agency's address
	reader  login            // an official who reads one delivered document
	crowd   []login
}

type login struct{ Address, Password string }

// Run plays the demonstration. Without Once it serves until ctx ends.
func Run(ctx context.Context, o Options) (err error) {
	s := &stage{Options: o, clerks: make(map[string]login)}
	if err := s.dataDir(); err != nil {
		return err
	}
	if o.Data == "" {
		defer func() { err = errors.Join(err, os.RemoveAll(s.dir)) }()
	}
	if err := s.open(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if err := s.ready(); err != nil {
		return err
	}
	result, err := s.play(ctx)
	if err != nil {
		return err
	}
	if o.JSON {
		err = json.NewEncoder(o.Out).Encode(result)
	}
	wrong := s.verify(ctx, result)
	if o.Once || err != nil {
		return errors.Join(append(wrong, err)...)
	}
	for _, w := range wrong {
		fmt.Fprintln(os.Stderr, "demo:", w)
	}
	s.invite()
	<-ctx.Done()
	return nil
}

func (s *stage) dataDir() (err error) {
	if s.dir = s.Data; s.dir != "" {
		return os.MkdirAll(s.dir, 0o700)
	}
	s.dir, err = os.MkdirTemp("", "vanthu-demo-")
	return err
}

// open sets the domain up, fills directory and accounts and starts everything.
func (s *stage) open(ctx context.Context) (err error) {
	if s.outside, err = newOutside(filepath.Join(s.dir, "outside.log")); err != nil {
		return err
	}
	cfg, err := s.configure()
	if err != nil {
		return errors.Join(err, s.outside.Close())
	}
	log, err := s.logger()
	if err != nil {
		return errors.Join(err, s.outside.Close())
	}
	s.app, err = app.Open(cfg, app.Options{Logger: log, NoLimits: s.NoLimits, Insecure: true, AllowDial: app.LoopbackOnly, CacheDir: app.UserCache(), RetryFirst: time.Second})
	if err != nil {
		return errors.Join(err, s.outside.Close())
	}
	if err = s.people(ctx); err == nil {
		s.running, err = s.app.Start()
	}
	if err != nil {
		return errors.Join(err, s.app.Close(), s.outside.Close())
	}
	return nil
}

// configure writes a configuration as quickstart does, or takes the one that an
// earlier run left in the same directory. The configuration is what quickstart
// writes last; without it, what stands there is the rest of a run that was cut.
func (s *stage) configure() (config.Config, error) {
	dir := filepath.Join(s.dir, "setup")
	file := filepath.Join(dir, setup.ConfigName)
	if _, err := os.Stat(file); err == nil {
		s.resumed = true
		s.ca = filepath.Join(dir, setup.CAName)
		cfg, err := config.Load(file)
		return s.staged(cfg), err
	}
	if err := os.RemoveAll(dir); err != nil {
		return config.Config{}, err
	}
	made, err := setup.Quickstart(dir, setup.Options{Domain: Domain, DataDir: filepath.Join(s.dir, "data"), Listen: anyPort(), Sample: true, Now: time.Now()})
	s.ca = made.CAFile
	return s.staged(made.Config), err
}

// staged turns a configuration to the year of the story and to its own outside.
func (s *stage) staged(cfg config.Config) config.Config {
	cfg.Dispatch.AsOf = AsOf
	cfg.Outgoing.Smarthost = config.Smarthost{Address: s.outside.Addr(), Security: "none"}
	return cfg
}

func anyPort() config.Listen {
	free := []string{"127.0.0.1:0"}
	return config.Listen{MX: free, Submission: free, Submissions: free, IMAP: free, IMAPS: free, HTTP: free}
}

func (s *stage) logger() (*slog.Logger, error) {
	w := s.Log
	if w == nil {
		f, err := os.OpenFile(filepath.Join(s.dir, "vanthu.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, err
		}
		w = f
	}
	return slog.New(slog.NewTextHandler(w, nil)), nil
}

// The agencies that issue in the story, and the one whose mail is read.
const (
	committee  = "ubnd@" + Domain
	department = "stttt@" + Domain
	readsFor   = "snv@" + Domain
)

// people makes a mailbox for every agency, the clerks and an official. A data
// directory that was used before gets new passwords.
func (s *stage) people(ctx context.Context) error {
	if err := s.app.Sample(ctx); err != nil {
		return err
	}
	if _, err := app.AccountAgencies.Run(ctx, s.app, app.None{}); err != nil {
		return err
	}
	all := mailsvc.Read | mailsvc.Write | mailsvc.Delete | mailsvc.Send | mailsvc.Issue
	var err error
	if s.clerks[committee], err = s.person(ctx, "vanthu1", "Văn thư mẫu, UBND tỉnh", committee, all); err != nil {
		return err
	}
	if s.clerks[department], err = s.person(ctx, "vanthu2", "Văn thư mẫu, Sở TT&TT", department, all); err != nil {
		return err
	}
	if s.reader, err = s.person(ctx, "chuyenvien1", "Chuyên viên mẫu, Sở Nội vụ", readsFor, mailsvc.Read|mailsvc.Write); err != nil {
		return err
	}
	return s.addCrowd(ctx)
}

func (s *stage) person(ctx context.Context, local, name, agency string, rights mailsvc.Rights) (login, error) {
	l := login{local + "@" + Domain, identity.GeneratePassword()}
	_, err := app.AccountAdd.Run(ctx, s.app, app.NewAccount{Address: l.Address, Name: name, Password: l.Password})
	if errors.Is(err, mailsvc.ErrExists) {
		_, err = app.AccountPasswd.Run(ctx, s.app, app.NewPassword{Address: l.Address, Password: l.Password})
	}
	if err != nil {
		return l, err
	}
	_, err = app.AccountGrant.Run(ctx, s.app, app.NewGrant{Person: l.Address, Agency: agency, Rights: rights})
	return l, err
}

// addCrowd makes the mailboxes for load tests, all with one password.
func (s *stage) addCrowd(ctx context.Context) error {
	if s.Accounts == 0 {
		return nil
	}
	password := identity.GeneratePassword()
	var addresses []string
	for i := range s.Accounts {
		l := login{fmt.Sprintf("u%04d@%s", i, Domain), password}
		s.crowd = append(s.crowd, l)
		addresses = append(addresses, l.Address)
	}
	return s.app.AddCrowd(ctx, addresses, password)
}

func (s *stage) close() error {
	return errors.Join(s.running.Stop(), s.app.Close(), s.outside.Close())
}

// readyInfo is what --ready-file tells.
type readyInfo struct {
	IMAP        string    `json:"imap"`
	IMAPS       string    `json:"imaps"`
	SMTP        string    `json:"smtp"`
	Submission  string    `json:"submission"`
	Submissions string    `json:"submissions"`
	HTTP        string    `json:"http"`
	CA          string    `json:"ca"` // file with the CA certificate, PEM
	Accounts    []account `json:"accounts"`
	PID         int       `json:"pid"`
}

type account struct {
	Address  string `json:"address"`
	Password string `json:"password"`
}

// ready writes the ready file in one step, so that whoever waits for it never
// reads half of it.
func (s *stage) ready() error {
	if s.ReadyFile == "" {
		return nil
	}
	a := s.running.Addresses
	info := readyInfo{IMAP: a.IMAP, IMAPS: a.IMAPS, SMTP: a.MX, Submission: a.Submission, Submissions: a.Submissions, HTTP: a.HTTP,
		CA: s.ca, PID: os.Getpid()}
	for _, l := range append([]login{s.clerks[committee], s.clerks[department], s.reader}, s.crowd...) {
		info.Accounts = append(info.Accounts, account(l))
	}
	body, err := json.MarshalIndent(info, "", "  ")
	if err != nil {
		return err
	}
	tmp := s.ReadyFile + ".tmp"
	if err := os.WriteFile(tmp, append(body, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, s.ReadyFile)
}
