package main

import (
	"os"

	"github.com/spf13/cobra"

	"quangtri.gov.vn/vanthu/cmd/vanthu/app"
	"quangtri.gov.vn/vanthu/dispatch/document"
)

// workerCommand reads one untrusted document from standard input inside limits
// that it sets on itself. It is started by the server, never by a person.
func workerCommand() *cobra.Command {
	return &cobra.Command{
		Use: app.WorkerCommand, Hidden: true, DisableFlagParsing: true,
		Run: func(*cobra.Command, []string) { os.Exit(document.WorkerMain(os.Stdin, os.Stdout)) },
	}
}
