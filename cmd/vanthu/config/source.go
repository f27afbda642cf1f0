package config

import (
	"encoding"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// source is where each key of the file stands and what kind of value it has.
type source struct {
	lines  map[string]int // "dkim[0].selector" -> line, from 1
	found  []setting      // in the order of the file
	parser unstable.Parser
	breaks []int          // offsets of line ends
	counts map[string]int // elements so far of each array of tables
}

// maxParts bounds how deep a key is followed; the deepest setting has 3 parts
// and a domain name as the last.
const maxParts = 8

type setting struct {
	key   string // with indices: "dkim[0].selector"
	line  int
	kind  unstable.Kind // of the value; Table for headers
	items []unstable.Kind
}

// scan walks the file once. It fails only if the file is not TOML.
func scan(data []byte) (*source, []Problem) {
	src := &source{lines: map[string]int{}, counts: map[string]int{}}
	for i, c := range data {
		if c == '\n' {
			src.breaks = append(src.breaks, i)
		}
	}
	table := ""
	p := &src.parser
	p.Reset(data)
	for p.NextExpression() {
		e := p.Expression()
		switch e.Kind {
		case unstable.Table:
			name, line := src.keyOf(e, "")
			table = name
			src.add(setting{name, line, unstable.Table, nil})
		case unstable.ArrayTable:
			name, line := src.keyOf(e, "")
			table = name + "[" + strconv.Itoa(src.counts[name]) + "]"
			src.counts[name]++
			src.add(setting{table, line, unstable.Table, nil})
		case unstable.KeyValue:
			src.addValue(e, table)
		}
	}
	if err := p.Error(); err != nil {
		return nil, []Problem{src.syntaxProblem(err)}
	}
	return src, nil
}

func (s *source) add(x setting) {
	s.found = append(s.found, x)
	if _, ok := s.lines[x.key]; !ok {
		s.lines[x.key] = x.line
	}
}

// addValue notes one "key = value", and what stands within an inline table.
func (s *source) addValue(e *unstable.Node, table string) {
	key, line := s.keyOf(e, table)
	v := e.Value()
	x := setting{key: key, line: line, kind: v.Kind}
	if v.Kind == unstable.Array {
		for it := v.Children(); it.Next(); {
			x.items = append(x.items, it.Node().Kind)
		}
	}
	if v.Kind != unstable.InlineTable {
		s.add(x)
		return
	}
	x.kind = unstable.Table
	s.add(x)
	if strings.Count(key, ".") >= maxParts {
		return // unknown already
	}
	for it := v.Children(); it.Next(); {
		s.addValue(it.Node(), key)
	}
}

// keyOf is the full name of an expression's key: the parts joined by dots, below
// table, with the index of the current element for arrays of tables.
func (s *source) keyOf(e *unstable.Node, table string) (key string, line int) {
	key = table
	parts := 0
	for it := e.Key(); it.Next() && parts < maxParts; parts++ {
		part := it.Node()
		if line == 0 {
			line = s.lineAt(int(part.Raw.Offset))
		}
		if n := s.counts[key]; n > 0 {
			key += "[" + strconv.Itoa(n-1) + "]"
		}
		if key != "" {
			key += "."
		}
		key += string(part.Data)
	}
	return key, line
}

// lineAt is the line, from 1, of an offset.
func (s *source) lineAt(offset int) int {
	n, _ := slices.BinarySearch(s.breaks, offset)
	return n + 1
}

func (s *source) syntaxProblem(err error) Problem {
	var pe *unstable.ParserError
	if !errors.As(err, &pe) {
		return Problem{Text: "this is not TOML: " + err.Error()}
	}
	return Problem{Line: s.lineAt(int(s.parser.Range(pe.Highlight).Offset)), Text: "this is not TOML: " + pe.Message}
}

// line finds where a key, or the table that should have held it, stands; 0 if nowhere.
func (s *source) line(key string) int {
	for key != "" {
		if n, ok := s.lines[key]; ok {
			return n
		}
		i := strings.LastIndexByte(key, '.')
		if i < 0 {
			return 0
		}
		key = key[:i]
	}
	return 0
}

// schema maps every key of Config, without indices, to its Go type. A map's
// elements have the key "routes.*".
func schema() map[string]reflect.Type {
	keys := map[string]reflect.Type{}
	addFields(keys, "", reflect.TypeFor[Config]())
	return keys
}

var textType = reflect.TypeFor[encoding.TextUnmarshaler]()

func addFields(keys map[string]reflect.Type, prefix string, t reflect.Type) {
	for f := range t.Fields() {
		key := prefix + f.Tag.Get("toml")
		keys[key] = f.Type
		switch {
		case reflect.PointerTo(f.Type).Implements(textType):
		case f.Type.Kind() == reflect.Struct:
			addFields(keys, key+".", f.Type)
		case f.Type.Kind() == reflect.Map:
			keys[key+".*"] = f.Type.Elem()
		case f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct:
			addFields(keys, key+".", f.Type.Elem())
		}
	}
}

// settingType finds the type of a key of the file.
func settingType(keys map[string]reflect.Type, key string) (reflect.Type, bool) {
	key = withoutIndices(key)
	if t, ok := keys[key]; ok {
		return t, true
	}
	// A map's key may hold dots itself ("congan.example"), so look at every prefix.
	for i := range len(key) {
		if key[i] == '.' {
			if t, ok := keys[key[:i]+".*"]; ok {
				return t, true
			}
		}
	}
	return nil, false
}

func withoutIndices(key string) string {
	var b strings.Builder
	for {
		open := strings.IndexByte(key, '[')
		end := strings.IndexByte(key, ']')
		if open < 0 || end < open {
			b.WriteString(key)
			return b.String()
		}
		b.WriteString(key[:open])
		key = key[end+1:]
	}
}

// shapeProblems reports keys that do not exist and values of the wrong kind.
func (s *source) shapeProblems() []Problem {
	var problems []Problem
	keys := schema()
	unknown := "\x00" // an unknown table: say so once, not for each key in it
	for _, x := range s.found {
		if len(problems) == maxProblems {
			break
		}
		if strings.HasPrefix(x.key, unknown) {
			continue
		}
		t, ok := settingType(keys, x.key)
		if !ok {
			if x.kind == unstable.Table {
				unknown = x.key + "."
			}
			problems = append(problems, Problem{x.line, x.key, "this is not a setting" + suggestion(keys, withoutIndices(x.key))})
			continue
		}
		if want := wanted(t); !fits(t, x) {
			problems = append(problems, Problem{x.line, x.key, "must be " + want})
		}
	}
	return problems
}

func fits(t reflect.Type, x setting) bool {
	switch {
	case reflect.PointerTo(t).Implements(textType), t.Kind() == reflect.String:
		return x.kind == unstable.String
	case t.Kind() == reflect.Bool:
		return x.kind == unstable.Bool
	case t.Kind() == reflect.Int:
		return x.kind == unstable.Integer
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.String:
		return x.kind == unstable.Array && !slices.ContainsFunc(x.items, func(k unstable.Kind) bool { return k != unstable.String })
	case t.Kind() == reflect.Slice:
		return strings.HasSuffix(x.key, "]") && x.kind == unstable.Table
	default:
		return x.kind == unstable.Table
	}
}

func wanted(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[Duration]():
		return `a span of time in quotes, such as "10m"`
	case t == reflect.TypeFor[Size]():
		return `a size in quotes, such as "10 MiB"`
	case t.Kind() == reflect.String:
		return "a text in quotes"
	case t.Kind() == reflect.Bool:
		return "true or false, without quotes"
	case t.Kind() == reflect.Int:
		return "a whole number, without quotes"
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.String:
		return `a list of texts, such as [":25"], or [] to turn it off`
	case t.Kind() == reflect.Slice:
		return "written as tables with double brackets, such as [[dkim]]"
	default:
		return "a table, with its settings below it"
	}
}

// suggestion names the nearest setting, if one is near.
func suggestion(keys map[string]reflect.Type, key string) string {
	best, bestDistance := "", 4
	last := key[strings.LastIndexByte(key, '.')+1:]
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		if strings.HasSuffix(k, "*") || strings.HasPrefix(key, k+".") {
			continue
		}
		d := distance(key, k)
		if k[strings.LastIndexByte(k, '.')+1:] == last {
			d = min(d, 1) // the right word in the wrong table
		}
		if limit := 1 + len(k)/3; d < bestDistance && d <= limit {
			best, bestDistance = k, d
		}
	}
	if best == "" {
		return "; configs/vanthu.toml lists all of them"
	}
	return fmt.Sprintf("; did you mean %s?", best)
}

// distance counts the letters to insert, drop, replace or swap between a and b.
// Keys longer than any setting are far from all of them.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	var before, prev []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, prev = prev, row
		row = make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}
