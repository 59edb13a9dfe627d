// Command lifecircle is the server. Its settings are flags and environment
// variables only; `lifecircle serve --help` lists them.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"lifecircle/internal/config"
	"lifecircle/internal/obs"
)

const failed = 1 // the exit status whenever something went wrong

func main() {
	ctx, stop := untilSignal()
	defer stop()
	if err := run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "lifecircle: "+sentence(err))
		stop()
		os.Exit(failed) //nolint:gocritic // stop has been called
	}
}

// untilSignal returns a context that ends with the first SIGTERM or SIGINT.
// The second ends the program at once: a local Postgres that is left over is
// adopted by the next start.
func untilSignal() (context.Context, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() { // ends with the program
		<-signals
		cancel()
		<-signals
		fmt.Fprintln(os.Stderr, "lifecircle: ended at once by a second signal")
		os.Exit(failed)
	}()
	return ctx, cancel
}

// run is the program. An error is one sentence for people.
func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) error {
	c, err := config.Parse(args, environ, stdout)
	if errors.Is(err, config.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	log, err := obs.NewLogger(stderr, string(c.Database.LogLevel))
	if err != nil && c.Command != config.Version {
		return err
	}
	p := program{config: c, log: log, out: stdout}
	return p.do(ctx)
}

// sentence makes one line of an error.
func sentence(err error) string {
	return strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}
