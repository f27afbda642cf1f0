package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"golang.org/x/net/netutil"

	"quangtri.gov.vn/vanthu/configs"
	"quangtri.gov.vn/vanthu/directory/web"
	"quangtri.gov.vn/vanthu/dispatch/fetch"
	"quangtri.gov.vn/vanthu/mailsvc/autoconfig"
	"quangtri.gov.vn/vanthu/mailsvc/imap"
)

// Addresses are where the services listen, "host:port" each, first ones only;
// empty when a service is off.
type Addresses struct {
	MX, Submission, Submissions, IMAP, IMAPS, HTTP, HTTPS string
}

// Running is what Start started, in the order in which it must stop: first
// nothing new comes in, then what runs ends, then the workers.
type Running struct {
	app       *App
	stops     []func(context.Context) error
	cancel    context.CancelFunc
	waits     []func() error
	broken    chan error // a listener or worker ended by itself
	Addresses Addresses
}

// shutdownTime is how long running work may take to end.
const shutdownTime = 30 * time.Second

// Run serves until ctx ends, then stops in order and closes the app.
func (a *App) Run(ctx context.Context) error {
	r, err := a.Start()
	if err != nil {
		return errors.Join(err, a.Close())
	}
	var cause error
	select {
	case <-ctx.Done():
		a.log.Info("stopping")
	case cause = <-r.broken:
		a.log.Error("a service ended; stopping", "cause", cause)
	}
	return errors.Join(cause, r.Stop(), a.Close())
}

// Start starts the workers and all listeners. Once it returns, every address
// answers.
func (a *App) Start() (*Running, error) {
	ctx, cancel := context.WithCancel(context.Background())
	r := &Running{app: a, cancel: cancel, broken: make(chan error, 16)}
	if err := a.Sample(ctx); err != nil {
		cancel()
		return nil, err
	}
	a.serving.Store(true)
	r.waits = append(r.waits, background(ctx, a.Engine.Run), background(ctx, a.Queue.Run), background(ctx, a.warm), background(ctx, a.sweepNightly), background(ctx, a.memory.run))
	tlsConfig, err := a.tls()
	if err == nil {
		// The web comes last: it tells mail programs the ports of the others.
		err = errors.Join(r.smtp(tlsConfig), r.imap(tlsConfig), r.http(tlsConfig))
	}
	if err == nil {
		var stop func(context.Context) error
		stop, err = a.serveControl(ctx)
		if err == nil {
			r.stops = append(r.stops, stop)
		}
	}
	if err != nil {
		return nil, errors.Join(err, r.Stop())
	}
	a.log.Info("vanthu serves", "domain", a.Config.Domain, "addresses", fmt.Sprintf("%+v", r.Addresses))
	return r, nil
}

// Stop ends the services in order: no new connections, running transactions to
// their end, then the workers.
func (r *Running) Stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTime)
	defer cancel()
	var wg sync.WaitGroup
	errs := make([]error, len(r.stops))
	for i, stop := range r.stops {
		wg.Go(func() { errs[i] = stop(ctx) })
	}
	wg.Wait()
	r.cancel()
	for _, wait := range r.waits {
		errs = append(errs, wait())
	}
	r.app.serving.Store(false)
	return errors.Join(errs...)
}

// warm prepares the PDF reader, so that the first clerk does not wait for it.
// Reading works without; a failure is only told.
func (a *App) warm(ctx context.Context) error {
	if err := a.reads.Warm(ctx); err != nil && ctx.Err() == nil {
		a.log.Warn("document reader not prepared; the first PDF will take seconds longer", "cause", err)
	}
	a.log.Info("document reader", "scans", a.reads.OCR())
	return nil
}

// Sample loads the sample directory into an empty register if the configuration asks.
func (a *App) Sample(ctx context.Context) error {
	if !a.Config.Dispatch.SampleDirectory || a.Directory.Snapshot().Version() > 0 {
		return nil
	}
	_, err := a.Directory.Import(ctx, configs.Directory(), "quickstart", "danh bạ mẫu", false)
	return err
}

func (a *App) tls() (*tls.Config, error) {
	c := a.Config.TLS
	if c.CertFile == "" {
		return nil, nil
	}
	cert, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}, nil
}

// listen opens the sockets of one service and serves each; first is set to the
// first one's address.
func (r *Running) listen(addrs []string, first *string, serve func(net.Listener) error) error {
	for _, addr := range addrs {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			return fmt.Errorf("listen: %w", err)
		}
		if *first == "" {
			*first = l.Addr().String()
		}
		go func() {
			if err := serve(l); err != nil && !errors.Is(err, net.ErrClosed) && !errors.Is(err, http.ErrServerClosed) {
				select {
				case r.broken <- fmt.Errorf("serve %s: %w", l.Addr(), err):
				default:
				}
			}
		}()
	}
	return nil
}

func (r *Running) http(tlsConfig *tls.Config) error {
	a := r.app
	l := a.Config.Limits
	handler, err := a.handler(r)
	if err != nil {
		return err
	}
	// Two servers, because one that served plain connections first does not set
	// HTTP/2 up for TLS. Each has a TLS configuration of its own: net/http adds its
	// protocols to what it is given, and mail programs must not be offered those.
	server := func() *http.Server {
		srv := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: 10 * time.Minute,
			IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10, TLSConfig: tlsConfig.Clone()}
		r.stops = append(r.stops, srv.Shutdown)
		return srv
	}
	plain, secure := server(), server()
	limited := func(ln net.Listener) net.Listener { return netutil.LimitListener(ln, l.HTTPConnections) }
	err = errors.Join(
		r.listen(a.Config.Listen.HTTP, &r.Addresses.HTTP, func(ln net.Listener) error { return plain.Serve(limited(ln)) }),
		r.listen(a.Config.Listen.HTTPS, &r.Addresses.HTTPS, func(ln net.Listener) error { return secure.ServeTLS(limited(ln), "", "") }),
	)
	if u, parseErr := url.Parse(a.Config.Dispatch.PublicURL); parseErr == nil && u.Port() == "0" {
		a.httpURL.Store("http://" + r.Addresses.HTTP)
	}
	return err
}

// handler shares the web addresses out: settings of mail programs, pages of
// documents, and the directory for everybody.
func (a *App) handler(r *Running) (http.Handler, error) {
	mux := http.NewServeMux()
	auto := autoconfig.New(a.autoconfig(r))
	mux.Handle("/mail/", auto)
	mux.Handle("/.well-known/autoconfig/", auto)
	mux.HandleFunc("/autodiscover/", http.NotFound)
	mux.HandleFunc("/Autodiscover/", http.NotFound)
	mux.Handle("/vb/", fetch.Handler(a.Engine, a.log))
	pages, err := web.New(a.Directory.Snapshot, a.clock, a.log)
	if err != nil {
		return nil, err
	}
	mux.Handle("/", pages)
	return mux, nil
}

func (r *Running) imap(tlsConfig *tls.Config) error {
	a := r.app
	l := a.Config.Limits
	limits := imap.Limits{ConnsPerIP: l.IMAPConnectionsPerIP, ConnsPerUser: l.IMAPConnectionsPerUser, Conns: l.IMAPConnections, MaxMessage: int64(l.MessageSize)}
	if a.options.NoLimits {
		limits.ConnsPerIP, limits.ConnsPerUser = -1, -1
	}
	srv := imap.New(imap.Options{Store: a.Mailboxes, Blobs: a.Bodies, Identities: a.Accounts, TLSConfig: tlsConfig, Limits: limits, Logger: a.log})
	r.stops = append(r.stops, srv.Shutdown)
	mode := imap.StartTLS
	if a.options.Insecure {
		mode = imap.Plain
	}
	return errors.Join(
		r.listen(a.Config.Listen.IMAP, &r.Addresses.IMAP, func(ln net.Listener) error { return srv.Serve(ln, mode) }),
		r.listen(a.Config.Listen.IMAPS, &r.Addresses.IMAPS, func(ln net.Listener) error { return srv.Serve(ln, imap.Implicit) }),
	)
}
