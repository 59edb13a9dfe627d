package httpapi

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"
	"go.opentelemetry.io/otel/trace"

	"lifecircle/internal/media"
	"lifecircle/internal/ratelimit"
)

const (
	// MaxBodyBytes bounds the body of a request: a post of 5,000 of the longest
	// emoji fits.
	MaxBodyBytes = 256 << 10
	// MaxHeaderBytes bounds the request line and the headers together.
	MaxHeaderBytes = 16 << 10

	requestTime = 15 * time.Second  // from the first byte of a handler to its answer
	headerTime  = 5 * time.Second   // to send the headers
	bodyTime    = 10 * time.Second  // to send the body
	readTime    = 30 * time.Second  // from the first byte to the last, also of a body that nobody wants; longer than requestTime
	writeTime   = 60 * time.Second  // from the headers to the end of the answer
	idleTime    = 120 * time.Second // between two requests of a connection
)

// Options are the parts that New joins. Feed, Auth, Payments, Scores, Identity,
// Photos and Files are needed.
type Options struct {
	Feed     Feed
	Auth     Auth
	Payments Payments
	Scores   Scores
	Identity Identity
	Photos   Photos
	Files    Files             // of photos, served below media.PathPrefix
	Limiter  ratelimit.Limiter // nil lifts every rate limit

	Dev       bool                            // opens /v1/dev
	WebSocket http.Handler                    // serves /connection/websocket; nil: not found
	Sandbox   http.Handler                    // serves what is below /sandbox/: a payment provider to test with; nil: not found
	Verify    http.Handler                    // serves what is below /verify/: where codes of mails are brought back; nil: not found
	Web       fs.FS                           // the built web client, index.html at its root; nil: there is none
	Ready     func(context.Context) Readiness // nil: always ready
	Crowded   func() bool                     // whether any change would be refused as overloaded; nil: never
	// PaymentsCrowded tells the same of changes that move money.
	PaymentsCrowded func() bool

	// PublicURL is where people reach the server, without a path; "": unknown.
	PublicURL string

	AdultTips bool // tips take a verified adult: shown in /v1/limits

	Limits  map[string]any // what other parts limit, by the part's name; added to /v1/limits
	Version Version

	// TrustedProxies are the peers whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	Log            *slog.Logger      // nil is slog.Default
	Observe        func(Observation) // told of each answer; nil: nobody counts
	Tracer         trace.Tracer      // makes a span of each request; nil: there are no traces
}

// Observation is one answered request, for metrics.
type Observation struct {
	Method string
	Route  string // its pattern, such as /v1/posts/:id; empty for what is no route
	Status int
	Took   time.Duration
}

// server holds what handlers need.
type server struct {
	Options
	echo   *echo.Echo
	api    huma.API
	static *files
	docs   []byte // the page at /docs
	spec   []byte // the document at /openapi.yaml
	limits limitsBody
	reads  *gate
	writes *gate

	streams *gate  // of bodies that come piece by piece
	senders *heads // who sends them
	files   *gate  // of photos, on their way out
}

// New returns the handler of everything that is served on the public address.
func New(o Options) (http.Handler, error) {
	if o.Feed == nil || o.Auth == nil || o.Payments == nil || o.Scores == nil || o.Identity == nil || o.Photos == nil || o.Files == nil {
		return nil, errors.New("httpapi needs a feed, an auth, a payments, a scores, an identity and a photos service, and the files of photos")
	}
	s, err := build(o)
	if err != nil {
		return nil, err
	}
	return http.HandlerFunc(s.serve), nil
}

// Document returns the OpenAPI document in YAML. It depends on nothing but
// the code.
func Document() ([]byte, error) {
	s, err := build(Options{})
	if err != nil {
		return nil, err
	}
	return s.spec, nil
}

// NewServer returns an http.Server for the handler with every time limit set.
// The caller listens, serves and shuts down.
func NewServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       readTime,
		WriteTimeout:      writeTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    MaxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug), // broken TLS and requests: the client's doing
	}
}

func build(o Options) (*server, error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	s := &server{
		Options: o, reads: newGate(readsAtOnce, readsWaiting, readWait), writes: newGate(writesAtOnce, 0, 0),
		streams: newGate(streamsAtOnce, streamsWaiting, 0), senders: newHeads(userStreams), files: newGate(filesAtOnce, filesWaiting, fileWait),
	}
	var err error
	if s.static, err = loadFiles(o.Web); err != nil {
		return nil, err
	}
	if s.limits, err = limitsOf(o); err != nil {
		return nil, err
	}
	s.newRouter()
	s.routes()
	if s.spec, err = s.finishDocument(); err != nil {
		return nil, err
	}
	s.docs, err = renderDocs(s.api.OpenAPI())
	leaveAmounts(s.api.OpenAPI()) // the document is written
	return s, err
}

// routes lists what is served, area by area.
func (s *server) routes() {
	s.authRoutes()
	s.peopleRoutes()
	s.verificationRoutes()
	s.circleRoutes()
	s.ruleRoutes()
	s.memberRoutes()
	s.postRoutes()
	s.commentRoutes()
	s.photoRoutes()
	s.uploadRoutes()
	s.tipRoutes()
	s.walletRoutes()
	s.contractRoutes()
	s.webhookRoutes()
	s.creditRoutes()
	s.contactRoutes()
	s.scoreEventRoutes()
	s.opsRoutes()
	s.devRoutes()
	s.pageRoutes()
}

const (
	sandboxArea = "/sandbox/"
	verifyArea  = "/verify/"
)

// serve is the outermost handler. Sockets leave here, so that nothing of a
// request's life is held for as long as they last.
func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	if s.Tracer != nil {
		s.forgetForeignTrace(r)
	}
	r = s.withClientAddress(r)
	secure(w.Header())
	if r.URL.Path == socketPath && s.WebSocket != nil {
		s.WebSocket.ServeHTTP(w, r)
		return
	}
	if s.Sandbox != nil && strings.HasPrefix(r.URL.Path, sandboxArea) {
		s.Sandbox.ServeHTTP(w, r)
		return
	}
	if s.Verify != nil && strings.HasPrefix(r.URL.Path, verifyArea) {
		s.Verify.ServeHTTP(w, r)
		return
	}
	if s.crowdedFor(r) {
		s.refuseUnseen(w, r)
		return
	}
	r = tusRequest(w, r)
	if r.Method == http.MethodHead && !strings.HasPrefix(r.URL.Path, media.PathPrefix) { // answered like GET; net/http drops the body
		get := *r
		get.Method, r = http.MethodGet, &get
		w = bodiless{w}
	}
	s.echo.ServeHTTP(w, r)
}

// bodiless keeps a HEAD's answer from having a body, whoever serves it.
type bodiless struct{ http.ResponseWriter }

func (bodiless) Write(b []byte) (int, error)   { return len(b), nil }
func (b bodiless) Unwrap() http.ResponseWriter { return b.ResponseWriter }
