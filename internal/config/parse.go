package config

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// ErrHelp is returned when the help was asked for and has been written.
var ErrHelp = errors.New("help was asked for")

// grammar is the command line; Config is what becomes of it.
type grammar struct {
	Serve struct {
		Database `embed:""`
		Server   `embed:""`
	} `cmd:"" help:"Run the server."`
	Migrate struct {
		Database `embed:""`
		NewEpoch bool `name:"new-epoch" help:"Also rename every circle's log: after a restore, clients must not resume from offsets of another history."`
	} `cmd:"" help:"Bring the database's schema up to date."`
	Seed struct {
		Database `embed:""`
		Photos   `embed:""`
	} `cmd:"" help:"Write the demo world, once."`
	Audit struct {
		Database `embed:""`
		JSON     bool `name:"json" help:"Print one JSON object instead of lines."`
	} `cmd:"" help:"Prove that the books are in order, while servers work."`
	Reconcile reconcile `cmd:"" help:"Compare a payment provider's books of a day with ours."`
	Hold      struct {
		Place   holdPlace   `cmd:"" help:"Set money of a wallet aside, for a reason that its owner reads."`
		Release holdRelease `cmd:"" help:"End a hold that was placed."`
	} `cmd:"" help:"Money under review."`
	Appeals struct {
		List struct {
			Database `embed:""`
		} `cmd:"" help:"Print those that wait for a decision."`
		Uphold  appeal `cmd:"" help:"The event no longer counts, at once."`
		Dismiss appeal `cmd:"" help:"The event stays."`
	} `cmd:"" help:"Appeals against what is held against scores."`
	Score struct {
		Issuer   scoreIssuer `cmd:"" help:"Let somebody send score events, or give him another key."`
		Seed     scoreSeed   `cmd:"" help:"Note that staff has checked a person by hand: trust is measured by those, and may start with them."`
		Fairness struct {
			Database `embed:""`
		} `cmd:"" help:"Compare how many people are above 750 by gender, age and city."`
	} `cmd:"" help:"Who is believed about scores, and what they come to."`
	Keys struct {
		Rotate struct {
			Database `embed:""`
		} `cmd:"" help:"Sign access tokens with a new key from now on."`
	} `cmd:"" help:"Signing keys."`
	Staff   staff    `cmd:"" help:"People who verify others by hand, and domains of schools and companies."`
	Photos  photos   `cmd:"" help:"Photos that somebody called sensitive."`
	Version struct{} `cmd:"" help:"Say which build this is."`
}

// Parse reads the arguments after the program's name, and for what they leave
// out the process's environment, whose lines environ repeats. Help goes to out.
func Parse(args, environ []string, out io.Writer) (Config, error) {
	var g grammar
	helped := false
	parser, err := kong.New(&g, kong.Name("lifecircle"), kong.Description("Life Circle: a realtime social feed server."),
		kong.Writers(out, out), kong.Exit(func(int) { helped = true }), kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	if err != nil {
		return Config{}, fmt.Errorf("read the command line's grammar: %w", err)
	}
	chosen, err := parser.Parse(args)
	if helped {
		return Config{}, ErrHelp
	}
	if err != nil {
		return Config{}, err
	}
	c, err := g.config(Command(chosen.Command()))
	if err != nil || c.Command == Version {
		return c, err
	}
	if err := refuseUnknown(environ, known(parser.Model.Node)); err != nil {
		return Config{}, err
	}
	return c, c.check()
}

func (g *grammar) config(cmd Command) (c Config, err error) {
	c.Command = cmd
	switch cmd {
	case Serve:
		c.Database, c.Server = g.Serve.Database, g.Serve.Server
	case Migrate:
		c.Database, c.NewEpoch = g.Migrate.Database, g.Migrate.NewEpoch
	case Seed:
		c.Database, c.Server.Photos = g.Seed.Database, g.Seed.Photos
	case Audit:
		c.Database, c.Books.JSON = g.Audit.Database, g.Audit.JSON
	case Reconcile:
		err = g.Reconcile.into(&c)
	case PlaceHold:
		err = g.Hold.Place.into(&c)
	case ReleaseHold:
		err = g.Hold.Release.into(&c)
	case ListAppeals:
		c.Database = g.Appeals.List.Database
	case UpholdAppeal:
		err = g.Appeals.Uphold.into(&c)
	case DismissAppeal:
		err = g.Appeals.Dismiss.into(&c)
	case AddIssuer:
		err = g.Score.Issuer.into(&c)
	case Fairness:
		c.Database = g.Score.Fairness.Database
	case AddSeed:
		err = g.Score.Seed.into(&c)
	case RotateKeys:
		c.Database = g.Keys.Rotate.Database
	case StaffAdd, StaffRemove, StaffList, StaffPending, StaffShow, StaffApprove, StaffRefuse, StaffRevoke, DomainsAdd, DomainsRemove, DomainsList:
		err = g.Staff.into(&c)
	case PendingPhotos, ApprovePhoto, ClearPhoto, FlagPhoto:
		err = g.Photos.into(&c)
	case Version:
	}
	return c, err
}

// known lists the environment variables that any command reads.
func known(n *kong.Node) []string {
	var names []string
	for _, f := range n.Flags {
		names = append(names, f.Envs...)
	}
	for _, child := range n.Children {
		names = append(names, known(child)...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

const prefix = "LIFECIRCLE_"

func refuseUnknown(environ, known []string) error {
	for _, line := range environ {
		name, _, _ := strings.Cut(line, "=")
		if !strings.HasPrefix(name, prefix) || slices.Contains(known, name) {
			continue
		}
		if near := nearest(name, known); near != "" {
			return fmt.Errorf("unknown setting %s in the environment; did you mean %s?", name, near)
		}
		return fmt.Errorf("unknown setting %s in the environment; `lifecircle serve --help` lists those there are", name)
	}
	return nil
}

const maxTypos = 4 // edits between a name and one that it may have meant

// nearest returns the name closest to what was written, or "" if none is close.
func nearest(name string, known []string) string {
	best, at := "", maxTypos+1
	for _, k := range known {
		if !strings.HasPrefix(k, prefix) {
			continue
		}
		if d := distance(name, k); d < at {
			best, at = k, d
		}
	}
	return best
}

// distance counts the single-byte edits between a and b (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
