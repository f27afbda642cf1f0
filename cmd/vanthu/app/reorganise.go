package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"quangtri.gov.vn/vanthu/directory"
)

// The operator's changes of the directory over time. Each is one event.
var (
	DirectoryReorganise = Command[Reorganise, directory.Event]{"directory-reorganise", reorganise}
	DirectoryHistory    = Command[directory.ID, []directory.Event]{"directory-history", history}
	DirectoryExport     = Command[string, []string]{"directory-export", export}
)

// Reorganise is one act on the directory.
type Reorganise struct {
	Act      directory.Act
	Kind     string // rename, merge, split, dissolve, address
	From     []directory.ID
	To       []directory.Body
	Survives bool
	Address  directory.Address
}

func reorganise(ctx context.Context, a *App, in Reorganise) (directory.Event, error) {
	if in.Kind == "address" {
		return a.Directory.SetAddress(ctx, in.Act, in.Address)
	}
	if len(in.From) == 0 {
		return directory.Event{}, errors.New("chưa nêu cơ quan / no agency named")
	}
	switch in.Kind {
	case "rename":
		return a.Directory.Rename(ctx, in.Act, in.From[0], in.To[0])
	case "merge":
		return a.Directory.Merge(ctx, in.Act, in.From, in.To[0])
	case "split":
		return a.Directory.Split(ctx, in.Act, in.From[0], in.To, in.Survives)
	case "dissolve":
		var heirs []directory.ID
		for _, b := range in.To {
			heirs = append(heirs, b.Agency.ID)
		}
		return a.Directory.Dissolve(ctx, in.Act, in.From[0], heirs)
	}
	return directory.Event{}, fmt.Errorf("unknown act %q", in.Kind)
}

func history(_ context.Context, a *App, id directory.ID) ([]directory.Event, error) {
	return a.Directory.History(id)
}

// export writes the CSV files of the register into a directory and returns
// their names.
func export(_ context.Context, a *App, dir string) ([]string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	s := a.Directory.Snapshot()
	var out []string
	for _, name := range directory.Files() {
		path := filepath.Join(dir, name)
		if err := writeFile(path, func(w io.Writer) error { return s.Export(w, name) }); err != nil {
			return out, err
		}
		out = append(out, path)
	}
	return out, nil
}

// writeFile replaces a file in one step.
func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".export-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if err := errors.Join(write(f), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
