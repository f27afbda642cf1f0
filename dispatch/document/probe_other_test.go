//go:build !linux

package document

import "errors"

func unshareUser() error { return errors.ErrUnsupported }
