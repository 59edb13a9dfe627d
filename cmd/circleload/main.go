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
)

// The exit statuses.
const (
	exitFaults     = 1
	exitUsage      = 2
	exitNotCarried = 3
)

// failure is an error that knows its exit status. A silent one has been told
// already, by the report.
type failure struct {
	status int
	silent bool
	err    error
}

func (f failure) Error() string { return f.err.Error() }
func (f failure) Unwrap() error { return f.err }

func usage(err error) error { return failure{status: exitUsage, err: err} }

func notCarried(err error) error { return failure{status: exitNotCarried, err: err} }

func main() {
	ctx, stop := untilSignal()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err == nil {
		return
	}
	status := exitNotCarried
	var f failure
	if errors.As(err, &f) {
		status = f.status
	}
	if !f.silent {
		fmt.Fprintln(os.Stderr, "circleload: "+strings.TrimRight(err.Error(), "\n"))
	}
	os.Exit(status)
}

// untilSignal returns a context that ends with the first SIGINT or SIGTERM. The
// second ends the program at once.
func untilSignal() (context.Context, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() { // ends with the program
		<-signals
		cancel()
		<-signals
		fmt.Fprintln(os.Stderr, "\ncircleload: ended at once by a second signal")
		os.Exit(exitNotCarried)
	}()
	return ctx, cancel
}

// run is the program.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	asked, err := parse(args, stdout)
	switch {
	case errors.Is(err, errHelp):
		return nil
	case err != nil:
		return usage(err)
	case asked.run == nil:
		return list(stdout)
	}
	return asked.run.play(ctx, stdout, stderr)
}
