//go:build thunderbird

package clients

import (
	"bufio"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// steps are what the test can have Thunderbird do.
//
//go:embed testdata/thunderbird.js
var steps string

// marionette drives Thunderbird by the protocol of Firefox's remote control:
// "length:json", where a command is [0, id, name, parameters] and its answer
// [1, id, error, result].
type marionette struct {
	conn net.Conn
	r    *bufio.Reader
	id   int
}

func dialMarionette(t *testing.T, port string) *marionette {
	t.Helper()
	c := value(net.Dial("tcp", "127.0.0.1:"+port))(t)
	t.Cleanup(func() { c.Close() })
	m := &marionette{conn: c, r: bufio.NewReader(c)}
	value(m.receive())(t) // who it is
	m.command(t, "WebDriver:NewSession", map[string]any{"capabilities": map[string]any{}})
	m.command(t, "Marionette:SetContext", map[string]any{"value": "chrome"})
	m.command(t, "WebDriver:SetTimeouts", map[string]any{"script": 2 * patience.Milliseconds()})
	return m
}

func (m *marionette) receive() (json.RawMessage, error) {
	m.conn.SetReadDeadline(time.Now().Add(3 * patience))
	size, err := m.r.ReadString(':')
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(strings.TrimSuffix(size, ":"))
	if err != nil {
		return nil, err
	}
	body := make([]byte, n)
	_, err = io.ReadFull(m.r, body)
	return body, err
}

// command sends one command and returns its result.
func (m *marionette) command(t *testing.T, name string, parameters any) json.RawMessage {
	t.Helper()
	m.id++
	body := value(json.Marshal([]any{0, m.id, name, parameters}))(t)
	value(fmt.Fprintf(m.conn, "%d:%s", len(body), body))(t)
	var answer [4]json.RawMessage
	must(t, json.Unmarshal(value(m.receive())(t), &answer))
	if string(answer[2]) != "null" {
		var e struct{ Message, Stacktrace string }
		must(t, json.Unmarshal(answer[2], &e))
		t.Fatalf("%s: %s\n%s", name, e.Message, e.Stacktrace)
	}
	return answer[3]
}

// do runs one of the steps and reads its result into out, which may be nil.
func (m *marionette) do(t *testing.T, out any, step string, arguments ...any) {
	t.Helper()
	if arguments == nil {
		arguments = []any{}
	}
	began := time.Now()
	script := "const done = arguments[arguments.length - 1];\n(async function () {\n" + steps + "\n}).apply(null, arguments).then(" +
		"value => done({ value }), error => done({ error: `${error}\\n${error.stack}` }));"
	raw := m.command(t, "WebDriver:ExecuteAsyncScript", map[string]any{"script": script, "args": []any{step, arguments}, "newSandbox": false})
	var result struct {
		Value struct {
			Value json.RawMessage
			Error string
		}
	}
	must(t, json.Unmarshal(raw, &result))
	if result.Value.Error != "" {
		t.Fatalf("%s %v: %s", step, arguments, result.Value.Error)
	}
	t.Logf("%s: %v", step, time.Since(began).Round(time.Millisecond))
	if out != nil {
		must(t, json.Unmarshal(result.Value.Value, out))
	}
}

// picture keeps what the window shows.
func (m *marionette) picture(t *testing.T, dir, name string) {
	t.Helper()
	var shot struct{ Value string }
	must(t, json.Unmarshal(m.command(t, "WebDriver:TakeScreenshot", map[string]any{"full": true}), &shot))
	png := value(base64.StdEncoding.DecodeString(shot.Value))(t)
	must(t, os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600))
}
