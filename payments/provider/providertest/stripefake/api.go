package stripefake

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// What the one merchant has.
const (
	SecretKey     = "sk_test_stripefake" //nolint:gosec // of the fake
	WebhookSecret = "whsec_stripefake"   //nolint:gosec // of the fake
	Account       = "acct_1PlatformAccount"
)

// object is one of the API's; its fields are as in an answer.
type object map[string]any

func (o object) text(name string) string { s, _ := o[name].(string); return s }

// failure is an answer that is no success.
type failure struct {
	status             int
	kind, code, param  string
	message            string
	beforeItWasStarted bool // so the idempotency key stays free
}

func invalid(code, param, message string) *failure {
	return &failure{http.StatusBadRequest, "invalid_request_error", code, param, message, false}
}

func missing(what, id string) *failure {
	return &failure{http.StatusNotFound, "invalid_request_error", "resource_missing", "id", "No such " + what + ": '" + id + "'", false}
}

// answer is kept under an idempotency key.
type answer struct {
	request string // path and parameters
	status  int
	body    []byte
	again   bool // a replay
}

// API is Stripe.
type API struct {
	srv  *httptest.Server
	page int // objects on a page at most

	mu      sync.Mutex // guards what follows
	objects []object   // newest last
	keys    map[string]answer
	numbers int
	balance int64 // fen
	calls   map[string]int
	fail    map[string]int // "POST /v1/transfers" -> status of the next answer; 0: work, then hang up
}

// New starts an API that ends with the test and has so many objects on a page.
func New(t testing.TB, page int) *API {
	t.Helper()
	a := &API{page: page, keys: map[string]answer{}, calls: map[string]int{}, fail: map[string]int{}}
	mux := http.NewServeMux()
	for pattern, do := range map[string]func(*http.Request, url.Values) (object, *failure){
		"POST /v1/checkout/sessions":     a.createSession,
		"GET /v1/checkout/sessions/{id}": a.getSession,
		"GET /v1/checkout/sessions":      a.list("checkout.session"),
		"POST /v1/refunds":               a.createRefund,
		"GET /v1/refunds":                a.list("refund"),
		"POST /v1/transfers":             a.createTransfer,
		"GET /v1/transfers":              a.list("transfer"),
		"GET /v1/balance_transactions":   a.list("balance_transaction"),
	} {
		mux.HandleFunc(pattern, a.handle(pattern, do))
	}
	mux.HandleFunc("GET /c/pay/{id}", a.checkoutPage)
	a.srv = httptest.NewServer(mux)
	t.Cleanup(a.srv.Close)
	return a
}

// URL is the API's base.
func (a *API) URL() string { return a.srv.URL }

// HTTP is a client for it whose connections end with it.
func (a *API) HTTP() *http.Client { return a.srv.Client() }

// Calls tells how often a route, such as "POST /v1/refunds", did its work.
func (a *API) Calls(route string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.calls[route]
}

// FailNext answers the next call of a route with a status, or, with 0, does
// its work and hangs up.
func (a *API) FailNext(route string, status int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.fail[route] = status
}

// ForgetKeys is what Stripe does with idempotency keys after a day.
func (a *API) ForgetKeys() {
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.keys)
}

func (a *API) handle(route string, do func(*http.Request, url.Values) (object, *failure)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			http.Error(w, "malformed", http.StatusBadRequest)
			return
		}
		a.mu.Lock()
		status, failing := a.fail[route]
		delete(a.fail, route)
		got := a.answerTo(route, r, do, status)
		a.mu.Unlock()
		if failing && status == 0 {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Request-Id", "req_"+strconv.Itoa(len(got.body)))
		if got.again {
			w.Header().Set("Idempotent-Replayed", "true")
		}
		w.WriteHeader(got.status)
		_, _ = w.Write(got.body)
	}
}

// answerTo checks the request, replays its key or does the work; a.mu is held.
func (a *API) answerTo(route string, r *http.Request, do func(*http.Request, url.Values) (object, *failure), broken int) answer {
	key := r.Header.Get("Idempotency-Key")
	request := r.URL.Path + "?" + r.Form.Encode()
	old, known := a.keys[key]
	switch {
	case r.Header.Get("Authorization") != "Bearer "+SecretKey:
		return failed(failure{http.StatusUnauthorized, "invalid_request_error", "", "", "Invalid API Key provided: sk_test_****", true})
	case r.Header.Get("Stripe-Version") == "":
		return failed(failure{http.StatusBadRequest, "invalid_request_error", "", "", "no version", true})
	case r.Method == http.MethodPost && key == "":
		return failed(failure{http.StatusBadRequest, "invalid_request_error", "", "", "this fake wants an idempotency key on every POST", true})
	case key != "" && known && old.request != request:
		return failed(failure{
			http.StatusBadRequest, "idempotency_error", "", "",
			"Keys for idempotent requests can only be used with the same parameters they were first used with.", true,
		})
	case key != "" && known:
		old.again = true
		return old
	case broken > 0:
		return failed(failure{broken, "api_error", "", "", "An unknown error occurred", true})
	}
	a.calls[route]++
	o, f := do(r, r.Form)
	var got answer
	if f != nil {
		got = failed(*f)
	} else {
		got = answer{status: http.StatusOK, body: encode(o)}
	}
	got.request = request
	if key != "" && (f == nil || !f.beforeItWasStarted) {
		a.keys[key] = got
	}
	return got
}

func failed(f failure) answer {
	e := object{"type": f.kind, "message": f.message, "request_log_url": "https://dashboard.stripe.com/test/logs/req_1"}
	if f.code != "" {
		e["code"], e["doc_url"] = f.code, "https://stripe.com/docs/error-codes/"+strings.ReplaceAll(f.code, "_", "-")
	}
	if f.param != "" {
		e["param"] = f.param
	}
	return answer{status: f.status, body: encode(object{"error": e})}
}

func encode(o object) []byte {
	b, err := json.MarshalIndent(o, "", "  ")
	if err != nil {
		panic(err)
	}
	return b
}

// add keeps a new object under an id of its kind; a.mu is held.
func (a *API) add(prefix, kind string, o object) object {
	a.numbers++
	o["id"], o["object"] = fmt.Sprintf("%s_test_%08d", prefix, a.numbers), kind
	if _, ok := o["created"]; !ok {
		o["created"] = time.Now().Unix()
	}
	a.objects = append(a.objects, o)
	return o
}

func (a *API) find(id string) object {
	if i := slices.IndexFunc(a.objects, func(o object) bool { return o.text("id") == id }); i >= 0 {
		return a.objects[i]
	}
	return nil
}

// list answers with a page, newest first, filtered by what was asked.
func (a *API) list(kind string) func(*http.Request, url.Values) (object, *failure) {
	return func(_ *http.Request, p url.Values) (object, *failure) {
		limit, _ := strconv.Atoi(p.Get("limit"))
		if limit < 1 || limit > 100 {
			limit = 10
		}
		data, more, after := []object{}, false, p.Get("starting_after")
		for _, o := range slices.Backward(a.objects) {
			switch {
			case o.text("object") != kind || !matches(o, p):
			case after != "":
				if o.text("id") == after {
					after = ""
				}
			case len(data) == min(limit, a.page):
				more = true
			default:
				data = append(data, a.expanded(o, expansions(p), "data."))
			}
		}
		return object{"object": "list", "url": "/v1/" + kind, "has_more": more, "data": data}, nil
	}
}

func matches(o object, p url.Values) bool {
	created, _ := o["created"].(int64)
	for name, compare := range map[string]func(int64) bool{
		"created[gte]": func(n int64) bool { return created >= n }, "created[gt]": func(n int64) bool { return created > n },
		"created[lte]": func(n int64) bool { return created <= n }, "created[lt]": func(n int64) bool { return created < n },
	} {
		if n, err := strconv.ParseInt(p.Get(name), 10, 64); err == nil && !compare(n) {
			return false
		}
	}
	for _, name := range []string{"transfer_group", "payment_intent", "destination"} {
		if want := p.Get(name); want != "" && o.text(name) != want {
			return false
		}
	}
	return true
}

// expanded returns o with ids replaced by what they name, along paths such as
// payment_intent.latest_charge; without, ids stay ids.
func (a *API) expanded(o object, paths []string, prefix string) object {
	full := object{}
	for name, v := range o {
		full[name] = v
	}
	for _, path := range paths {
		path, ok := strings.CutPrefix(path, prefix)
		name, rest, _ := strings.Cut(path, ".")
		if inner := a.find(full.text(name)); ok && inner != nil {
			full[name] = a.expanded(inner, []string{rest}, "")
		}
	}
	return full
}

// expansions collects expand[0], expand[1] ... and expand[].
func expansions(p url.Values) (paths []string) {
	for name, values := range p {
		if strings.HasPrefix(name, "expand[") {
			paths = append(paths, values...)
		}
	}
	return paths
}
