// Package flush makes what stands in directories durable.
package flush

import "os"

// Dir returns when the names in a directory are on disk: those of files made,
// renamed or removed there before the call. What is in the files is their own
// matter.
func Dir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
