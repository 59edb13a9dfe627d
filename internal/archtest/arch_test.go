package archtest

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestTheHouseIsInOrder(t *testing.T) {
	t.Parallel()
	root := "../.."
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Imports,TestImports,XTestImports", "./...")
	cmd.Dir = root
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var packages []Package
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p Package
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
	if len(packages) < 10 {
		t.Fatalf("only %d packages found", len(packages))
	}
	for _, fault := range Check(packages) {
		t.Error(fault)
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	var dirs []string
	for _, e := range entries {
		if e.IsDir() {
			dirs = append(dirs, e.Name())
		}
	}
	for _, fault := range CheckFolders(dirs) {
		t.Error(fault)
	}
}

// TestTheCheckTurnsRed gives each rule a house that breaks it.
func TestTheCheckTurnsRed(t *testing.T) {
	t.Parallel()
	pkg := func(name string, imports ...string) Package {
		return Package{ImportPath: Module + "/" + name, Imports: imports}
	}
	our := func(name string) string { return Module + "/" + name }
	sound := []Package{
		pkg("feed", our("internal/pg"), our("feed/policy"), "context"), pkg("feed/policy", our("internal/problem")),
		pkg("hub", our("hub/wire"), "net/http", "github.com/coder/websocket"), pkg("hub/wire"), pkg("hub/redisbroker", our("hub"), "github.com/redis/go-redis/v9"),
		pkg("internal/problem"), pkg("internal/pg", our("migrations")), pkg("migrations"), pkg("payments", our("internal/pg")),
		pkg("internal/httpapi", our("feed"), "github.com/labstack/echo/v4"), pkg("internal/app", our("internal/httpapi"), our("hub/redisbroker")),
		{ImportPath: our("internal/auth"), XTestImports: []string{our("internal/pgtest")}},
	}
	if faults := Check(sound); len(faults) > 0 {
		t.Fatalf("a house in order: %q", faults)
	}
	for name, c := range map[string]struct {
		bad  Package
		want string
	}{
		"upwards":                   {pkg("internal/circlelog", our("feed")), "imports point down"},
		"a peer":                    {pkg("internal/socketapi", our("internal/httpapi")), "imports point down"},
		"unknown":                   {pkg("internal/stuff"), "not in the table"},
		"test package":              {pkg("internal/auth", our("internal/pgtest")), "is for tests"},
		"hub below the edges":       {pkg("internal/notify", our("hub")), "is for edges"},
		"hub knows the product":     {pkg("hub", our("internal/id")), "nothing of the product"},
		"its tests do":              {Package{ImportPath: our("hub/wire"), TestImports: []string{our("internal/pgtest")}}, "nothing of the product"},
		"hub on a broker":           {pkg("hub", our("hub/redisbroker")), "stands on it"},
		"Echo":                      {pkg("internal/socketapi", "github.com/labstack/echo/v4/middleware"), "only internal/httpapi may"},
		"Echo in a test":            {Package{ImportPath: our("internal/app"), XTestImports: []string{"github.com/labstack/echo/v4"}}, "only internal/httpapi may"},
		"Redis":                     {pkg("internal/app", "github.com/redis/go-redis/v9"), "only hub/redisbroker"},
		"local Postgres":            {pkg("internal/auth", our("internal/localpg")), "only internal/app"},
		"payments in feed":          {pkg("feed", our("payments")), "feed may not import lifecircle/payments"},
		"feed in payments":          {pkg("payments", our("feed")), "payments may not import lifecircle/feed"},
		"net/http in feed":          {pkg("feed", "net/http"), "feed may not import net/http"},
		"a socket in payments":      {pkg("payments", "github.com/coder/websocket"), "payments may not import github.com/coder/websocket"},
		"Redis by way of a service": {pkg("payments", our("internal/ratelimit")), "payments may not import github.com/redis/go-redis/v9 (internal/ratelimit does)"},
		"SQL in a rule":             {pkg("feed/policy", "github.com/jackc/pgx/v5"), "feed/policy may not import"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			house := []Package{c.bad, pkg("internal/ratelimit", "github.com/redis/go-redis/v9")}
			faults := Check(house)
			if !strings.Contains(strings.Join(faults, "\n"), c.want) {
				t.Errorf("found %q, want %q", faults, c.want)
			}
		})
	}
}

func TestFoldersAtTheTop(t *testing.T) {
	t.Parallel()
	if faults := CheckFolders([]string{"cmd", ".git", "bin"}); len(faults) > 0 {
		t.Error(faults)
	}
	if faults := CheckFolders([]string{"pkg"}); len(faults) != 1 {
		t.Error(faults)
	}
}
