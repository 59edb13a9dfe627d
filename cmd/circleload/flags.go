package main

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"

	"github.com/alecthomas/kong"

	"lifecircle/cmd/circleload/scenario"
)

var errHelp = errors.New("help was asked for")

// grammar is the command line.
type grammar struct {
	Run  runFlags `cmd:"" help:"Play a scenario: one of those built in, or a YAML file."`
	List struct{} `cmd:"" help:"Name the scenarios that are built in."`
}

// runFlags are all settings of a run.
type runFlags struct {
	Scenario string `arg:"" help:"viewers, storm, like-storm, tip-rain, slow-clients, soak, or path/to/file.yaml."`

	Target  targetFlags  `embed:"" group:"Whom to load"`
	Numbers numberFlags  `embed:"" group:"Numbers in place of the scenario's"`
	Output  outputFlags  `embed:"" group:"What to write"`
	Sockets socketsFlags `embed:"" group:"Sockets"`
}

type targetFlags struct {
	URL         []string `name:"url" placeholder:"URL" help:"A Life Circle server that was started with --dev; may be repeated for the nodes of one system. http://127.0.0.1:8080 without any."`
	SocketURL   []string `name:"socket-url" placeholder:"URL" help:"Instead: the WebSocket address of any server of the Centrifuge protocol; may be repeated."`
	PublishURL  string   `placeholder:"URL" help:"Where such a server takes publications. {{channel}} stands for the channel."`
	Header      []string `name:"publish-header" sep:"none" placeholder:"NAME: VALUE" help:"Header of a publication; may be repeated."`
	PublishBody string   `default:"{\"channel\":\"{{channel}}\",\"data\":{{data}}}" help:"Body of a publication. {{data}} stands for the JSON that is published."`
	Refused     string   `name:"publish-refused" default:"\"error\":" help:"What the answer to a publication contains if it was refused in spite of status 200."`
	Channel     string   `default:"circleload-{{n}}" help:"Name of the channels there. {{n}} is 1, 2, 3 ..."`
	Token       string   `placeholder:"JWT" help:"Connect token of all viewers there. None without it."`
	AllowRemote bool     `help:"Load a server that is not on this machine. Be sure that it is yours."`
}

// numberFlags replace numbers of the scenario where they are given.
type numberFlags struct {
	Viewers     *int           `placeholder:"N" help:"People who look on."`
	SlowViewers *int           `placeholder:"N" help:"Of those who hardly read."`
	Circles     *int           `placeholder:"N" help:"Circles, or channels."`
	Each        *int           `placeholder:"N" help:"Circles that each viewer watches."`
	Actors      *int           `placeholder:"N" help:"People who act."`
	Duration    *time.Duration `placeholder:"TIME" help:"Of the measured part: 90s, 10m."`
	Rate        *float64       `placeholder:"N" help:"Of the scenario's first action, a second; 0: without it."`
	Bytes       *int           `placeholder:"N" help:"Of a text."`
	ConnectRate *float64       `placeholder:"N" help:"Sockets opened a second; 0: as fast as it goes."`
	Seed        uint64         `default:"1" help:"Of everything random."`
}

type outputFlags struct {
	PID  []int  `name:"pid" placeholder:"PID" help:"Process of the server whose CPU time and memory is told; may be repeated."`
	JSON string `name:"json" placeholder:"FILE" help:"Write the report as JSON."`
	HTML string `name:"html" placeholder:"FILE" help:"Write the report as one page with plots."`
}

type socketsFlags struct {
	Protocol  string       `enum:"json,protobuf" default:"json" help:"json or protobuf."`
	Compress  bool         `help:"Offer permessage-deflate."`
	Addresses []netip.Addr `name:"source-addresses" placeholder:"ADDR,..." help:"Local addresses to connect from: each has some 28,000 ports. On loopback they are found without."`
}

// request is what the command line asked for: a run, or else the list.
type request struct{ run *runFlags }

func parse(args []string, out io.Writer) (request, error) {
	var g grammar
	helped := false
	parser, err := kong.New(&g, kong.Name("circleload"), kong.Description("Play many people against a live server, and check that each got what he was owed."),
		kong.Writers(out, out), kong.Exit(func(int) { helped = true }), kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	if err != nil {
		return request{}, fmt.Errorf("read the command line's grammar: %w", err)
	}
	chosen, err := parser.Parse(args)
	switch {
	case helped:
		return request{}, errHelp
	case err != nil:
		return request{}, err
	case chosen.Command() == "list":
		return request{}, nil
	}
	return request{run: &g.Run}, nil
}

func list(out io.Writer) error {
	all, err := scenario.BuiltIn()
	if err != nil {
		return err
	}
	for _, s := range all {
		if _, err := fmt.Fprintf(out, "%-13s %s (%s)\n", s.Name, s.About, shortTime(s.Duration)); err != nil {
			return err
		}
	}
	return nil
}

// scenario is the one asked for, with the flags' numbers in it.
func (f *runFlags) scenario() (scenario.Scenario, error) {
	s, err := scenario.Load(f.Scenario)
	if err != nil {
		return s, err
	}
	n := f.Numbers
	replace(&s.Viewers, n.Viewers)
	replace(&s.Slow.Viewers, n.SlowViewers)
	replace(&s.Circles, n.Circles)
	replace(&s.Each, n.Each)
	replace(&s.Actors, n.Actors)
	replace(&s.Duration, n.Duration)
	replace(&s.Connect, n.ConnectRate)
	switch {
	case n.Rate == nil:
	case len(s.Actions) == 0:
		return s, errors.New("--rate is given, but the scenario has no action")
	case *n.Rate == 0:
		s.Actions = s.Actions[1:]
	default:
		s.Actions[0].Rate = *n.Rate
	}
	for i := range s.Actions {
		replace(&s.Actions[i].Bytes, n.Bytes)
	}
	// A shorter run leaves less room than the file had.
	if err := s.Check(); err != nil {
		return s, fmt.Errorf("with the flags' numbers, %s: %w", s.Name, err)
	}
	return s, nil
}

func replace[T any](value, by *T) {
	if by != nil {
		*value = *by
	}
}
