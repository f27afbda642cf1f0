package main

import (
	"context"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// askPassword asks on the terminal, without showing what is typed; if standard
// input is none, it takes the first line of it.
func askPassword(ctx context.Context, prompt string) (string, error) {
	fd := int(os.Stdin.Fd())
	shown, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return readPassword(os.Stdin)
	}
	hidden := *shown
	hidden.Lflag &^= unix.ECHO
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, &hidden); err != nil {
		return "", err
	}
	defer unix.IoctlSetTermios(fd, unix.TCSETS, shown)
	fmt.Fprint(os.Stderr, prompt, ": ")
	defer fmt.Fprintln(os.Stderr)
	type answer struct {
		password string
		err      error
	}
	typed := make(chan answer, 1)
	go func() {
		p, err := readPassword(os.Stdin)
		typed <- answer{p, err}
	}()
	select {
	case <-ctx.Done(): // Ctrl-C must leave the terminal as it was
		return "", ctx.Err()
	case a := <-typed:
		return a.password, a.err
	}
}
