// Package arrows holds the project to its own rules: who may import whom, and
// what no file may contain. It has tests only, and reads the source as it lies
// in the checkout.
package arrows

import (
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "quangtri.gov.vn/vanthu"

// arrows says which folders of the module the packages of a folder may import,
// besides packages of the same folder.
var arrows = map[string][]string{
	"cmd":       {"configs", "directory", "dispatch", "internal", "mailsvc"},
	"dispatch":  {"directory", "internal", "mailsvc"},
	"mailsvc":   {"internal"},
	"directory": {"internal"},
	"internal":  {},
	"configs":   {}, // data, embedded
}

// forTests are further folders that tests of any folder may import: sample data.
var forTests = []string{"configs"}

// way is the one direction in which a document goes through dispatch: no package
// may import one that stands after it.
var way = []string{"dispatch/document", "dispatch/recipients", "dispatch/engine", "dispatch/desk"}

// vague names say nothing about what a package is for.
var vague = []string{"util", "utils", "common", "helper", "helpers", "misc", "shared", "base", "lib"}

// maxLines bounds a function outside of tests, from its first to its last line.
const maxLines = 100

// source is one parsed file.
type source struct {
	name string // from the module's root, with "/"
	dir  string // its package's folder
	test bool
	file *ast.File
}

// sources parses every Go file of the module.
func sources(t *testing.T) ([]source, *token.FileSet) {
	t.Helper()
	root := filepath.Join("..", "..")
	files := token.NewFileSet()
	var list []source
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if base := d.Name(); name != root && (base == "testdata" || base == "vendor" || strings.HasPrefix(base, ".") && base != "..") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		f, err := parser.ParseFile(files, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		list = append(list, source{rel, path.Dir(rel), strings.HasSuffix(rel, "_test.go"), f})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(list) == 0 {
		t.Fatal("found no source")
	}
	return list, files
}

func TestModuleIsNamed(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join("..", "..", "go.mod"))
	if err != nil || !strings.HasPrefix(string(data), "module "+module+"\n") {
		t.Errorf("go.mod does not name %s: %v", module, err)
	}
}

func TestArrows(t *testing.T) {
	t.Parallel()
	list, _ := sources(t)
	for _, s := range list {
		for _, i := range s.file.Imports {
			imported, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			to, ours := strings.CutPrefix(imported, module+"/")
			if !ours {
				continue
			}
			if why := forbidden(s.dir, to, s.test); why != "" {
				t.Errorf("%s imports %s: %s", s.name, to, why)
			}
		}
	}
}

// forbidden says why a package may not import another of the module, or "".
func forbidden(from, to string, test bool) string {
	top, _, below := strings.Cut(from, "/")
	target, _, _ := strings.Cut(to, "/")
	allowed, known := arrows[top]
	switch {
	case !known:
		return "the folder " + top + " is not in the house"
	case top == target && below:
		if before, after := slices.Index(way, wayOf(from)), slices.Index(way, wayOf(to)); before >= 0 && after > before {
			return "a document goes the other way"
		}
		return ""
	case top == target && !test:
		return "the top package holds types and contracts, and knows no package below it"
	case top == target, slices.Contains(allowed, target), test && slices.Contains(forTests, target):
		return ""
	default:
		return "no arrow goes from " + top + " to " + target
	}
}

// wayOf is the station of the way that a package belongs to, or the package.
func wayOf(dir string) string {
	for _, w := range way {
		if dir == w || strings.HasPrefix(dir, w+"/") {
			return w
		}
	}
	return dir
}

func TestForbidden(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		from, to string
		test, ok bool
	}{
		{"cmd/vanthu", "dispatch/engine", false, true},
		{"cmd/vanthu/setup", "cmd/vanthu/config", false, true},
		{"dispatch/engine", "dispatch/recipients", false, true},
		{"dispatch/recipients", "dispatch/engine", false, false},
		{"dispatch/document/pdf", "dispatch/recipients", true, false},
		{"dispatch", "dispatch/engine", false, false},
		{"dispatch", "directory", false, true},
		{"mailsvc/imap", "mailsvc/mime", false, true},
		{"mailsvc/smtp", "dispatch", false, false},
		{"mailsvc/smtp", "directory", true, false},
		{"directory/web", "directory", false, true},
		{"directory", "mailsvc", false, false},
		{"internal/blob", "mailsvc", false, false},
		{"internal/blob", "internal/crashpoint", false, true},
		{"directory", "configs", true, true},
		{"directory", "configs", false, false},
		{"mailsvc/imap", "cmd/vanthu/setup", true, false},
		{"tools/x", "internal/viet", false, false},
	} {
		if why := forbidden(tt.from, tt.to, tt.test); (why == "") != tt.ok {
			t.Errorf("%s -> %s (test %v): %q", tt.from, tt.to, tt.test, why)
		}
	}
}

func TestPackages(t *testing.T) {
	t.Parallel()
	list, _ := sources(t)
	documented := map[string]bool{}
	for _, s := range list {
		name := strings.TrimSuffix(s.file.Name.Name, "_test")
		if slices.Contains(vague, name) || slices.Contains(vague, path.Base(s.dir)) {
			t.Errorf("%s: a package named %s says nothing about what it is for", s.name, name)
		}
		documented[s.dir] = documented[s.dir] || s.file.Doc != nil
	}
	for dir, ok := range documented {
		if !ok {
			t.Errorf("%s: no package comment", dir)
		}
	}
}

func TestFunctions(t *testing.T) {
	t.Parallel()
	list, files := sources(t)
	for _, s := range list {
		if s.test {
			continue
		}
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			first, last := files.Position(f.Pos()).Line, files.Position(f.End()).Line
			if n := last - first + 1; n > maxLines {
				t.Errorf("%s:%d: %s has %d lines, at most %d are allowed", s.name, first, f.Name.Name, n, maxLines)
			}
			if f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s:%d: init hides work in an import", s.name, first)
			}
		}
	}
}

// Unfinished work is finished or written down elsewhere, not left in a comment.
func TestNothingIsLeftOpen(t *testing.T) {
	t.Parallel()
	list, files := sources(t)
	for _, s := range list {
		for _, group := range s.file.Comments {
			for _, c := range group.List {
				text := strings.TrimLeft(c.Text, "/* \t")
				for _, mark := range []string{"TO" + "DO", "FIX" + "ME", "X" + "XX"} {
					if strings.HasPrefix(text, mark) {
						t.Errorf("%s: %s", files.Position(c.Pos()), text)
					}
				}
			}
		}
	}
}

// Tests run everywhere, always, and wait for what happens, not for a while.
// Files with a build constraint run only when somebody asks for them.
func TestTestsNeitherSkipNorSleep(t *testing.T) {
	t.Parallel()
	list, files := sources(t)
	for _, s := range list {
		if !s.test || constrained(s.file) {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			sel, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			on, _ := sel.X.(*ast.Ident)
			switch {
			case on == nil:
			case on.Name == "time" && sel.Sel.Name == "Sleep" && !inBubble(s.file):
				t.Errorf("%s: sleeps", files.Position(call.Pos()))
			case slices.Contains([]string{"t", "b", "f", "tb"}, on.Name) && slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, sel.Sel.Name):
				t.Errorf("%s: skips", files.Position(call.Pos()))
			}
			return true
		})
	}
}

// inBubble reports whether a file's clock is that of testing/synctest, in which
// sleeping takes no time.
func inBubble(f *ast.File) bool {
	return slices.ContainsFunc(f.Imports, func(i *ast.ImportSpec) bool { return i.Path.Value == `"testing/synctest"` })
}

func constrained(f *ast.File) bool {
	for _, group := range f.Comments {
		if group.Pos() > f.Package {
			return false
		}
		for _, c := range group.List {
			if constraint.IsGoBuild(c.Text) {
				return true
			}
		}
	}
	return false
}
