package pg

import (
	"errors"
	"testing"
	"testing/fstest"

	"lifecircle/migrations"
)

func TestCheckVersion(t *testing.T) {
	t.Parallel()
	for num, want := range map[string]error{
		"150000": nil, "180004": nil, "140019": ErrTooOld, "90624": ErrTooOld, "": ErrNotPostgres, "v22.1": ErrNotPostgres,
	} {
		if err := checkVersion(num); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", num, err, want)
		}
	}
}

func TestNewestVersion(t *testing.T) {
	t.Parallel()
	if v, err := newestVersion(migrations.FS); err != nil || v < 4 {
		t.Errorf("%d, %v", v, err)
	}
	if _, err := newestVersion(fstest.MapFS{"users.sql": {}}); err == nil {
		t.Error("a file without a number was taken")
	}
}
