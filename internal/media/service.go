package media

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/internal/media/blob"
	"lifecircle/internal/media/picture"
	"lifecircle/internal/pg"
	"lifecircle/internal/problem"
)

// Options of a Service. Store is needed; other zero values take the defaults.
type Options struct {
	Store    blob.Store
	Workshop *picture.Workshop
	Log      *slog.Logger
}

// Service keeps photos on one node. Its methods may be called from many
// goroutines.
type Service struct {
	pool     *pgxpool.Pool
	store    blob.Store
	workshop *picture.Workshop
	log      *slog.Logger
}

// New returns a Service on a migrated database.
func New(pool *pgxpool.Pool, o Options) *Service {
	s := &Service{pool: pool, store: o.Store, workshop: o.Workshop, log: o.Log}
	if s.workshop == nil {
		s.workshop = picture.NewWorkshop(picture.WorkshopOptions{})
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	return s
}

const retryLater = time.Second // what is asked of people while the database is away

// outward turns the errors of the parts below into problems where they mean
// something outside.
func outward(err error) error {
	if err == nil || problem.From(err) != nil || !pg.IsUnavailable(err) {
		return err
	}
	away := &problem.Problem{Code: problem.Unavailable, Detail: "The service is restarting.", RetryAfter: retryLater}
	return fmt.Errorf("%w: %w", away, err) // the cause is for the log
}
