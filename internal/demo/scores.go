package demo

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/internal/creditscore"
	"lifecircle/internal/creditscore/model"
	"lifecircle/internal/creditscore/population"
	"lifecircle/internal/creditscore/trust"
	"lifecircle/internal/id"
	"lifecircle/internal/identity"
	"lifecircle/internal/pg"
)

// Scores is what the demo people need of creditscore.
type Scores interface {
	Backfill(ctx context.Context, b creditscore.Backfill) error
	RunNight(ctx context.Context, asOf time.Time) (bool, error)
}

const (
	society    = 1500 // made-up people, among whom the people of the demo world are
	pastIssuer = "sandbox"
	bandMargin = 7 // points between a score and the end of its band, below: trust has other seeds here
	bandHead   = 4 // and above
)

// band is a range of scores and how many in a hundred of the demo people have
// one; the middle of what the model wants.
type band struct {
	from, to int
	share    float64
}

func bands() []band {
	return []band{{350, 549, 0.20}, {550, 599, 0.235}, {600, 649, 0.24}, {650, 699, 0.165}, {701, 750, 0.105}, {751, 950, 0.05}}
}

// loginBands say which band the people have whom visitors sign in as: one may
// comment where it takes more than 750, and may vouch.
var loginBands = map[string]int{"lin": 2, "amy": 5, "mei": 3, "kai": 4}

// SeedScores gives the people of a demo world a past, so that their scores are
// spread as those of a real one, and their first scores. It does so once.
func SeedScores(ctx context.Context, pool *pgxpool.Pool, scores Scores, out io.Writer) error {
	people, fresh, err := pastless(ctx, pool)
	if err != nil || !fresh {
		return err
	}
	begin := time.Now()
	s, err := newSociety(begin)
	if err != nil {
		return err
	}
	chosen := s.choose(people)
	if err := pg.InTx(ctx, pool, func(tx pgx.Tx) error { return identity.SeedTx(ctx, tx, s.levels(chosen)) }); err != nil {
		return fmt.Errorf("write the levels of the demo people: %w", err)
	}
	if err := scores.Backfill(ctx, s.past(chosen)); err != nil {
		return fmt.Errorf("write the past of the demo people: %w", err)
	}
	var now time.Time
	if err := pool.QueryRow(ctx, `SELECT clock_timestamp()`).Scan(&now); err != nil {
		return fmt.Errorf("read the clock: %w", err)
	}
	if _, err := scores.RunNight(ctx, now); err != nil {
		return fmt.Errorf("give the demo people scores: %w", err)
	}
	fmt.Fprintf(out, "The people of the demo world have scores; that took %.1f s.\n", time.Since(begin).Seconds())
	return nil
}

// demoPerson is a person of the demo world who is there.
type demoPerson struct {
	user   id.ID
	handle string
	level  model.Level
	member bool // verified as a student or employee
	said   int  // posts and comments in the demo world
}

// pastless returns the people of the demo world, and whether none of them has a
// past or a score.
func pastless(ctx context.Context, pool *pgxpool.Pool) (people []demoPerson, fresh bool, err error) {
	citizens, _ := mustLoad()
	handles := make([]string, len(citizens))
	for i, c := range citizens {
		handles[i] = c.Handle
	}
	rows, err := pool.Query(ctx, `SELECT u.id, u.handle, EXISTS (SELECT FROM score_events e WHERE e.user_id = u.id) OR EXISTS (SELECT FROM scores s WHERE s.user_id = u.id),
			coalesce(i.level, 0), coalesce(greatest(i.student_until, i.employee_until) > now(), false), coalesce(said.n, 0)
		FROM deployment d, users u LEFT JOIN identities i ON i.user_id = u.id
		LEFT JOIN (SELECT author_id, count(*) AS n FROM (SELECT author_id FROM posts UNION ALL SELECT author_id FROM comments) AS x GROUP BY author_id) AS said
			ON said.author_id = u.id WHERE u.handle = ANY($1) AND d.seeded_at IS NOT NULL ORDER BY u.handle`, handles)
	if err != nil {
		return nil, false, fmt.Errorf("find the demo people: %w", err)
	}
	var (
		p   demoPerson
		has bool
	)
	fresh = true
	_, err = pgx.ForEachRow(rows, []any{&p.user, &p.handle, &has, &p.level, &p.member, &p.said}, func() error {
		people, fresh = append(people, p), fresh && !has
		return nil
	})
	if err != nil {
		return nil, false, fmt.Errorf("find the demo people: %w", err)
	}
	return people, fresh && len(people) > 0, nil
}

// newcomers is the society that the demo people come from.
type newcomers struct {
	*population.World
	degree []int
	inputs []model.Inputs // of each, without level and attributes
	trust  model.Trust
}

func newSociety(now time.Time) (*newcomers, error) {
	s := &newcomers{World: population.New(worldSeed, society, population.Towns, now)}
	lookup, _, err := s.Trust(population.Attack{})
	if err != nil {
		return nil, fmt.Errorf("make up a society: %w", err)
	}
	s.degree, s.inputs, s.trust = make([]int, society), make([]model.Inputs, society), lookup
	for _, l := range s.Links {
		s.degree[l.A]++
		s.degree[l.B]++
	}
	for i := range s.People {
		in := s.Inputs(i)
		in.Levels = [model.LevelBank]time.Time{}
		in.Attributes[model.Student], in.Attributes[model.Employee] = time.Time{}, time.Time{}
		s.inputs[i] = in
	}
	return s, nil
}

// level is how well somebody is verified: all people of the demo world are.
func (s *newcomers) level(i int) model.Level { return max(s.People[i].Level, model.LevelDocument) }

// fits tells whether the past of i gives a person a score of the band. Who is
// below the median of trust fits nowhere: with other seeds the gate might close.
func (s *newcomers) fits(i int, p demoPerson, b band) bool {
	if s.trust.Of(population.ID(i)) < 1 {
		return false
	}
	in := s.inputs[i]
	in.Levels[max(p.level, s.level(i))-1] = s.AsOf.AddDate(1, 0, 0)
	in.Items += p.said
	if p.member {
		in.Attributes[model.Student] = s.AsOf.AddDate(1, 0, 0)
	}
	score := model.Points(in, s.trust, s.AsOf)
	return score >= b.from+bandMargin && score <= b.to-bandHead
}

// choose finds somebody of the right band for each of the people.
func (s *newcomers) choose(people []demoPerson) map[int]demoPerson {
	all, chosen := bands(), map[int]demoPerson{}
	quota := make([]int, len(all))
	for i, b := range all {
		quota[i] = int(math.Round(b.share * float64(len(people))))
	}
	take := func(p demoPerson, b int) bool {
		for i := range s.inputs {
			if _, taken := chosen[i]; !taken && s.fits(i, p, all[b]) {
				chosen[i] = p
				quota[b]--
				return true
			}
		}
		return false
	}
	for _, p := range people {
		if b, ok := loginBands[p.handle]; ok {
			take(p, b)
		}
	}
	next := 0
	for _, p := range people {
		if _, ok := loginBands[p.handle]; ok {
			continue
		}
		for range all { // the bands in turn, as long as they have room
			next = (next + 1) % len(all)
			if quota[next] > 0 && take(p, next) {
				break
			}
		}
	}
	return chosen
}

func (s *newcomers) levels(chosen map[int]demoPerson) (all []identity.SeedPerson) {
	for i, p := range chosen {
		level := int(max(p.level, s.level(i)))
		all = append(all, identity.SeedPerson{User: p.user, Traits: identity.Traits{Level: &level}})
	}
	slices.SortFunc(all, func(a, b identity.SeedPerson) int { return int(a.User - b.User) })
	return all
}

// past turns what the chosen have done into what creditscore is told. The
// others of the society are known by links only. Levels and attributes are the
// business of identity.
func (s *newcomers) past(chosen map[int]demoPerson) creditscore.Backfill {
	b := creditscore.Backfill{Issuer: pastIssuer}
	name := func(of id.ID) id.ID {
		if i, ok := population.Number(of, society); ok {
			if p, ours := chosen[i]; ours {
				return p.user
			}
		}
		return of
	}
	for i := range s.People {
		p, ours := chosen[i]
		if !ours {
			continue
		}
		for _, e := range population.Events(s.History(i)) {
			switch e.Kind {
			case model.IdentityVerified, model.IdentityRevoked, model.AttributeVerified, model.AttributeRevoked:
				continue
			default:
			}
			e.User, e.Other = p.user, name(e.Other)
			b.Events = append(b.Events, e)
		}
	}
	seen := map[[2]id.ID]map[trust.Kind]bool{}
	for _, l := range s.Links {
		a, c := name(population.ID(int(l.A))), name(population.ID(int(l.B)))
		pair := [2]id.ID{min(a, c), max(a, c)}
		if seen[pair] == nil {
			seen[pair] = map[trust.Kind]bool{}
		}
		if seen[pair][l.Kind] {
			continue
		}
		seen[pair][l.Kind] = true
		b.Ties = append(b.Ties, creditscore.Tie{A: a, B: c, Kind: l.Kind})
		_, first := chosen[int(l.A)]
		_, second := chosen[int(l.B)]
		if first && second && l.Kind == trust.AcceptedContact {
			b.Contacts = append(b.Contacts, pair)
		}
	}
	b.Checked = s.checked(name)
	return b
}

// checked are the hand-checked: one in ten of the verified, and a few of level 3
// in each community, among whom are the seeds.
func (s *newcomers) checked(name func(id.ID) id.ID) (all []creditscore.Checked) {
	seen := map[int32]int{}
	for i, p := range s.People {
		c := creditscore.Checked{User: name(population.ID(i)), Community: s.Community[i]}
		if p.Level == model.LevelBank && s.degree[i] >= 3 {
			seen[c.Community]++
			c.MaySeed = seen[c.Community] <= 4 || seen[c.Community]%10 == 0
		}
		if c.MaySeed || p.Level >= model.LevelDocument && i%10 == 0 {
			all = append(all, c)
		}
	}
	return all
}
