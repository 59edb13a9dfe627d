package localpg

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	pollEvery      = 20 * time.Millisecond
	orphanPatience = 5 * time.Second // for the processes of a killed postmaster to notice
	maxLogBytes    = 16 << 20        // postgres.log is put aside at a start beyond this
	logTail        = 2 << 10         // bytes of it in an error
)

// settings of every local Postgres. Commits wait for the disk, always; groups
// of commits are made by the server, so none is delayed here.
func settings(socket string, volatile bool) map[string]string {
	s := map[string]string{
		"cluster_name":                    "lifecircle",
		"listen_addresses":                "",
		"port":                            strconv.Itoa(port),
		"unix_socket_directories":         socket,
		"unix_socket_permissions":         "0700",
		"max_connections":                 "100",
		"shared_buffers":                  "256MB",
		"fsync":                           "on",
		"synchronous_commit":              "on",
		"full_page_writes":                "on",
		"commit_delay":                    "0",
		"wal_buffers":                     "16MB",
		"max_wal_size":                    "2GB",
		"min_wal_size":                    "256MB",
		"checkpoint_timeout":              "15min",
		"max_parallel_workers_per_gather": "0", // short queries only; containers have little shared memory
		"jit":                             "off",
		"timezone":                        "UTC",
		"log_timezone":                    "UTC",
		"log_checkpoints":                 "off",
	}
	if volatile {
		maps.Copy(s, map[string]string{
			"fsync": "off", "full_page_writes": "off", "shared_buffers": "64MB", "max_connections": "400",
			"wal_level": "minimal", "max_wal_senders": "0", "min_wal_size": "80MB", "wal_buffers": "4MB",
		})
	}
	return s
}

// launch starts Postgres and waits until it answers. It needs the gate.
func (s *Server) launch(ctx context.Context) (instance, error) {
	acct, err := accountFor(s.dir)
	if err != nil {
		return instance{}, err
	}
	bin, err := findBinaries(ctx, s.opts, s.dir)
	if err != nil {
		return instance{}, err
	}
	if bin, err = bin.reachable(acct, cmp.Or(s.opts.copies, copiesAt)); err != nil {
		return instance{}, err
	}
	if err := s.prepare(ctx, bin, acct); err != nil {
		return instance{}, err
	}
	s.log.Info("starting the local Postgres", "version", bin.major, "dir", s.dir.root)
	inst, err := s.spawn(bin, acct)
	if err != nil {
		return inst, err
	}
	if err := s.waitReady(ctx, inst); err != nil {
		return inst, errors.Join(err, inst.stop(ctx))
	}
	return inst, nil
}

// prepare leaves a data directory that nobody works in.
func (s *Server) prepare(ctx context.Context, bin binaries, acct account) error {
	if !s.dir.hasData() {
		if err := s.initdb(ctx, bin, acct); err != nil {
			return err
		}
	}
	if err := s.clearOrphans(ctx); err != nil {
		return err
	}
	socket := s.dir.socketDir(acct)
	if err := makeSocketDir(socket, acct); err != nil {
		return err
	}
	return removeIfThere(socketFile(socket) + ".lock") // as with the pid file
}

// initdb makes the data directory under another name first, so that one
// interrupted half-way is never taken for a database.
func (s *Server) initdb(ctx context.Context, bin binaries, acct account) error {
	s.log.Info("making a new database", "version", bin.major, "dir", s.dir.root)
	if err := os.RemoveAll(s.dir.unborn()); err != nil {
		return explainAccess(s.dir.unborn(), err)
	}
	if err := os.Mkdir(s.dir.unborn(), 0o700); err != nil {
		return explainAccess(s.dir.unborn(), err)
	}
	if err := acct.own(s.dir.unborn()); err != nil {
		return err
	}
	args := []string{
		"--username=" + superuser, "--auth-local=trust", "--auth-host=reject", // the socket's directory is the guard
		"--encoding=UTF8", "--locale=C", "--lc-ctype=C.UTF-8", "--data-checksums", "--no-instructions",
	}
	if s.opts.Volatile {
		args = append(args, "--no-sync")
	}
	cmd := acct.command(bin.initdb(), args...)
	path, dir, err := acct.place(cmd, s.dir.unborn())
	if err != nil {
		return err
	}
	defer func() { _ = dir.Close() }() // nil is fine
	cmd.Args = append(cmd.Args, "--pgdata="+path)
	out, err := combinedOutput(ctx, cmd)
	if err != nil {
		return fmt.Errorf("make a database in %s: initdb: %w: %s", s.dir.root, err, tail(out))
	}
	if err := os.Rename(s.dir.unborn(), s.dir.data()); err != nil {
		return explainAccess(s.dir.data(), err)
	}
	return nil
}

// spawn starts the postmaster. Its output goes to a file, not to a pipe of
// ours: it may outlive us.
func (s *Server) spawn(bin binaries, acct account) (instance, error) {
	inst := instance{socket: s.dir.socketDir(acct), port: port, data: s.dir.data()}
	out, err := openLog(s.dir.logFile())
	if err != nil {
		return inst, err
	}
	defer func() { _ = out.Close() }()
	conf := settings(inst.socket, s.opts.Volatile)
	maps.Copy(conf, s.opts.Settings)
	cmd := acct.command(bin.postgres())
	path, dir, err := acct.place(cmd, s.dir.data())
	if err != nil {
		return inst, err
	}
	defer func() { _ = dir.Close() }() // nil is fine
	cmd.Args = append(cmd.Args, "-D", path)
	for _, name := range slices.Sorted(maps.Keys(conf)) {
		cmd.Args = append(cmd.Args, "-c", name+"="+conf[name])
	}
	cmd.Stdout, cmd.Stderr = out, out
	if s.opts.Volatile || s.opts.EndWithProcess {
		cmd.SysProcAttr.Pdeathsig = syscall.SIGQUIT
	}
	if err := cmd.Start(); err != nil {
		return inst, explainStart(cmd.Path, acct, err)
	}
	inst.pid, inst.child = cmd.Process.Pid, true
	return inst, cmd.Process.Release() // buried by alive
}

func explainStart(program string, acct account, err error) error {
	if acct.other && errors.Is(err, syscall.EPERM) {
		return fmt.Errorf("root may not change to user %s here: run as an ordinary user (%w)", userName(acct.uid), err)
	}
	return fmt.Errorf("start %s: %w", program, err)
}

// waitReady waits until the database answers, and makes it if it is missing.
// A crash recovery may take minutes, so only ctx and the end of Postgres stop it.
func (s *Server) waitReady(ctx context.Context, inst instance) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	started := time.Now()
	for said := false; ; {
		err := ensureDatabase(ctx, inst)
		if err == nil {
			return nil
		}
		if !inst.alive() {
			return fmt.Errorf("the local Postgres ended while starting: %s (log: %s)", tail(readTail(s.dir.logFile())), s.dir.logFile())
		}
		if !said && time.Since(started) > 3*time.Second {
			s.log.Info("the local Postgres is still starting, it may be recovering", "state", err)
			said = true
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the local Postgres: %w (last: %w)", ctx.Err(), err)
		case <-tick.C:
		}
	}
}

// ensureDatabase connects once and creates the database if it is missing.
func ensureDatabase(ctx context.Context, inst instance) error {
	conn, err := pgx.Connect(ctx, inst.url(superuser))
	if pe := new(pgconn.PgError); errors.As(err, &pe) && pe.Code == "3D000" { // no such database
		if conn, err = pgx.Connect(ctx, inst.url("postgres")); err == nil {
			_, err = conn.Exec(ctx, "CREATE DATABASE "+superuser)
		}
	}
	if conn != nil {
		err = errors.Join(err, conn.Close(ctx))
	}
	return err
}

// checkDurable refuses a Postgres that somebody started without fsync.
func (s *Server) checkDurable(ctx context.Context, inst instance) error {
	if s.opts.Volatile {
		return nil
	}
	conn, err := pgx.Connect(ctx, inst.url(superuser))
	if err != nil {
		return fmt.Errorf("look at the running Postgres: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	var fsync string
	if err := conn.QueryRow(ctx, "SHOW fsync").Scan(&fsync); err != nil {
		return fmt.Errorf("look at the running Postgres: %w", err)
	}
	if fsync != "on" {
		return fmt.Errorf("the Postgres that runs in %s has fsync off: stop it (process %d) and start again", s.dir.root, inst.pid)
	}
	return nil
}

func openLog(path string) (*os.File, error) {
	if st, err := os.Stat(path); err == nil && st.Size() > maxLogBytes {
		_ = os.Rename(path, path+".1")
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, explainAccess(path, err)
	}
	return f, nil
}

func readTail(path string) string {
	b, _ := os.ReadFile(path) // at most maxLogBytes and one run; read once, when starting failed
	return string(b)
}

// tail returns the end of out on one line, for an error.
func tail(out string) string {
	out = strings.TrimSpace(out)
	if len(out) > logTail {
		out = out[len(out)-logTail:]
	}
	lines := strings.Split(out, "\n")
	return strings.Join(lines[max(0, len(lines)-4):], " | ")
}
