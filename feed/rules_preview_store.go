package feed

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/feed/policy"
	"lifecircle/internal/id"
)

// crowd is those whom a circle's rules concern.
type crowd struct {
	circle policy.Circle
	made   time.Time
	at     time.Time // by the database's clock

	followers, authors int // all of them
	capped             bool
	people             map[id.ID]*crowdPerson // those whose rights were read
}

type crowdPerson struct {
	subject        policy.Subject
	follows, wrote bool
}

// maxRecent bounds the posts, and the comments, whose authors are looked for.
const maxRecent = 50_000

// readCrowd reads, set by set, who follows a circle, who wrote there lately and
// what is known of them.
func (s *Service) readCrowd(ctx context.Context, db sender, circle id.ID) (*crowd, error) {
	c := &crowd{people: map[id.ID]*crowdPerson{}}
	if err := readCrowdIDs(ctx, db, circle, c); err != nil {
		return nil, fmt.Errorf("read whom the rules of circle %s concern: %w", circle, err)
	}
	subjects, err := s.readSubjects(ctx, db, circle, slices.Sorted(maps.Keys(c.people)))
	if err != nil {
		return nil, fmt.Errorf("read the rights of those whom the rules of circle %s concern: %w", circle, err)
	}
	for user, person := range c.people {
		person.subject = subjects[user]
	}
	return c, nil
}

func readCrowdIDs(ctx context.Context, db sender, circle id.ID, c *crowd) error {
	var (
		q         pgx.Batch
		followers []id.ID
		authors   []id.ID
	)
	q.Queue(`SELECT c.name, c.place, c.category, c.tags, c.created_at, n.followers, clock_timestamp()
		FROM circles c JOIN circle_counts n ON n.circle_id = c.id WHERE c.id = $1`, circle).QueryRow(func(row pgx.Row) error {
		return row.Scan(&c.circle.Name, &c.circle.Place, &c.circle.Category, &c.circle.Tags, &c.made, &c.followers, &c.at)
	})
	q.Queue(`SELECT f.user_id FROM follows f WHERE f.circle_id = $1 AND (hashint8(f.user_id) & 2147483647)
			% (SELECT greatest(1, (n.followers + $2 - 1) / $2) FROM circle_counts n WHERE n.circle_id = $1) = 0`, circle, maxPreviewed).
		Query(func(rows pgx.Rows) (err error) { followers, err = pgx.CollectRows(rows, pgx.RowTo[id.ID]); return err })
	q.Queue(`WITH posted AS (SELECT author_id FROM posts WHERE circle_id = $1 AND id >= $2 AND deleted_at IS NULL ORDER BY id DESC LIMIT $3),
			commented AS (SELECT author_id FROM comments WHERE circle_id = $1 AND post_id >= $2 AND deleted_at IS NULL ORDER BY post_id DESC LIMIT $3)
		SELECT DISTINCT author_id, (SELECT count(*) FROM posted) = $3 OR (SELECT count(*) FROM commented) = $3
		FROM (SELECT author_id FROM posted UNION ALL SELECT author_id FROM commented) AS wrote`, circle, id.First(time.Now().Add(-previewSpan)), maxRecent).
		Query(func(rows pgx.Rows) error {
			var author id.ID
			return each(rows, []any{&author, &c.capped}, func() { authors = append(authors, author) })
		})
	if err := db.SendBatch(ctx, &q).Close(); err != nil {
		return err
	}
	c.authors = len(authors)
	followers, authors = sampled(followers), sampled(authors)
	for _, user := range followers {
		c.person(user).follows = true
	}
	for _, user := range authors {
		c.person(user).wrote = true
	}
	if c.followers <= maxPreviewed {
		c.followers = len(followers)
	}
	return nil
}

// sampled returns all of the people, or maxPreviewed of them.
func sampled(people []id.ID) []id.ID {
	if len(people) > maxPreviewed {
		slices.SortFunc(people, func(a, b id.ID) int { return cmp.Compare(scattered(a), scattered(b)) })
		people = people[:maxPreviewed]
	}
	return people
}

// scattered orders people as if by chance, but always alike, so that the same
// rules have the same preview.
func scattered(user id.ID) uint64 {
	n := uint64(user) //nolint:gosec // ids are positive
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}

func (c *crowd) person(user id.ID) *crowdPerson {
	if c.people[user] == nil {
		c.people[user] = &crowdPerson{}
	}
	return c.people[user]
}

// exact tells whether everybody was asked.
func (c *crowd) exact() bool {
	return !c.capped && c.followers <= maxPreviewed && c.authors <= maxPreviewed
}
