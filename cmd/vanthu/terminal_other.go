//go:build !linux

package main

import (
	"context"
	"os"
)

func isTerminal(*os.File) bool { return false }

// askPassword takes the first line of standard input.
func askPassword(context.Context, string) (string, error) { return readPassword(os.Stdin) }
