package identity_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"lifecircle/internal/identity/verifier"
	"lifecircle/internal/pgtest"
)

func TestAnotherKeyIsNoticed(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	one, two := strings.Repeat("ab", 32), strings.Repeat("cd", 32)
	k, err := verifier.LoadKeys(t.Context(), pool, one)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := verifier.LoadKeys(t.Context(), pool, one); err != nil || !bytes.Equal(again.MAC("x", "y"), k.MAC("x", "y")) {
		t.Errorf("the same key: %v", err)
	}
	for _, bad := range []string{two, "", "short", strings.Repeat("xy", 32)} {
		if _, err := verifier.LoadKeys(t.Context(), pool, bad); err == nil || bad != "" && strings.Contains(err.Error(), bad) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if bytes.Equal(k.MAC("a", "bc"), k.MAC("ab", "c")) || bytes.Equal(k.MAC("a", "b"), k.MAC("b", "a")) {
		t.Error("different things have one hash")
	}
	if strings.Contains(fmt.Sprintf("%x", k.MAC("mark")), one) {
		t.Error("the key is shown")
	}
}
