package main

import (
	"github.com/spf13/cobra"

	"quangtri.gov.vn/vanthu/cmd/vanthu/app"
)

func serveCommand(load loader) *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Chạy máy chủ / run the server until SIGTERM or Ctrl-C",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := load()
			if err != nil {
				return err
			}
			a, err := app.Open(cfg, app.Options{})
			if err != nil {
				return failed(err)
			}
			return failed(a.Run(cmd.Context()))
		},
	}
}
