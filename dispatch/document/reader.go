package document

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"quangtri.gov.vn/vanthu/dispatch"
)

// Bounds of a worker's answer and time.
const (
	maxAnswer   = 8 << 20          // bytes of JSON
	textTime    = 20 * time.Second // wall clock for everything but OCR
	ocrTime     = 65 * time.Second // 15 s and 10 s for each of at most 5 pages
	warmTime    = 3 * time.Minute  // compiling the PDF module on a slow machine
	killedAfter = 2 * time.Second  // between the end of the time and giving up on pipes
)

// Reader reads documents in worker processes, one for each document, so that
// nothing in a file can harm or stop the service. It is safe for concurrent
// use; at most Options.Workers run at once and the others wait.
type Reader struct {
	o     Options
	slots chan struct{}
	bare  atomic.Bool // the system refuses namespaces: workers run without
	warm  atomic.Bool // compiled code is there: workers may only read it
}

// NewReader makes a Reader. It looks for the OCR command once, here.
func NewReader(o Options) *Reader {
	o.Tesseract = findTesseract(o.Tesseract)
	if o.Workers <= 0 {
		o.Workers = runtime.NumCPU()
	}
	return &Reader{o: o, slots: make(chan struct{}, o.Workers)}
}

// OCR reports whether scans can be read.
func (r *Reader) OCR() bool { return r.o.Tesseract != noTesseract }

const noTesseract = "none"

// findTesseract resolves the command's path; "none" if there is none.
func findTesseract(name string) string {
	if name == noTesseract {
		return name
	}
	if name == "" {
		name = "tesseract"
	}
	p, err := exec.LookPath(name)
	if err != nil {
		return noTesseract
	}
	return p
}

// task is what the service tells a worker before the file's bytes.
type task struct {
	Name      string    `json:"name"`
	Size      int64     `json:"size"`
	MaxSize   int64     `json:"max_size"`
	CacheDir  string    `json:"cache_dir,omitempty"`
	Tesseract string    `json:"tesseract"`
	Today     time.Time `json:"today"`
	Warm      bool      `json:"warm,omitempty"`
	Warmed    bool      `json:"warmed,omitempty"`
}

// limit is the wall clock and the processor time that a task may take.
func (t task) limit() time.Duration {
	switch {
	case t.Warm:
		return warmTime
	case t.Tesseract != noTesseract:
		return ocrTime
	}
	return textTime
}

// Read reads one file in a worker process. A worker that dies, hangs or answers
// nonsense yields a Rejected reading, never an error of the service.
func (r *Reader) Read(ctx context.Context, name string, data []byte) dispatch.Reading {
	if int64(len(data)) > r.o.maxSize() {
		return rejected(name, "", errTooLarge)
	}
	if len(r.o.WorkerCommand) == 0 {
		return rejected(name, "", errService)
	}
	t := task{Name: name, Size: int64(len(data)), MaxSize: r.o.maxSize(), CacheDir: r.o.CacheDir, Tesseract: r.o.Tesseract, Today: r.o.today(), Warmed: r.compiled()}
	out, err := r.work(ctx, t, data)
	if err != nil {
		return rejected(name, "", err)
	}
	a, err := parseAnswer(out)
	if err != nil {
		return rejected(name, "", err)
	}
	a.File = name
	return a
}

// Warm fills the directory of compiled code, so that the first PDF does not
// pay for it, and closes it to every worker that reads a file: code in it is
// executed by the workers after. The service calls it once at its start, in the
// background.
func (r *Reader) Warm(ctx context.Context) error {
	if len(r.o.WorkerCommand) == 0 {
		return fmt.Errorf("document: warm up: %w", errService)
	}
	_, err := r.work(ctx, task{CacheDir: r.o.CacheDir, Tesseract: noTesseract, Warm: true}, nil)
	if err != nil {
		return fmt.Errorf("document: warm up: %w", err)
	}
	r.warm.Store(true)
	return nil
}

// compiled reports whether the directory holds the compiled code that [Reader.Warm]
// left there; if someone has emptied it since, the next worker fills it.
func (r *Reader) compiled() bool {
	files, err := filepath.Glob(filepath.Join(r.o.CacheDir, "*", "*"))
	return r.warm.Load() && err == nil && len(files) > 0
}

// work runs one worker and returns what it wrote.
func (r *Reader) work(ctx context.Context, t task, data []byte) ([]byte, error) {
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	ctx, cancel := context.WithTimeout(ctx, t.limit())
	defer cancel()
	head, err := json.Marshal(t)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errService, err)
	}
	head = append(head, '\n')
	out, started, err := r.run(ctx, head, data, !r.bare.Load())
	if !started && refusesNamespaces(err) && !r.bare.Swap(true) {
		out, started, err = r.run(ctx, head, data, false)
	}
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case !started:
		return nil, fmt.Errorf("%w: %w", errService, err)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", errWorker, err)
	}
	return out, nil
}

// run starts the process and feeds it. started is false when it could not be
// started at all.
func (r *Reader) run(ctx context.Context, head, data []byte, caged bool) (out []byte, started bool, err error) {
	cmd := exec.CommandContext(ctx, r.o.WorkerCommand[0], r.o.WorkerCommand[1:]...)
	cmd.Env = []string{}
	cmd.Dir = "/"
	cmd.Stdin = io.MultiReader(bytes.NewReader(head), bytes.NewReader(data))
	answer := &cappedBuffer{}
	cmd.Stdout = answer
	cmd.WaitDelay = killedAfter
	cage(cmd, caged)
	if err := cmd.Start(); err != nil {
		return nil, false, err
	}
	err = cmd.Wait()
	killGroup(cmd)
	if answer.over {
		return nil, true, errTooLarge
	}
	if err != nil && errors.Is(err, io.ErrClosedPipe) {
		err = nil
	}
	return answer.b, true, err
}

// cappedBuffer keeps at most maxAnswer bytes.
type cappedBuffer struct {
	b    []byte
	over bool
}

func (c *cappedBuffer) Write(p []byte) (int, error) {
	if c.over = c.over || len(c.b)+len(p) > maxAnswer; !c.over {
		c.b = append(c.b, p...)
	}
	return len(p), nil
}

var errAnswer = errors.New("worker answered nonsense")

// parseAnswer reads a worker's answer and enforces what always holds: a secret
// reading carries its degree and nothing else.
func parseAnswer(b []byte) (dispatch.Reading, error) {
	var a dispatch.Reading
	if len(b) > maxAnswer {
		return a, errTooLarge
	}
	if err := json.Unmarshal(b, &a); err != nil {
		return dispatch.Reading{}, fmt.Errorf("%w: %w: %w", errWorker, errAnswer, err)
	}
	switch a.Verdict {
	case dispatch.Secret:
		if !slices.Contains(degrees, a.Fields.Secrecy) {
			a.Fields.Secrecy = "Mật"
		}
		return dispatch.Reading{Kind: kindOf(a.Kind), Verdict: dispatch.Secret, Fields: dispatch.Fields{Secrecy: a.Fields.Secrecy}}, nil
	case dispatch.Rejected:
		if a.Problem == nil || a.Problem.Code == "" {
			return dispatch.Reading{}, fmt.Errorf("%w: %w", errWorker, errAnswer)
		}
		return dispatch.Reading{Kind: kindOf(a.Kind), Verdict: dispatch.Rejected, Problem: a.Problem}, nil
	case dispatch.OK, dispatch.Ask:
		if a.Fields.Secrecy != "" || a.Problem != nil {
			return dispatch.Reading{}, fmt.Errorf("%w: %w", errWorker, errAnswer)
		}
		a.Kind = kindOf(a.Kind)
		return a, nil
	}
	return dispatch.Reading{}, fmt.Errorf("%w: %w", errWorker, errAnswer)
}

var kinds = []string{"odt", "docx", "doc", "text-pdf", "signed-pdf", "scanned-pdf", "pdf", "txt", "rtf", "html", "xml", "zip", "odf"}

// kindOf lets only known kinds through.
func kindOf(k string) string {
	if slices.Contains(kinds, k) {
		return k
	}
	return ""
}
