package app

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"quangtri.gov.vn/vanthu/dispatch"
	"quangtri.gov.vn/vanthu/dispatch/document"
)

// maxFile is the largest document that is read, bytes.
const maxFile = 100 << 20

// ReadBounded reads a file that a person named, up to maxFile.
func ReadBounded(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("%s: larger than %d bytes", name, maxFile)
	}
	return data, err
}

// NewReader reads documents in worker processes of this binary.
func NewReader(cache string) (*document.Reader, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find own binary for the document worker: %w", err)
	}
	return document.NewReader(document.Options{WorkerCommand: []string{self, WorkerCommand}, CacheDir: cache}), nil
}

// UserCache is where the compiled PDF reader of a person's own runs is kept; ""
// if there is no place for it.
func UserCache() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "vanthu")
}

// ReadingJSON shapes a reading for machines: a field that the paper does not
// have is null, a list that is empty is [], and of a secret document there is
// nothing but its mark.
func ReadingJSON(r dispatch.Reading) (map[string]any, error) {
	b, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	var out map[string]any
	if err := json.Unmarshal(b, &out); err != nil {
		return nil, err
	}
	fields, _ := out["fields"].(map[string]any)
	for k, v := range fields {
		if v == "" {
			fields[k] = nil
		}
	}
	for _, k := range []string{"kinh_gui", "recipients", "sign_lines", "appendices"} {
		if fields[k] == nil {
			fields[k] = []string{}
		}
	}
	switch r.Verdict {
	case dispatch.Secret:
		out["fields"] = map[string]any{"secrecy": r.Fields.Secrecy}
	case dispatch.Rejected:
		out["fields"] = map[string]any{}
	}
	if out["asks"] == nil {
		out["asks"] = []any{}
	}
	if out["confidence"] == nil {
		out["confidence"] = map[string]any{}
	}
	return out, nil
}
