package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"sync"

	"quangtri.gov.vn/vanthu/cmd/vanthu/config"
)

// LongCommand is a [Command] that takes long and tells how far it is. Its answer
// on the socket is a sequence of JSON values, one a line. It ends when whoever
// asked goes away, and when the server stops.
type LongCommand[In, Event, Out any] struct {
	Name string
	// Run may call tell from several goroutines at once.
	Run func(ctx context.Context, a *App, in In, tell func(Event)) (Out, error)
}

// told is one value of the answer; one field is set.
type told[Event, Out any] struct {
	Event *Event `json:"event,omitempty"`
	Out   *Out   `json:"out,omitempty"`
	Error string `json:"error,omitempty"`
}

// Call runs the command on the running server of the configuration, or else
// directly on its data directory. tell is called by one goroutine at a time.
func (c LongCommand[In, Event, Out]) Call(ctx context.Context, cfg config.Config, in In, tell func(Event)) (out Out, err error) {
	out, err = c.remote(ctx, filepath.Join(cfg.DataDir, socketName), in, tell)
	if !unreachable(err) {
		return out, err
	}
	a, err := Open(cfg, Options{})
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	var one sync.Mutex
	return c.Run(ctx, a, in, func(e Event) {
		one.Lock()
		defer one.Unlock()
		tell(e)
	})
}

func (c LongCommand[In, Event, Out]) remote(ctx context.Context, socket string, in In, tell func(Event)) (out Out, err error) {
	answer, err := ask(ctx, socket, c.Name, in)
	if err != nil {
		return out, err
	}
	defer answer.Close()
	d := json.NewDecoder(answer)
	for {
		var t told[Event, Out]
		err := d.Decode(&t)
		switch {
		case ctx.Err() != nil:
			return out, ctx.Err()
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return out, fmt.Errorf("máy chủ đã dừng giữa chừng; hãy chạy lại lệnh / the server stopped: %w", err)
		case err != nil:
			return out, err
		case t.Error != "":
			return out, errors.New(t.Error)
		case t.Out != nil:
			return *t.Out, nil
		case t.Event != nil:
			tell(*t.Event)
		}
	}
}

// serve answers one request; long ends it.
func (c LongCommand[In, Event, Out]) serve(long context.Context, a *App, w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(long, cancel)()
	w.Header().Set("Content-Type", "application/jsonl")
	flush := http.NewResponseController(w).Flush
	var one sync.Mutex
	say := func(t told[Event, Out]) {
		one.Lock()
		defer one.Unlock()
		// An answer that cannot be written has nobody to read it: ctx has ended.
		if json.NewEncoder(w).Encode(t) == nil {
			_ = flush()
		}
	}
	var in In
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err == nil {
		err = json.Unmarshal(body, &in)
	}
	if err != nil {
		say(told[Event, Out]{Error: c.Name + ": " + err.Error()})
		return
	}
	out, err := c.Run(ctx, a, in, func(e Event) { say(told[Event, Out]{Event: &e}) })
	if err != nil {
		say(told[Event, Out]{Error: err.Error()})
		return
	}
	say(told[Event, Out]{Out: &out})
}
