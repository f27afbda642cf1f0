//go:build !linux

package document

import (
	"os/exec"
	"time"
)

// cage has nothing beyond the process itself on systems other than Linux.
func cage(*exec.Cmd, bool) {}

func killGroup(*exec.Cmd) {}

func limitSelf(time.Duration) error { return nil }
