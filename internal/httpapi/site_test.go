package httpapi

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/feed"
	"lifecircle/internal/auth"
	"lifecircle/internal/creditscore"
	"lifecircle/internal/id"
	"lifecircle/internal/identity"
	"lifecircle/internal/identity/verifier"
	"lifecircle/internal/identity/verifier/manual"
	authority "lifecircle/internal/identity/verifier/sandbox"
	"lifecircle/internal/media"
	"lifecircle/internal/media/blob"
	"lifecircle/internal/pgtest"
	"lifecircle/internal/problem"
	"lifecircle/payments"
	"lifecircle/payments/provider"
	"lifecircle/payments/provider/sandbox"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// site is the API over real services on a database of its own.
type site struct {
	t         testing.TB
	pool      *pgxpool.Pool
	auth      *auth.Service
	money     *payments.Service
	bank      *sandbox.Bank
	identity  *identity.Service
	authority *authority.Authority
	handler   http.Handler
	doc       *huma.OpenAPI
	log       *logbook

	mu   sync.Mutex
	last Observation // guarded by mu; of the last answer
}

func newSite(t testing.TB, change func(*Options)) *site {
	t.Helper()
	s := &site{t: t, pool: pgtest.New(t), log: &logbook{}}
	s.auth = auth.NewService(s.pool, auth.Options{Password: auth.Argon2{Time: 1, MemoryKiB: 64}})
	files, err := blob.NewDisk(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = files.Close() })
	photos := media.New(s.pool, media.Options{Store: files})
	service, err := feed.New(t.Context(), s.pool, feed.Options{Photos: photos})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = service.Run(ctx) })
	running.Go(func() { _ = photos.Run(ctx) })
	t.Cleanup(func() { stop(); running.Wait() })
	s.openWallets(service)
	running.Go(func() { _ = s.money.Run(ctx) })
	running.Go(func() { _ = s.bank.Run(ctx) })
	scores, err := creditscore.New(t.Context(), s.pool, creditscore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Scores: scores, Feed: service, Auth: s.auth, Payments: s.money, Identity: s.openIdentity(), Photos: photos, Files: files, Sandbox: s.bank.Handler(), Log: slog.New(slog.NewJSONHandler(s.log, nil)), Observe: s.observe}
	if change != nil {
		change(&o)
	}
	server, err := build(o)
	if err != nil {
		t.Fatal(err)
	}
	s.handler, s.doc = http.HandlerFunc(server.serve), server.api.OpenAPI()
	return s
}

// openIdentity makes an identity service that asks the sandbox authority.
func (s *site) openIdentity() *identity.Service {
	s.t.Helper()
	keys, err := verifier.LoadKeys(s.t.Context(), s.pool, "")
	if err != nil {
		s.t.Fatal(err)
	}
	if s.authority, err = authority.New(s.pool, keys, authority.Options{Told: func(ctx context.Context, id string) { s.identity.Told(ctx, id) }}); err != nil {
		s.t.Fatal(err)
	}
	desk := manual.New(s.pool, keys, nil)
	s.identity = identity.New(s.pool, keys, identity.Options{Verifiers: []verifier.Verifier{s.authority, desk}})
	return s.identity
}

// openWallets makes payments with a sandbox that pays at once.
func (s *site) openWallets(f *feed.Service) {
	s.t.Helper()
	var err error
	s.bank, err = sandbox.New(s.t.Context(), s.pool, sandbox.Options{
		Behaviour: sandbox.AtOnce,
		Deliver: func(ctx context.Context, header http.Header, body []byte) error {
			_, _, err := s.money.Webhook(ctx, sandbox.Name, payments.Header(header), body)
			return err
		},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.money, err = payments.New(s.t.Context(), s.pool, payments.Options{Posts: tippedPosts{f}, Circles: f, Providers: []provider.Provider{s.bank}})
	if err != nil {
		s.t.Fatal(err)
	}
}

// tippedPosts joins feed and payments as the server does.
type tippedPosts struct{ *feed.Service }

func (p tippedPosts) BeginTips(q *pgx.Batch, posts []id.Post, actors []id.ID) payments.PostsTx {
	return tipBatch{p.Service.BeginTips(q, posts, actors)}
}

type tipBatch struct{ *feed.TipBatch }

func (t tipBatch) Actor(user id.ID) (payments.Person, error) {
	a, err := t.TipBatch.Actor(user)
	return payments.Person(a), err
}

func (s *site) observe(o Observation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = o
}

// logbook is a log that a test may read while it is written.
type logbook struct {
	mu  sync.Mutex
	buf strings.Builder
}

func (b *logbook) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logbook) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// header is one header of a request.
type header struct{ name, value string }

func bearing(token string) header { return header{"Authorization", "Bearer " + token} }

var asJSON = header{"Content-Type", "application/json"}

// reached is an answer.
type reached struct {
	*http.Response
	body []byte
}

// do sends a request, with a JSON body unless it is empty, and holds the
// answer to the document.
func (s *site) do(method, target, body string, headers ...header) reached {
	s.t.Helper()
	r := httptest.NewRequest(method, "/", strings.NewReader(body))
	path, query, _ := strings.Cut(target, "?")
	r.URL.Path, r.URL.RawQuery = path, query // as they are, were they never so odd
	if body != "" && !slices.ContainsFunc(headers, func(h header) bool { return h.name == asJSON.name }) {
		headers = append(headers, asJSON)
	}
	for _, h := range headers {
		r.Header.Add(h.name, h.value)
	}
	return s.send(r)
}

// request sends one without a body, and holds its answer to nothing.
func (s *site) request(method, path string, headers ...header) reached {
	r := httptest.NewRequest(method, path, nil)
	for _, h := range headers {
		r.Header.Add(h.name, h.value)
	}
	return s.answer(r)
}

func (s *site) answer(r *http.Request) reached {
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	a := reached{Response: w.Result()}
	a.body, _ = io.ReadAll(a.Body)
	return a
}

func (s *site) send(r *http.Request) reached {
	s.t.Helper()
	a := s.answer(r)
	if a.StatusCode >= 400 && r.Method != http.MethodHead {
		s.checkProblem(r, a)
	}
	return a
}

// checkProblem holds a refusal to its shape, and its code to those that the
// document lists for the operation.
func (s *site) checkProblem(r *http.Request, a reached) {
	s.t.Helper()
	var p Problem
	if err := json.Unmarshal(a.body, &p); err != nil || a.Header.Get("Content-Type") != problemType {
		s.t.Fatalf("%s %s: %d is no problem document: %s %q", r.Method, r.URL, a.StatusCode, a.Header.Get("Content-Type"), a.body)
	}
	if p.Status != a.StatusCode || p.Status != problem.Status(p.Code) || p.Type == "" || p.Title != http.StatusText(p.Status) || p.Detail == "" {
		s.t.Errorf("%s %s: contradictory problem %s with status %d", r.Method, r.URL, a.body, a.StatusCode)
	}
	if p.Status == http.StatusUnauthorized && a.Header.Get("WWW-Authenticate") != "Bearer" {
		s.t.Errorf("%s %s: 401 without WWW-Authenticate", r.Method, r.URL)
	}
	if p.Status == http.StatusForbidden && len(p.Rule) == 0 {
		s.t.Errorf("%s %s: 403 without a rule: %s", r.Method, r.URL, a.body)
	}
	if p.Status == http.StatusTooManyRequests || p.Status == http.StatusServiceUnavailable {
		if wait, err := strconv.Atoi(a.Header.Get("Retry-After")); err != nil || wait < 1 {
			s.t.Errorf("%s %s: %d with Retry-After %q", r.Method, r.URL, p.Status, a.Header.Get("Retry-After"))
		}
	}
	s.mu.Lock()
	route := s.last.Route
	s.mu.Unlock()
	if op := s.operation(r.Method, route); op != nil && !slices.Contains(op.Extensions[codesKey].([]problem.Code), p.Code) {
		s.t.Errorf("%s answers %s, which the document does not tell", op.OperationID, p.Code)
	}
}

// operation finds what the document says of a route, nil if it says nothing.
func (s *site) operation(method, route string) *huma.Operation {
	for path, item := range s.doc.Paths {
		for _, op := range operationsOf(item) {
			if op.Method == method && echoPath(path) == route {
				return op
			}
		}
	}
	return nil
}

func echoPath(path string) string {
	return strings.NewReplacer("{", ":", "}", "").Replace(path)
}

// want fails the test unless the answer has the status, and returns its body
// as JSON.
func (s *site) want(status int, a reached) map[string]any {
	s.t.Helper()
	if a.StatusCode != status {
		s.t.Fatalf("%d instead of %d: %s", a.StatusCode, status, a.body)
	}
	if len(a.body) == 0 {
		return nil
	}
	var v map[string]any
	if err := json.Unmarshal(a.body, &v); err != nil {
		s.t.Fatalf("no JSON: %q", a.body)
	}
	return v
}

// refused fails the test unless the answer is the problem with the code.
func (s *site) refused(code problem.Code, a reached) map[string]any {
	s.t.Helper()
	v := s.want(problem.Status(code), a)
	if v["code"] != string(code) {
		s.t.Errorf("%v instead of %s: %s", v["code"], code, a.body)
	}
	return v
}

// person is somebody with an account.
type person struct{ id, handle, token string }

func (p person) auth() header { return bearing(p.token) }

const password = "correct horse battery"

// person makes an account through the front door.
func (s *site) person(handle string) person {
	s.t.Helper()
	v := s.want(http.StatusCreated, s.do("POST", "/v1/auth/register", `{"handle":"`+handle+`","password":"`+password+`","display_name":"Ann"}`))
	return person{id: v["user"].(map[string]any)["id"].(string), handle: handle, token: v["access_token"].(string)}
}

// circle founds one, and returns its path.
func (s *site) circle(p person) string {
	s.t.Helper()
	a := s.do("POST", "/v1/circles", `{"name":"Tea","description":"We drink it."}`, p.auth())
	s.want(http.StatusCreated, a)
	return a.Header.Get("Location")
}

// post writes one, and returns its path.
func (s *site) post(p person, circle, text string) string {
	s.t.Helper()
	body, _ := json.Marshal(map[string]string{"text": text})
	a := s.do("POST", circle+"/posts", string(body), p.auth())
	s.want(http.StatusCreated, a)
	return a.Header.Get("Location")
}

// rows counts what is in the tables that requests write to.
func (s *site) rows() (n int) {
	s.t.Helper()
	for _, table := range []string{
		"users", "sessions", "refresh_tokens", "circles", "circle_members", "follows", "posts", "likes", "comments", "circle_events", "idempotency_keys",
		"transfers", "entries", "tips", "refunds", "topups", "withdrawals", "holds", "contracts", "photos", "photo_sizes", "photo_blobs", "photo_uploads", "photo_upload_parts",
	} {
		var some int
		if err := s.pool.QueryRow(s.t.Context(), "SELECT count(*) FROM "+table).Scan(&some); err != nil {
			s.t.Fatal(err)
		}
		n += some
	}
	return n
}
