package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"quangtri.gov.vn/vanthu/cmd/vanthu/config"
)

// The operator's commands work the same whether the server runs or not: through
// its control socket (HTTP with JSON bodies on DATA/control.sock, mode 0600), or,
// if nobody holds the data directory, on the directory itself.

const socketName = "control.sock"

// maxRequest bounds what the socket takes: the largest is a document to issue.
const maxRequest = 128 << 20

// handler is one command with its argument still encoded.
type handler func(ctx context.Context, a *App, args []byte) (any, error)

// Command is one thing that an operator can ask for. In and Out travel as JSON.
type Command[In, Out any] struct {
	Name string
	Run  func(ctx context.Context, a *App, in In) (Out, error)
}

func (c Command[In, Out]) handler() handler {
	return func(ctx context.Context, a *App, args []byte) (any, error) {
		var in In
		if err := json.Unmarshal(args, &in); err != nil {
			return nil, fmt.Errorf("%s: %w", c.Name, err)
		}
		return c.Run(ctx, a, in)
	}
}

// failure is an error on its way through the socket.
type failure struct {
	Error string `json:"error"`
}

// Call runs the command on the running server of the configuration, or else
// directly on its data directory.
func (c Command[In, Out]) Call(ctx context.Context, cfg config.Config, in In) (out Out, err error) {
	out, err = c.remote(ctx, filepath.Join(cfg.DataDir, socketName), in)
	if !unreachable(err) {
		return out, err
	}
	a, err := Open(cfg, Options{})
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	return c.Run(ctx, a, in)
}

// errUnreachable marks that nobody listens on the socket.
type errUnreachable struct{ error }

func unreachable(err error) bool {
	var u errUnreachable
	return errors.As(err, &u)
}

func (c Command[In, Out]) remote(ctx context.Context, socket string, in In) (out Out, err error) {
	answer, err := ask(ctx, socket, c.Name, in)
	if err != nil {
		return out, err
	}
	defer answer.Close()
	return out, json.NewDecoder(answer).Decode(&out)
}

// ask sends a command with its argument to the socket and returns the answer's body.
func ask(ctx context.Context, socket, name string, in any) (io.ReadCloser, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, "unix", socket)
			if err != nil {
				return nil, errUnreachable{err}
			}
			return conn, nil
		},
	}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://vanthu/"+name, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		defer resp.Body.Close()
		var f failure
		if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&f); err != nil {
			return nil, fmt.Errorf("%s: %s", name, resp.Status)
		}
		return nil, errors.New(f.Error)
	}
	return resp.Body, nil
}

// serveControl answers the socket until ctx ends.
func (a *App) serveControl(ctx context.Context) (stop func(context.Context) error, err error) {
	path := filepath.Join(a.Config.DataDir, socketName)
	// The data directory is ours (lock), so a socket that is there is a dead one.
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	mux := http.NewServeMux()
	for name, h := range commands() {
		mux.HandleFunc("POST /"+name, func(w http.ResponseWriter, r *http.Request) { a.control(w, r, h) })
	}
	long, endLong := context.WithCancel(ctx) // what takes hours does not hold a stop up
	mux.HandleFunc("POST /"+AccountMigrate.Name, func(w http.ResponseWriter, r *http.Request) { AccountMigrate.serve(long, a, w, r) })
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
	go srv.Serve(l)
	return func(ctx context.Context) error { endLong(); return srv.Shutdown(ctx) }, nil
}

func (a *App) control(w http.ResponseWriter, r *http.Request, h handler) {
	w.Header().Set("Content-Type", "application/json")
	args, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	var out any
	if err == nil {
		out, err = h(r.Context(), a, args)
	}
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		out = failure{err.Error()}
	}
	if err := json.NewEncoder(w).Encode(out); err != nil {
		a.log.Warn("control answer", "cause", err)
	}
}
