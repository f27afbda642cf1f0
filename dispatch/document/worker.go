package document

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"runtime/debug"
	"time"
)

// maxTask bounds the line that tells a worker what to do.
const maxTask = 64 << 10

// WorkerMain is a worker process: it limits itself, reads one task and one file
// from stdin, writes one JSON answer to stdout and returns the exit code. The
// hidden sub-command named in Options.WorkerCommand calls it and nothing else.
func WorkerMain(stdin io.Reader, stdout io.Writer) int {
	in := bufio.NewReaderSize(stdin, maxTask)
	head, err := in.ReadSlice('\n')
	if err != nil {
		return 2
	}
	var t task
	if err := json.Unmarshal(head, &t); err != nil {
		return 2
	}
	limit := t.limit()
	if err := limitSelf(limit); err != nil {
		return 3
	}
	debug.SetMemoryLimit(softMemory)
	ctx, cancel := context.WithTimeout(context.Background(), limit-time.Second)
	defer cancel()
	o := Options{CacheDir: t.CacheDir, Tesseract: t.Tesseract, MaxSize: t.MaxSize, Today: func() time.Time { return t.Today }}
	if t.Warm {
		return warm(ctx, o)
	}
	return answer(ctx, in, stdout, t, o)
}

// softMemory makes the garbage collector work harder well below the hard limit.
const softMemory = 300 << 20

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
