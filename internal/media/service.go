package media

import (
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/internal/id"
	"lifecircle/internal/idempotency"
	"lifecircle/internal/media/blob"
	"lifecircle/internal/media/picture"
	"lifecircle/internal/pg"
	"lifecircle/internal/problem"
)

// Options of a Service. Store is needed; other zero values take the defaults.
type Options struct {
	Store      blob.Store
	Workshop   *picture.Workshop
	Makers     int            // photos that are made at once, if the workshop has hands and memory for them; default half of GOMAXPROCS
	Classifier *ClassifierAPI // nil: nobody is asked
	Unlimited  bool           // lifts MaxDayBytes
	Log        *slog.Logger
	Count      func(what string) // told of each photo made, refused, unclassified and sensitive, and each file swept; nil: nobody counts
}

// Counted are the names that Options.Count is told.
var Counted = []string{"made", "refused", "unclassified", "sensitive", "swept"}

// Service keeps photos on one node. Its methods may be called from many
// goroutines; uploads become photos while Run is running.
type Service struct {
	pool       *pgxpool.Pool
	store      blob.Store
	workshop   *picture.Workshop
	makers     int
	classifier *ClassifierAPI
	unlimited  bool
	log        *slog.Logger
	count      func(string)
	inProgress idempotency.InProgress
	buffers    sync.Pool     // of *[pieceBytes]byte
	pieces     chan struct{} // taken while a piece is kept
	look       chan struct{} // wakes a maker

	mu      sync.Mutex // guards waiters
	waiters map[id.ID][]chan struct{}
}

// New returns a Service on a migrated database.
func New(pool *pgxpool.Pool, o Options) *Service {
	s := &Service{
		pool: pool, store: o.Store, workshop: o.Workshop, makers: o.Makers, classifier: o.Classifier, unlimited: o.Unlimited, log: o.Log, count: o.Count,
		buffers: sync.Pool{New: func() any { return new([pieceBytes]byte) }}, pieces: make(chan struct{}, piecesAtOnce),
		look: make(chan struct{}, 1), waiters: map[id.ID][]chan struct{}{},
	}
	if s.workshop == nil {
		s.workshop = picture.NewWorkshop(picture.WorkshopOptions{})
	}
	if s.makers <= 0 {
		s.makers = max(1, runtime.GOMAXPROCS(0)/2)
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	if s.count == nil {
		s.count = func(string) {}
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
