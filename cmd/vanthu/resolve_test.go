package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// runResolve runs the command and returns what it printed and its exit code.
func runResolve(t *testing.T, args ...string) (out string, code int, message string) {
	t.Helper()
	root := rootCommand()
	var stdout, stderr bytes.Buffer
	root.SetOut(&stdout)
	root.SetErr(&stderr)
	root.SetArgs(append([]string{"resolve"}, args...))
	err := root.Execute()
	if err == nil {
		return stdout.String(), 0, stderr.String()
	}
	var e *exitError
	if errors.As(err, &e) {
		return stdout.String(), e.code, err.Error()
	}
	return stdout.String(), exitUsage, err.Error()
}

func fileOf(t *testing.T, data string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "block.txt")
	if err := os.WriteFile(name, []byte(data), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestResolveRefusesInVietnamese(t *testing.T) {
	t.Parallel()
	good := fileOf(t, "Nơi nhận:\n- Sở Tài chính;\n- Lưu: VT.\n")
	who := []string{"--issuer", "UBND tỉnh Quảng Trị", "--date", "2015-03-01"}
	with := func(more ...string) []string { return append(append([]string(nil), who...), more...) }
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"no file":            {who, exitUsage, "cần đúng một tệp"},
		"two files":          {with(good, good), exitUsage, "cần đúng một tệp"},
		"no issuer":          {[]string{"--date", "2015-03-01", good}, exitUsage, "--issuer"},
		"empty issuer":       {[]string{"--issuer", " ", "--date", "2015-03-01", good}, exitUsage, "--issuer"},
		"no date":            {[]string{"--issuer", "Sở Y tế", good}, exitUsage, "--date"},
		"date of elsewhere":  {[]string{"--issuer", "Sở Y tế", "--date", "12/07/2009", good}, exitUsage, "ngày có thật"},
		"day that is none":   {[]string{"--issuer", "Sở Y tế", "--date", "2015-02-30", good}, exitUsage, "ngày có thật"},
		"unknown flag":       {with("--bogus", good), exitUsage, "cờ không đúng"},
		"missing":            {with("khong-co.txt"), exitFailed, "không có tệp khong-co.txt"},
		"a directory":        {with(t.TempDir()), exitFailed, "không đọc được tệp"},
		"empty":              {with(fileOf(t, "")), exitFailed, "không có dòng nào"},
		"blank":              {with(fileOf(t, " \n\n\t\n")), exitFailed, "không có dòng nào"},
		"label only":         {with(fileOf(t, "Nơi nhận:\n")), exitFailed, "không có dòng nào"},
		"binary":             {with(fileOf(t, "PK\x03\x04\x00\xff\xfe")), exitFailed, "UTF-8"},
		"large":              {with(fileOf(t, strings.Repeat("- Sở Tài chính;\n", 500000))), exitFailed, "lớn hơn"},
		"no addressees":      {with("--kinh-gui", fileOf(t, "\n"), good), exitFailed, "--kinh-gui: tệp"},
		"addressees missing": {with("--kinh-gui", "x.txt", good), exitFailed, "--kinh-gui: không có tệp"},
		"no articles":        {with("--articles", fileOf(t, "Không có điều nào"), good), exitFailed, "--articles: tệp"},
		"no directory":       {with("--directory", filepath.Join(t.TempDir(), "x"), good), exitFailed, "danh bạ"},
	} {
		out, code, message := runResolve(t, c.args...)
		if code != c.code || out != "" || !strings.Contains(message, c.says) {
			t.Errorf("%s: exit %d, %q, printed %d bytes; want exit %d and %q", name, code, message, len(out), c.code, c.says)
		}
	}
}

// The JSON is a list of one object a recipient with these keys, lists never null.
func TestResolveJSON(t *testing.T) {
	t.Parallel()
	block := fileOf(t, "\ufeffNơi nhận:\r\n- Như trên;\r\n- Như Điều 3;\r\n- Các Sở, Ban, ngành cấp tỉnh (trừ Sở Ngoại vụ) (b/c);\r\n- Sở Nội vụ (02 bản);\r\n- Lưu: VT.\r\n")
	out, code, message := runResolve(t, "--json", "--issuer", "UBND tỉnh Quảng Trị", "--date", "2015-03-01",
		"--kinh-gui", fileOf(t, "- Sở Y tế;\n- Công an tỉnh.\n"), "--articles", fileOf(t, "Điều 3. Giám đốc Sở Tài chính chịu trách nhiệm thi hành Quyết định này."), block)
	if code != 0 {
		t.Fatalf("exit %d, %s", code, message)
	}
	var items []map[string]any
	if err := json.Unmarshal([]byte(out), &items); err != nil || len(items) != 5 {
		t.Fatalf("%d items, %v", len(items), err)
	}
	for _, it := range items {
		for _, key := range []string{"raw", "kind", "canonical_name", "certainty", "agencies", "reason", "purposes", "copies", "exceptions"} {
			if v, ok := it[key]; !ok || v == nil {
				t.Errorf("%v: %s is %v", it["raw"], key, v)
			}
		}
	}
	for i, want := range []string{"certain", "doubtful", "certain", "certain", "none"} {
		if items[i]["certainty"] != want {
			t.Errorf("%v: %v, want %s", items[i]["raw"], items[i]["certainty"], want)
		}
	}
	if items[3]["raw"] != "Sở Nội vụ (02 bản);" || items[3]["copies"] != 2.0 || items[2]["exceptions"].([]any)[0] != "Sở Ngoại vụ" || items[2]["purposes"].([]any)[0] != "để báo cáo" {
		t.Errorf("%v %v", items[2], items[3])
	}
}

// UTF-16 as Notepad writes it is read; an issuer that the directory does not
// know is told.
func TestResolveOtherText(t *testing.T) {
	t.Parallel()
	wide := "\xff\xfe"
	for _, r := range "- Sở Tài chính;\n" {
		wide += string([]byte{byte(r), byte(r >> 8)})
	}
	out, code, message := runResolve(t, "--issuer", "Công ty Mẫu", "--date", "2015-03-01", fileOf(t, wide))
	if code != 0 || !strings.HasPrefix(out, "Sở Tài chính\n") || !strings.Contains(message, "Công ty Mẫu") {
		t.Errorf("exit %d, %q, %q", code, out, message)
	}
}
