package localpg

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strconv"
	"sync"
	"time"
)

const (
	// MinMajor is the oldest major version of Postgres that is used.
	MinMajor = 15

	superuser = "lifecircle" // also the name of the database
	port      = 5432         // only names the socket file; nothing listens on TCP

	watchEvery    = 200 * time.Millisecond // how soon Run sees that Postgres has ended
	restartPause  = time.Second            // between two attempts of Run to start it again
	immediateStop = 10 * time.Second       // for an immediate shutdown, once a fast one took too long
)

// Options say where the local Postgres lives and how it is run.
type Options struct {
	Dir       string       // holds the data, the locks and the log of Postgres; made if missing
	BinDir    string       // where initdb and postgres are; empty: found on the machine
	Log       *slog.Logger // nil: silent
	Exclusive bool         // refuse with ErrServed if another exclusive user is alive: two servers on one directory

	// EndWithProcess is for tests and measurements: Postgres dies with this
	// process, however that ends.
	EndWithProcess bool
	// Volatile is for tests only: Postgres does not wait for the disk, and
	// ends with the process.
	Volatile bool
	// Settings are added to the command line of Postgres and win over its own.
	Settings map[string]string

	system string // for our own tests: where distributions put binaries, as a glob pattern
	copies string // for our own tests: where binaries are copied to
}

// Server is the use of a local Postgres, until Stop.
type Server struct {
	opts Options
	dir  layout
	log  *slog.Logger

	users  *lock // shared with every other user of the directory
	served *lock // nil unless Options.Exclusive

	mu   sync.Mutex // guards inst, and keeps Run from starting what Stop has stopped
	inst instance
	done bool
}

// Start makes a database ready in o.Dir: it attaches to the Postgres that
// runs there, or makes the data directory if it is missing and starts one.
// The caller must Stop what Start returned. It waits as long as Postgres is
// recovering; ctx bounds that.
func Start(ctx context.Context, o Options) (*Server, error) {
	s := &Server{opts: o, log: o.Log}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	var err error
	if s.dir, err = openLayout(o.Dir); err != nil {
		return nil, err
	}
	if o.Exclusive {
		if s.served, err = serveLock(s.dir); err != nil {
			return nil, err
		}
	}
	if err := s.begin(ctx); err != nil {
		return nil, errors.Join(err, s.served.Close())
	}
	return s, nil
}

func (s *Server) begin(ctx context.Context) (err error) {
	gate, err := lockFile(ctx, s.dir.gateLock(), exclusive)
	if err != nil {
		return err
	}
	defer func() { _ = gate.Close() }()
	alone := false
	if s.users, alone, err = joinUsers(ctx, s.dir); err != nil {
		return err
	}
	if s.inst, err = s.findOrLaunch(ctx, alone); err != nil {
		return errors.Join(err, s.users.Close())
	}
	return nil
}

// findOrLaunch needs the gate. alone says that nobody else uses the directory,
// so that a Postgres found there has lost its server.
func (s *Server) findOrLaunch(ctx context.Context, alone bool) (instance, error) {
	inst, running, err := findInstance(s.dir)
	if err != nil {
		return inst, err
	}
	if running {
		s.log.Info("using the local Postgres that is running", "pid", inst.pid, "adopted", alone)
		err := s.waitReady(ctx, inst)
		if err == nil {
			return inst, s.checkDurable(ctx, inst)
		}
		if inst.alive() {
			return inst, err
		}
		// It was about to end when we found it: start another.
	}
	if !running && !alone && s.dir.hasPidFile() {
		return inst, fmt.Errorf("data directory %s is in use by a server that cannot be seen from here (another container?)", s.dir.root)
	}
	return s.launch(ctx)
}

// URL returns the address of the database, as pgx reads it.
func (s *Server) URL() string { return s.DatabaseURL(superuser) }

// DatabaseURL returns the address of another database of the same Postgres.
func (s *Server) DatabaseURL(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.inst.url(name)
}

// PID returns the process id of Postgres.
func (s *Server) PID() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.inst.pid
}

// Run watches Postgres and starts it again when it has ended, until ctx is
// done or Stop was called. A server that must outlive its database runs it.
func (s *Server) Run(ctx context.Context) error {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if stopped, err := s.revive(ctx); stopped || ctx.Err() != nil {
			return nil
		} else if err != nil {
			s.log.Error("start the local Postgres again", "error", err)
			tick.Reset(restartPause)
			continue
		}
		tick.Reset(watchEvery)
	}
}

// revive starts Postgres again if it has ended, unless another user of the
// directory already has.
func (s *Server) revive(ctx context.Context) (stopped bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done || s.inst.alive() {
		return s.done, nil
	}
	s.log.Warn("the local Postgres has ended; starting it again", "pid", s.inst.pid)
	gate, err := lockFile(ctx, s.dir.gateLock(), exclusive)
	if err != nil {
		return false, err
	}
	defer func() { _ = gate.Close() }()
	inst, err := s.findOrLaunch(ctx, true)
	if err != nil {
		return false, err
	}
	s.inst = inst
	return false, nil
}

// Stop ends the use of Postgres, and Postgres itself if nobody else uses it.
// When ctx ends before Postgres has, it is told to stop at once: nothing
// acknowledged is lost, the next start takes a moment longer. A second call
// does nothing.
func (s *Server) Stop(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done {
		return nil
	}
	s.done = true
	defer func() { _ = s.served.Close() }()
	defer func() { _ = s.users.Close() }()
	gate, err := lockFile(context.WithoutCancel(ctx), s.dir.gateLock(), exclusive)
	if err != nil {
		return err
	}
	defer func() { _ = gate.Close() }()
	last, err := s.users.upgrade()
	if err != nil || !last {
		return err
	}
	// Another user may have started Postgres again since we last looked.
	if inst, running, err := findInstance(s.dir); err == nil && running && inst.pid != s.inst.pid {
		s.inst = inst
	}
	if err := s.inst.stop(ctx); err != nil {
		return fmt.Errorf("stop the local Postgres: %w", err)
	}
	s.dir.removeSocketDir()
	return nil
}

// instance is a running postmaster.
type instance struct {
	pid    int
	child  bool   // of this process, which then has to bury it
	socket string // directory of its socket
	port   int
	data   string // its data directory, to tell it from another process of the same pid
}

func (i instance) url(database string) string {
	q := url.Values{"host": {i.socket}, "port": {strconv.Itoa(i.port)}, "user": {superuser}}
	return (&url.URL{Scheme: "postgres", Path: "/" + database, RawQuery: q.Encode()}).String()
}
