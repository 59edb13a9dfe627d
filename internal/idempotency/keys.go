package idempotency

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/internal/id"
	"lifecircle/internal/problem"
)

// What a key may be, and how long its answer is kept.
const (
	MaxKeyLength = 255            // bytes, printable ASCII
	Retention    = 24 * time.Hour // of keys that moved no money; the others are kept
)

// Request is a command with a key. The zero Request has none.
type Request struct {
	User        id.ID
	Key         string
	Fingerprint [sha256.Size]byte // of the operation and its input
	Forever     bool              // it moves money: the answer is kept for ever
}

// NewRequest checks the key and takes the fingerprint of the operation's name
// and its input, which must marshal to the same JSON each time.
func NewRequest(user id.ID, key, operation string, input ...any) (Request, error) {
	if key == "" {
		return Request{}, nil
	}
	if err := Check(key); err != nil {
		return Request{}, err
	}
	raw, err := json.Marshal([]any{operation, input})
	if err != nil {
		return Request{}, fmt.Errorf("fingerprint of %s: %w", operation, err)
	}
	return Request{User: user, Key: key, Fingerprint: sha256.Sum256(raw)}, nil
}

// Check refuses keys that are too long or hold anything but printable ASCII.
func Check(key string) error {
	for i := range len(key) {
		if key[i] < 0x20 || key[i] > 0x7e {
			return problem.New(problem.IdempotencyKeyBad, "An idempotency key is made of printable ASCII characters.")
		}
	}
	if len(key) > MaxKeyLength {
		return problem.New(problem.IdempotencyKeyBad, "An idempotency key has at most %d characters.", MaxKeyLength)
	}
	return nil
}

// Used tells whether the request carries a key.
func (r Request) Used() bool { return r.Key != "" }

func (r Request) name() name { return name{r.User, r.Key} }

type name struct {
	user id.ID
	key  string
}

// lockID is what other nodes see of a key in progress.
func (n name) lockID() int64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "idempotency %d %s", n.user, n.key)
	return int64(h.Sum64()) //nolint:gosec // bits, not a number
}

var errBusy = problem.New(problem.IdempotencyBusy, "A request with this idempotency key is still in progress.")

// InProgress are the keys that this node is working on.
type InProgress struct {
	mu   sync.Mutex
	keys map[name]struct{}
}

// Begin marks the request's key, or fails with IdempotencyBusy. The caller
// calls end when the answer is there.
func (p *InProgress) Begin(r Request) (end func(), err error) {
	if !r.Used() {
		return func() {}, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, busy := p.keys[r.name()]; busy {
		return nil, errBusy
	}
	if p.keys == nil {
		p.keys = map[name]struct{}{}
	}
	p.keys[r.name()] = struct{}{}
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.keys, r.name())
	}, nil
}

// Answer is what was answered to a key the first time.
type Answer struct {
	Status int // HTTP status
	Body   []byte
}

// Into reads a stored answer: the result into v, or the refusal as an error.
func (a Answer) Into(v any) error {
	if a.Status >= 400 {
		var p problem.Problem
		if err := json.Unmarshal(a.Body, &p); err != nil {
			return fmt.Errorf("read a stored refusal: %w", err)
		}
		return &p
	}
	if err := json.Unmarshal(a.Body, v); err != nil {
		return fmt.Errorf("read a stored answer: %w", err)
	}
	return nil
}

// Keys are the keys of one batch, seen and stored by one transaction.
type Keys struct {
	busy   map[name]bool
	known  map[name]stored
	fresh  []Request
	stored []Answer
}

type stored struct {
	fingerprint []byte
	Answer
}

// Lock queues the statements that claim the keys without waiting and read what
// is stored under them. It must be the first lock of the transaction.
func Lock(b *pgx.Batch, requests []Request) *Keys {
	k := &Keys{busy: map[name]bool{}, known: map[name]stored{}}
	users, keys, locks := make([]id.ID, 0, len(requests)), make([]string, 0, len(requests)), make([]int64, 0, len(requests))
	for _, r := range requests {
		if r.Used() {
			users, keys, locks = append(users, r.User), append(keys, r.Key), append(locks, r.name().lockID())
		}
	}
	if len(keys) == 0 {
		return k
	}
	b.Queue(`SELECT n.user_id, n.key, pg_try_advisory_xact_lock(n.lock_id)
		FROM unnest($1::bigint[], $2::text[], $3::bigint[]) AS n (user_id, key, lock_id)`, users, keys, locks).
		Query(func(rows pgx.Rows) error {
			var (
				n    name
				mine bool
			)
			_, err := pgx.ForEachRow(rows, []any{&n.user, &n.key, &mine}, func() error {
				k.busy[n] = !mine
				return nil
			})
			return err
		})
	b.Queue(`SELECT i.user_id, i.key, i.fingerprint, i.status, i.answer
		FROM unnest($1::bigint[], $2::text[]) AS n (user_id, key) JOIN idempotency_keys i USING (user_id, key)`, users, keys).
		Query(func(rows pgx.Rows) error {
			var (
				n name
				s stored
			)
			_, err := pgx.ForEachRow(rows, []any{&n.user, &n.key, &s.fingerprint, &s.Status, &s.Body}, func() error {
				k.known[n] = stored{append([]byte(nil), s.fingerprint...), Answer{s.Status, append([]byte(nil), s.Body...)}}
				return nil
			})
			return err
		})
	return k
}

// First tells what to do with a request: nil, nil is to do it; an Answer is to
// repeat it; a problem is to refuse it (in progress elsewhere, or the key was
// used for another request).
func (k *Keys) First(r Request) (*Answer, error) {
	if !r.Used() {
		return nil, nil
	}
	if k.busy[r.name()] {
		return nil, errBusy
	}
	known, ok := k.known[r.name()]
	if !ok {
		return nil, nil
	}
	if string(known.fingerprint) != string(r.Fingerprint[:]) {
		return nil, problem.New(problem.IdempotencyKeyReused, "This idempotency key was used for another request.")
	}
	return &known.Answer, nil
}

// Keep remembers the answer to a request that was done or refused for good:
// result is marshalled, a problem is kept as the refusal. Other errors are not
// kept, so that a retry tries again.
func (k *Keys) Keep(r Request, status int, result any, refusal error) error {
	if !r.Used() {
		return nil
	}
	return k.keep(r, status, result, refusal)
}

func (k *Keys) keep(r Request, status int, result any, refusal error) error {
	a := Answer{Status: status}
	if refusal != nil {
		p := problem.From(refusal)
		if p == nil || p.Status() >= 500 || p.Status() == 401 || p.Status() == 429 {
			return nil
		}
		a.Status, result = p.Status(), p
	}
	body, err := json.Marshal(result)
	if err != nil {
		return fmt.Errorf("keep an answer: %w", err)
	}
	a.Body = body
	k.fresh, k.stored = append(k.fresh, r), append(k.stored, a)
	k.known[r.name()] = stored{r.Fingerprint[:], a}
	return nil
}

// Write queues the statement that stores what was kept.
func (k *Keys) Write(b *pgx.Batch) {
	if len(k.fresh) == 0 {
		return
	}
	n := len(k.fresh)
	users, keys, prints, statuses, answers := make([]id.ID, n), make([]string, n), make([][]byte, n), make([]int, n), make([]string, n)
	forever := make([]bool, n)
	for i, r := range k.fresh {
		users[i], keys[i], prints[i], statuses[i], answers[i] = r.User, r.Key, k.fresh[i].Fingerprint[:], k.stored[i].Status, string(k.stored[i].Body)
		forever[i] = r.Forever
	}
	b.Queue(`INSERT INTO idempotency_keys (user_id, key, fingerprint, status, answer, forever)
		SELECT * FROM unnest($1::bigint[], $2::text[], $3::bytea[], $4::integer[], $5::text[], $6::boolean[])`, users, keys, prints, statuses, answers, forever)
}

const (
	sweepEvery = 5 * time.Minute
	sweepRows  = 1_000 // deleted in one statement
)

// Sweep deletes keys older than Retention from time to time until ctx ends.
func Sweep(ctx context.Context, pool *pgxpool.Pool, log *slog.Logger) error {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if err := SweepOnce(ctx, pool); err != nil && ctx.Err() == nil {
			log.Warn("sweep idempotency keys", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// SweepOnce deletes the keys that are older than Retention now.
func SweepOnce(ctx context.Context, pool *pgxpool.Pool) error {
	for {
		tag, err := pool.Exec(ctx, `DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(
			SELECT ctid FROM idempotency_keys WHERE NOT forever AND created_at < now() - $1::interval ORDER BY created_at LIMIT $2))`, Retention, sweepRows)
		if err != nil || tag.RowsAffected() < sweepRows {
			return err
		}
	}
}
