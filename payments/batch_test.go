package payments_test

import (
	"bytes"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/internal/groupcommit"
	"lifecircle/internal/id"
	"lifecircle/internal/problem"
	"lifecircle/payments"
)

// A batch of good tips with one of each sort that fails among them: by
// decision, by the database, and with a message that it cannot be sent.
func TestOneBadTipHarmsNoNeighbour(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	s := w.scene()
	poor := w.people(1, 5)[0]
	tip := s.tip(s.payer, s.post, 10)
	w.refuses("tips", `NEW.message = 'poison'`)
	here := w.waiting(w.pool, groupcommit.Options{Lanes: 1})
	var calls []func()
	for range 8 {
		calls = append(calls, here.tips(s.payer, s.post, fen(10), func(_ payments.Tip, err error) {
			if err != nil {
				t.Errorf("a neighbour: %v", err)
			}
		}))
	}
	poison := fen(10)
	poison.Message = "poison"
	calls = append(calls[:4], append([]func(){
		here.tips(poor, s.post, fen(6), func(_ payments.Tip, err error) { w.refused(err, problem.InsufficientFunds) }),
		func() {
			if _, err := here.Tip(t.Context(), s.payer, s.post, poison, "poison"); err == nil || problem.From(err) != nil {
				t.Errorf("poison: %v", err)
			}
		},
		here.tips(s.author, s.post, fen(1), func(_ payments.Tip, err error) { w.refused(err, problem.OwnPost) }),
		func() {
			if _, err := here.Refund(t.Context(), s.payer, tip.ID, payments.NewRefund{}, "refund"); err != nil {
				t.Errorf("a neighbour's refund: %v", err)
			}
		},
	}, calls[4:]...)...)
	done := here.queue(calls...)
	here.start()
	done()
	if n := w.number(`SELECT count(*) FROM tips`); n != 9 || w.balance(s.payer) != 10_000-80 || w.balance(poor) != 5 {
		t.Errorf("%d tips, %d fen are left", n, w.balance(s.payer))
	}
	if n := w.number(`SELECT count(*) FROM idempotency_keys WHERE key = 'poison'`); n != 0 {
		t.Error("what failed by itself may not be tried again")
	}
	w.sound()
}

// Within a batch, the order is that of arrival: what the first leaves is there for the second.
func TestABatchOverdrawsNoWallet(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	s := w.scene()
	s.gives(s.payer, 25)
	here := w.waiting(w.pool, groupcommit.Options{Lanes: 1})
	var calls []func()
	for i := range 5 {
		calls = append(calls, here.tips(s.payer, s.post, fen(10), func(_ payments.Tip, err error) {
			if i < 2 && err != nil {
				t.Errorf("tip %d: %v", i, err)
			}
			if i >= 2 {
				w.refused(err, problem.InsufficientFunds)
			}
		}))
	}
	calls = append(calls, here.tips(s.payer, s.post, fen(5), func(_ payments.Tip, err error) {
		if err != nil {
			t.Errorf("the last five fen: %v", err)
		}
	}))
	done := here.queue(calls...)
	here.start()
	done()
	if w.balance(s.payer) != 0 {
		t.Errorf("%d fen are left", w.balance(s.payer))
	}
	w.sound()
}

// What is accepted is answered; what does not fit is refused at once, and its key is fresh.
func TestAFullQueueRefusesTips(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	s := w.scene()
	here := w.waiting(w.pool, groupcommit.Options{Lanes: 1, Queue: 3})
	var calls []func()
	for range 3 {
		calls = append(calls, here.tips(s.payer, s.post, fen(1), func(_ payments.Tip, err error) {
			if err != nil {
				t.Errorf("accepted: %v", err)
			}
		}))
	}
	done := here.queue(calls...)
	_, err := here.Tip(t.Context(), s.payer, s.post, fen(2), "k")
	if w.refused(err, problem.Overloaded); problem.From(err).RetryAfter <= 0 || !here.Crowded() {
		t.Errorf("%+v, crowded %t", problem.From(err), here.Crowded())
	}
	stop := here.start()
	done()
	if _, err := here.Tip(t.Context(), s.payer, s.post, fen(2), "k"); err != nil {
		t.Errorf("later: %v", err)
	}
	stop()
	_, err = here.Tip(t.Context(), s.payer, s.post, fen(2), "k2")
	w.refused(err, problem.Unavailable)
	if w.balance(s.payer) != 10_000-5 {
		t.Errorf("%d fen are left", w.balance(s.payer))
	}
	w.sound()
}

// Nobody knows whether it was committed: 503, and the key finds out. Who hears
// of counts and wallets is told again.
func TestATipWhoseCommitIsUnknown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	s := w.scene()
	here := w.waiting(w.cutting("marked"), groupcommit.Options{Lanes: 1})
	in := fen(100)
	in.Message = "marked"
	try := func() (payments.Tip, error) { return here.Tip(t.Context(), s.payer, s.post, in, "k") }
	neighbour := w.people(1, 50)[0]
	done := here.queue(func() {
		_, err := try()
		w.refused(err, problem.Unavailable)
	}, here.tips(neighbour, s.post, fen(60), func(_ payments.Tip, err error) { w.refused(err, problem.Unavailable) }))
	here.start()
	done()
	if n := w.number(`SELECT count(*) FROM tips`); n != 1 {
		t.Fatalf("%d tips: the cut came too early for this test", n)
	}
	if tip, err := try(); err != nil || tip.TipTotal != 100 {
		t.Errorf("the retry: %+v %v", tip, err)
	}
	w.until("the counts are told", func() bool { return w.ears.counted(s.post).TipTotal == 100 })
	if w.ears.told(s.author) != 1 {
		t.Errorf("the author was told %d times of his wallet", w.ears.told(s.author))
	}
	if w.balance(s.payer) != 9900 {
		t.Errorf("%d fen are left", w.balance(s.payer))
	}
	w.sound()
}

// The number of a transfer begins with a random one, which another node may
// have drawn in the same millisecond.
func TestATransferWhoseNumberIsTakenGetsAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	s := w.scene()
	w.exec(`CREATE SEQUENCE attempts`)
	w.exec(`CREATE FUNCTION taken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		IF nextval('attempts') = 1 THEN INSERT INTO transfers (id, kind, payer_id, source, created_at) VALUES (NEW.id, 'test', 1, 'elsewhere', now()); END IF; RETURN NEW; END $$`)
	w.exec(`CREATE TRIGGER taken BEFORE INSERT ON transfers FOR EACH ROW WHEN (NEW.kind = 'tip') EXECUTE FUNCTION taken()`)
	if _, err := w.money().Tip(t.Context(), s.payer, s.post, s.in, "k"); err != nil {
		t.Error(err)
	}
	w.sound()
}

// Several nodes and lanes on the same few wallets and posts, in all directions:
// no deadlock, nobody overdrawn, nothing lost.
func TestManyNodesOnHotWallets(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, withTill(newTill()))
	seed := rand.Uint64() //nolint:gosec // a test
	t.Logf("seed %d", seed)
	var noise lockedBuffer
	people := w.people(6, 300)
	var targets []id.Post
	for _, a := range people[:4] {
		targets = append(targets, w.post(a, w.circle(a)))
	}
	w.contract(targets[0].Circle, people[0], people[5], 5000, 4000, 1000, 0)
	w.contract(targets[1].Circle, people[1], people[4], 5000, 4000, 1000, 0)
	var (
		pools []*pgxpool.Pool
		stops []func()
		all   sync.WaitGroup
		mu    sync.Mutex
		given []id.Comment
	)
	for n := range 3 {
		pool := w.opened(w.pool.Config())
		bank := newTill()
		here := w.waiting(pool, groupcommit.Options{Lanes: 3, MaxBatch: 16}, withTill(bank),
			func(o *payments.Options) { o.Log = slog.New(slog.NewTextHandler(&noise, nil)) })
		pools, stops = append(pools, pool), append(stops, here.start())
		for caller := range 8 {
			rnd := rand.New(rand.NewPCG(seed, uint64(n*100+caller))) //nolint:gosec // a test
			all.Go(func() {
				for range 25 {
					who := people[rnd.IntN(len(people))]
					var err error
					switch k := rnd.IntN(12); {
					case k < 8:
						var tip payments.Tip
						tip, err = here.Tip(t.Context(), who, targets[rnd.IntN(len(targets))], fen(1+rnd.Int64N(120)), id.New().String())
						if err == nil {
							mu.Lock()
							given = append(given, tip.ID)
							mu.Unlock()
						}
					case k < 10:
						mu.Lock()
						var tip id.Comment
						if len(given) > 0 {
							tip = given[rnd.IntN(len(given))]
						}
						mu.Unlock()
						_, err = here.Refund(t.Context(), who, tip, payments.NewRefund{Amount: amount(1 + rnd.Int64N(40))}, id.New().String())
					case k < 11:
						_, err = here.Withdraw(t.Context(), who, out(1+rnd.Int64N(50)), id.New().String())
					default:
						hold, e := here.PlaceHold(t.Context(), who.User, 1+rnd.Int64N(50), "looked into", nil)
						if err = e; e == nil {
							err = here.ReleaseHold(t.Context(), who.User, hold.ID)
						}
					}
					if err != nil && problem.From(err) == nil {
						t.Error(err)
					}
				}
			})
		}
	}
	all.Wait()
	for i := range stops {
		stops[i]()
		pools[i].Close()
	}
	if n := w.number(`SELECT count(*) FROM tips`); n < 50 {
		t.Errorf("only %d tips", n)
	}
	if strings.Contains(noise.String(), "given up") {
		t.Errorf("Postgres gave batches up:\n%s", noise.String())
	}
	w.until("all sessions have told their deadlocks", func() bool {
		return w.number(`SELECT numbackends FROM pg_stat_database WHERE datname = current_database()`) <= int64(w.pool.Stat().TotalConns())
	})
	if n := w.number(`SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`); n != 0 {
		t.Errorf("%d deadlocks", n)
	}
	w.sound()
}

// lockedBuffer is a log that many write.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// A batch that waits too long lets go, and its keys are fresh.
func TestABatchThatWaitsTooLongLetsGo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	s := w.scene()
	holder, err := w.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := holder.Exec(t.Context(), `SELECT FROM accounts WHERE id = $1 FOR UPDATE`, s.author.User); err != nil {
		t.Fatal(err)
	}
	here := w.waiting(w.pool, groupcommit.Options{Lanes: 1, Timeout: 200 * time.Millisecond})
	here.start()
	_, err = here.Tip(t.Context(), s.payer, s.post, s.in, "k")
	w.refused(err, problem.Unavailable)
	if err := holder.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.until("the server has given the first batch up", func() bool {
		_, err = here.Tip(t.Context(), s.payer, s.post, s.in, "k")
		return !problem.Has(err, problem.IdempotencyBusy) && !problem.Has(err, problem.Unavailable)
	})
	if err != nil || w.balance(s.payer) != 9900 {
		t.Errorf("afterwards: %v, %d fen are left", err, w.balance(s.payer))
	}
	w.sound()
}
