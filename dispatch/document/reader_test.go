package document

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"quangtri.gov.vn/vanthu/dispatch"
)

func TestReaderReadsInWorker(t *testing.T) {
	t.Parallel()
	r := NewReader(testOptions)
	if err := r.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"d01", "d12", "d17", "d25", "d41"} {
		c := corpus(t, id)[0]
		got := r.Read(t.Context(), c.File, c.load(t))
		if c.secrecy() != "" {
			if got.Verdict != dispatch.Secret {
				t.Errorf("%s: verdict %s", id, got.Verdict)
			}
			continue
		}
		if got.Verdict != dispatch.OK && got.Verdict != dispatch.Ask {
			t.Fatalf("%s: %s %+v", id, got.Verdict, got.Problem)
		}
		for _, d := range c.diff(got.Fields) {
			t.Errorf("%s: %s", id, d)
		}
		if len(got.SHA256) != 64 || got.File != c.File {
			t.Errorf("%s: hash %q, file %q", id, got.SHA256, got.File)
		}
	}
}

// TestDeadWorkerIsAnAnswer: a worker that exits, crashes, floods or hangs gives
// a rejected reading. Were it not killed, the one that hangs would keep the test
// for longer than any test may take.
func TestDeadWorkerIsAnAnswer(t *testing.T) {
	t.Parallel()
	for name, command := range map[string][]string{
		"exits":    {"/bin/false"},
		"nonsense": {"/bin/echo", "{}"},
		"flood":    {"/bin/cat", "/dev/zero"},
		"hangs":    {"/bin/sleep", "1000"},
		"missing":  {"/nonexistent/command"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := os.Stat(command[0]); err != nil && name != "missing" {
				t.Fatalf("this test needs %s: %v", command[0], err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			got := NewReader(Options{WorkerCommand: command}).Read(ctx, "a.odt", []byte("x"))
			if got.Verdict != dispatch.Rejected || got.Problem == nil || got.Problem.Message == "" {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// TestSecretLeavesNothing: not one word of a secret document is in the answer.
func TestSecretLeavesNothing(t *testing.T) {
	t.Parallel()
	for _, c := range corpus(t, "d*") {
		if c.secrecy() == "" || c.Kind == "scanned-pdf" {
			continue
		}
		got := Read(t.Context(), c.File, c.load(t), testOptions)
		want := dispatch.Reading{File: c.File, Kind: c.Kind, Verdict: dispatch.Secret, Fields: dispatch.Fields{Secrecy: c.secrecy()}}
		if !equalReading(got, want) {
			t.Errorf("%s: got %+v", c.File, got)
		}
	}
}

func equalReading(a, b dispatch.Reading) bool {
	return jsonOf(a) == jsonOf(b)
}

func TestParseAnswerStripsSecrets(t *testing.T) {
	t.Parallel()
	got, err := parseAnswer([]byte(`{"kind":"odt","verdict":"secret","sha256":"ab","fields":{"secrecy":"Tối mật","subject":"lộ"},"asks":[{"code":"x"}]}`))
	if err != nil || strings.Contains(jsonOf(got), "lộ") || got.SHA256 != "" || got.Fields.Secrecy != "Tối mật" {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, bad := range []string{``, `{}`, `{"verdict":"ok","fields":{"secrecy":"Mật"}}`, `{"verdict":"rejected"}`, `[]`} {
		if _, err := parseAnswer([]byte(bad)); err == nil {
			t.Errorf("accepted %s", bad)
		}
	}
}
