package archtest

// Module is the name of this Go module.
const Module = "lifecircle"

// layer is a row of the table: its packages import packages of the rows above
// it, and of their own row where peers says so. A name ending in /... stands
// for the package and all under it.
type layer struct {
	name     string
	packages []string
	peers    bool
}

// layers, from what imports nothing of the product to what imports all of it.
// The hub is not among them: it is a library and imports nothing of ours.
var layers = []layer{
	{name: "values", peers: true, packages: []string{
		"internal/id", "internal/money", "internal/problem", "internal/obs", "internal/text", "internal/cursor",
		"internal/groupcommit", "internal/config", "migrations", "static",
		"feed/policy", "feed/rank", "payments/ledger", // pure: functions from values to values
		"internal/creditscore/model", "internal/creditscore/trust", "internal/creditscore/population", // pure as well
		"payments/provider", // what the other side of money promises; who keeps it is domain
		"internal/media/picture", "internal/media/blob",
	}},
	{name: "database", packages: []string{"internal/pg", "internal/localpg"}},
	{name: "services", peers: true, packages: []string{
		"internal/circlelog", "internal/identity", "internal/identity/verifier", "internal/identity/verifier/page",
		"internal/identity/verifier/sandbox", "internal/identity/verifier/email", "internal/identity/verifier/manual",
		"internal/creditscore", "internal/idempotency", "internal/ratelimit",
		"internal/notify", "internal/auth", "internal/media",
	}},
	{name: "domain", packages: []string{"feed", "payments", "payments/provider/..."}},
	{name: "edges", packages: []string{"internal/httpapi", "internal/socketapi", "internal/demo"}},
	{name: "app", packages: []string{"internal/app"}},
	{name: "sockets of the load tester", packages: []string{"cmd/circleload/swarm"}},
	{name: "players of the load tester", packages: []string{"cmd/circleload/player"}},
	{name: "commands", packages: []string{"cmd/...", "internal/httpapi/openapigen"}},
}

// hub may be imported from the edges on; it imports only itself.
const (
	hub      = "hub/..."
	hubFloor = "edges"
)

// testOnly packages are imported by tests only, and import what they like.
var testOnly = []string{
	"internal/pgtest", "internal/e2e/...", "internal/bench/...", "internal/archtest", "hub/hubtest", "payments/provider/providertest/...",
	"internal/identity/verifier/verifiertest", "internal/identity/verifier/email/smtptest", "internal/media/blob/blobtest",
}

// exclusive names the only importers of a library, tests included.
var exclusive = map[string][]string{
	"github.com/labstack/echo/...":                           {"internal/httpapi"},
	"github.com/danielgtaylor/huma/v2/adapters/humaecho/...": {"internal/httpapi"},
	"github.com/redis/go-redis/...":                          {"hub/redisbroker", "internal/ratelimit"},
	"github.com/coder/websocket/...":                         {"hub/...", "internal/socketapi", "internal/app", "cmd/circleload/...", "internal/e2e/...", "internal/bench/..."},
	"github.com/stripe/stripe-go/...":                        {"payments/provider/stripe"},
	"github.com/minio/minio-go/...":                          {"internal/media/blob", "internal/media/blob/blobtest"},
	"lifecircle/internal/localpg":                            {"internal/app", "internal/pgtest", "internal/localpg", "internal/e2e/...", "internal/bench/...", "cmd/lifecircle"},
}

// ban keeps packages away from imports, through other packages of ours too.
type ban struct {
	packages []string
	imports  []string
	direct   bool // only what the package itself imports: libraries may use it inside
}

var bans = []ban{
	{packages: []string{"feed/..."}, imports: []string{"lifecircle/payments/..."}},
	{packages: []string{"payments/..."}, imports: []string{"lifecircle/feed/..."}},
	{packages: []string{"feed/...", "payments/..."}, imports: []string{
		"lifecircle/hub/...", "github.com/labstack/echo/...", "github.com/coder/websocket/...", "github.com/redis/go-redis/...",
	}},
	{packages: []string{"feed/...", "payments", "payments/ledger"}, imports: []string{"net/http"}, direct: true}, // providers speak it
	{packages: []string{
		"feed/policy", "feed/rank", "payments/ledger", "internal/id", "internal/money",
		"internal/creditscore/model", "internal/creditscore/trust", "internal/creditscore/population", "internal/media/picture",
	}, direct: true, imports: []string{
		"database/sql", "github.com/jackc/pgx/...", "net/...", "os/...",
	}},
}

// folders that may stand at the top. The last one holds what is built, and is
// ignored by git, as folders with a dot in front are by this test.
var folders = []string{"cmd", "hub", "feed", "payments", "internal", "static", "migrations", "docs", "scripts", "bin"}
