package main

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

func TestBadSettings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env  []string
		args []string
		want string
	}{
		"no command":       {nil, nil, "serve"},
		"unknown command":  {nil, []string{"swim"}, "swim"},
		"unknown flag":     {nil, []string{"serve", "--port=1"}, "--port"},
		"unknown setting":  {[]string{"LIFECIRCLE_LISTN=:1"}, []string{"serve"}, "did you mean LIFECIRCLE_LISTEN?"},
		"database address": {[]string{"DATABASE_URL=mysql://u:geheim@h/d"}, []string{"serve"}, "DATABASE_URL is not"},
		"redis address":    {[]string{"REDIS_URL=geheim"}, []string{"serve"}, "REDIS_URL is not"},
		"redis cluster":    {[]string{"REDIS_URL=redis+cluster://a,,b"}, []string{"serve"}, "REDIS_URL is not"},
		"listen":           {nil, []string{"serve", "--listen=here"}, "--listen"},
		"no such host":     {nil, []string{"serve", "--listen=no.such.host.invalid:80"}, "--listen"},
		"not our address":  {nil, []string{"serve", "--listen=192.0.2.1:8080"}, "no address of this machine"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := runToEnd(t, append(c.env, "LIFECIRCLE_DATA_DIR="+dataDir(t)), c.args...)
			refused(t, p, c.want)
			if strings.Contains(p.errs.String(), "geheim") {
				t.Error("shows a password")
			}
		})
	}
}

func TestPortInUse(t *testing.T) {
	t.Parallel()
	port := taken(t).Addr().String()
	dir := dataDir(t)
	refused(t, runToEnd(t, nil, "serve", "--listen="+port, "--data-dir="+dir), "--listen "+port, "in use")
	refused(t, runToEnd(t, nil, "serve", "--listen=127.0.0.1:0", "--ops-listen="+port, "--data-dir="+dir), "--ops-listen "+port, "in use")
	if _, err := os.Stat(dir); err == nil {
		t.Error("made a database for nothing")
	}
}

func TestUnsuitableDatabases(t *testing.T) {
	t.Parallel()
	free := taken(t)
	nowhere := free.Addr().String()
	_ = free.Close()
	deaf := taken(t)
	go hangUp(deaf)
	for name, c := range map[string]struct{ url, want string }{
		"unreachable":    {"postgres://u:geheim@" + nowhere + "/d", "cannot be reached"},
		"not a Postgres": {"postgres://u:geheim@" + deaf.Addr().String() + "/d?sslmode=disable", "does not answer as a Postgres"},
		"too old":        {"postgres://u:geheim@" + oldPostgres(t) + "/d?sslmode=disable", "15 or newer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, command := range []string{"serve", "migrate", "seed", "audit"} {
				args := []string{command, "--data-dir=" + dataDir(t)}
				if command == "serve" {
					args = append(args, "--listen=127.0.0.1:0")
				}
				p := runToEnd(t, []string{"DATABASE_URL=" + c.url}, args...)
				refused(t, p, c.want)
				if strings.Contains(p.errs.String(), "geheim") {
					t.Error("shows the password")
				}
			}
		})
	}
}

// hangUp answers nothing.
func hangUp(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		_ = conn.Close()
	}
}

// oldPostgres is as much of a PostgreSQL 14 as it takes to be refused.
func oldPostgres(t *testing.T) (address string) {
	t.Helper()
	l := taken(t)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go answerAsOld(conn)
		}
	}()
	return l.Addr().String()
}

func answerAsOld(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	b := pgproto3.NewBackend(bufio.NewReader(conn), conn)
	if _, err := b.ReceiveStartupMessage(); err != nil {
		return
	}
	b.Send(&pgproto3.AuthenticationOk{})
	b.Send(&pgproto3.ParameterStatus{Name: "server_version", Value: "14.9"})
	b.Send(&pgproto3.ParameterStatus{Name: "client_encoding", Value: "UTF8"})
	b.Send(&pgproto3.ParameterStatus{Name: "standard_conforming_strings", Value: "on"})
	b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	columns := &pgproto3.RowDescription{Fields: []pgproto3.FieldDescription{
		{Name: []byte("a"), DataTypeOID: 25, DataTypeSize: -1, TypeModifier: -1}, {Name: []byte("b"), DataTypeOID: 25, DataTypeSize: -1, TypeModifier: -1},
	}}
	for b.Flush() == nil {
		m, err := b.Receive()
		if err != nil {
			return
		}
		switch m := m.(type) {
		case *pgproto3.Parse:
			b.Send(&pgproto3.ParseComplete{})
		case *pgproto3.Bind:
			b.Send(&pgproto3.BindComplete{})
		case *pgproto3.Describe:
			if m.ObjectType == 'S' {
				b.Send(&pgproto3.ParameterDescription{})
			}
			b.Send(columns)
		case *pgproto3.Execute:
			b.Send(&pgproto3.DataRow{Values: [][]byte{[]byte("140009"), []byte("on")}})
			b.Send(&pgproto3.CommandComplete{CommandTag: []byte("SELECT 1")})
		case *pgproto3.Query:
			b.Send(columns)
			b.Send(&pgproto3.DataRow{Values: [][]byte{[]byte("140009"), []byte("on")}})
			b.Send(&pgproto3.CommandComplete{CommandTag: []byte("SELECT 1")})
			b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
		case *pgproto3.Sync:
			b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
		}
	}
}

func TestUnsuitableDataDirectories(t *testing.T) {
	t.Parallel()
	t.Run("another major version", func(t *testing.T) {
		t.Parallel()
		dir := dataDir(t)
		if err := os.MkdirAll(filepath.Join(dir, "data"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "data", "PG_VERSION"), []byte("9\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		refused(t, runToEnd(t, nil, "serve", "--listen=127.0.0.1:0", "--data-dir="+dir), dir, "9")
	})
	t.Run("a file in its place", func(t *testing.T) {
		t.Parallel()
		dir := dataDir(t)
		if err := os.WriteFile(dir, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		refused(t, runToEnd(t, nil, "serve", "--listen=127.0.0.1:0", "--data-dir="+dir), dir)
	})
	t.Run("no binaries", func(t *testing.T) {
		t.Parallel()
		dir := dataDir(t)
		refused(t, runToEnd(t, nil, "serve", "--listen=127.0.0.1:0", "--data-dir="+dir, "--postgres-bin="+t.TempDir()), "no PostgreSQL binaries found")
	})
	t.Run("not writable", func(t *testing.T) {
		t.Parallel()
		dir := dataDir(t)
		if err := os.Mkdir(dir, 0o555); err != nil { //nolint:gosec // that is the point
			t.Fatal(err)
		}
		p := beginCommand(t, asNobody(t, "serve", "--listen=127.0.0.1:0", "--data-dir="+dir), nil)
		p.wait(t)
		refused(t, p, dir, "not writable")
	})
}

const nobody = 65534 // a user id without rights

// asNobody makes the command of a user without rights: as root by way of setpriv.
func asNobody(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	if os.Geteuid() != 0 {
		return exec.Command(binary, args...) //nolint:gosec // our own program
	}
	setpriv, err := exec.LookPath("setpriv")
	if err != nil {
		t.Skip("root without setpriv cannot become another user")
	}
	//nolint:gosec // our own program
	return exec.Command(setpriv, append([]string{"--reuid=" + strconv.Itoa(nobody), "--regid=" + strconv.Itoa(nobody), "--clear-groups", binary}, args...)...)
}
