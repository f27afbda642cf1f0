// Command vanthu is the issuing desk of an agency as software: a mail server
// that carries each issued document to everyone named under "Nơi nhận", and a
// public directory of official addresses.
//
// One file a command; each parses its flags and calls package app. Exit codes:
// 0 done, 1 failed, 2 wrong usage, 3 partly done.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"quangtri.gov.vn/vanthu/cmd/vanthu/app"
	"quangtri.gov.vn/vanthu/cmd/vanthu/config"
)

// exit codes, design D9.
const (
	exitFailed = 1
	exitUsage  = 2
	exitPartly = 3
)

// exitError carries an exit code; its message has been shown already if quiet.
type exitError struct {
	code  int
	err   error
	quiet bool
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := rootCommand().ExecuteContext(ctx)
	stop()
	if err == nil {
		return
	}
	var e *exitError
	if !errors.As(err, &e) {
		// cobra's own complaints about flags and arguments
		e = &exitError{code: exitUsage, err: err}
	}
	if !e.quiet {
		fmt.Fprintln(os.Stderr, "vanthu:", e.err)
	}
	os.Exit(e.code)
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "vanthu",
		Short: "Bàn văn thư điện tử: phát hành văn bản tới mọi nơi nhận, thư và danh bạ công vụ",
		Long: "vanthu carries each issued document to everyone named under \"Nơi nhận\",\n" +
			"runs the mailboxes it arrives in, and publishes the directory of official addresses.",
		SilenceUsage: true, SilenceErrors: true, CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	configFile := root.PersistentFlags().StringP("config", "c", defaultConfig(), "tệp cấu hình / configuration file")
	load := func() (config.Config, error) {
		c, err := config.Load(*configFile)
		if err != nil {
			return c, &exitError{code: exitUsage, err: err}
		}
		return c, nil
	}
	root.AddCommand(serveCommand(load), quickstartCommand(), accountCommand(load), directoryCommand(load),
		issueCommand(load), answerCommand(load), statusCommand(load), learntCommand(load), storeCommand(load), readCommand(), resolveCommand(load), demoCommand(), workerCommand())
	return root
}

// defaultConfig is the file beside the person if there is one, else the system's.
func defaultConfig() string {
	if _, err := os.Stat("vanthu.toml"); err == nil {
		return "vanthu.toml"
	}
	return "/etc/vanthu/vanthu.toml"
}

// loader reads the configuration that the flags name.
type loader func() (config.Config, error)

// failed turns an error into an exit code and says what a person can do about
// the common ones.
func failed(err error) error {
	if err == nil {
		return nil
	}
	var e *exitError
	if errors.As(err, &e) {
		return err
	}
	if errors.Is(err, app.ErrRunning) {
		err = fmt.Errorf("thư mục dữ liệu đang được một vanthu khác dùng; hãy dừng tiến trình đó trước / %w", err)
	}
	return &exitError{code: exitFailed, err: err}
}
