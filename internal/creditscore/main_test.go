package creditscore_test

import (
	"testing"

	"lifecircle/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }
