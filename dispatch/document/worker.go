package document

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"runtime/debug"
	"time"
)

const (
	// maxTask bounds the line that tells a worker what to do.
	maxTask = 64 << 10
	// taskVariable hands that line to the process inside the walls. A worker is
	// started with an empty environment, so only [enter] sets it.
	taskVariable = "VANTHU_DOCUMENT_TASK"
)

// WorkerMain is a worker process: it shuts itself in, reads one task and one
// file from stdin, writes one JSON answer to stdout and returns the exit code.
// The hidden sub-command named in Options.WorkerCommand calls it and nothing
// else: it starts the executable again, with the same arguments, inside walls.
func WorkerMain(stdin io.Reader, stdout io.Writer) int {
	return workerMain(stdin, stdout, work)
}

// workerMain does a task inside the walls.
func workerMain(stdin io.Reader, stdout io.Writer, do func(context.Context, task, io.Reader, io.Writer) int) int {
	head, inside := os.LookupEnv(taskVariable)
	if !inside {
		line, err := taskLine(stdin)
		if err != nil {
			return 2
		}
		head = line
	}
	var t task
	if err := json.Unmarshal([]byte(head), &t); err != nil {
		return 2
	}
	if !inside {
		if err := enter(head, t); err != nil {
			return 3
		}
	}
	if err := hide(); err != nil {
		return 3
	}
	debug.SetMemoryLimit(softMemory)
	ctx, cancel := context.WithTimeout(context.Background(), t.limit()-time.Second)
	defer cancel()
	return do(ctx, t, stdin, stdout)
}

var errTaskLine = errors.New("no task line")

// taskLine reads the task byte by byte: what follows it is the file, and for
// the process inside the walls to read.
func taskLine(r io.Reader) (string, error) {
	var line []byte
	for b := [1]byte{}; len(line) < maxTask; line = append(line, b[0]) {
		if _, err := io.ReadFull(r, b[:]); err != nil {
			return "", err
		}
		if b[0] == '\n' {
			return string(line), nil
		}
	}
	return "", errTaskLine
}

// softMemory makes the garbage collector work harder well below the hard limit.
const softMemory = 300 << 20

func work(ctx context.Context, t task, in io.Reader, out io.Writer) int {
	o := Options{CacheDir: t.CacheDir, Tesseract: t.Tesseract, MaxSize: t.MaxSize, Today: func() time.Time { return t.Today }}
	if t.Warm {
		return warm(ctx, o)
	}
	return answer(ctx, in, out, t, o)
}

func warm(ctx context.Context, o Options) int {
	e, err := newPDFEngine(ctx, o.CacheDir)
	if err != nil {
		return 1
	}
	e.close()
	return 0
}

func answer(ctx context.Context, in io.Reader, out io.Writer, t task, o Options) int {
	r := rejected(t.Name, "", errTooLarge)
	if t.Size >= 0 && t.Size <= o.maxSize() {
		data := make([]byte, t.Size)
		if _, err := io.ReadFull(in, data); err != nil {
			return 2
		}
		r = Read(ctx, t.Name, data, o)
	}
	b, err := json.Marshal(r)
	if err != nil || len(b) > maxAnswer {
		b, err = json.Marshal(rejected(t.Name, r.Kind, errTooLarge))
	}
	if err != nil {
		return 1
	}
	if _, err := out.Write(b); err != nil {
		return 1
	}
	return 0
}
