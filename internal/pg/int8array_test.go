package pg_test

import (
	"fmt"
	"slices"
	"testing"

	"lifecircle/internal/id"
	"lifecircle/internal/pgtest"
)

func TestArraysOfNumbersArriveAsTheyWere(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	for _, want := range [][]int64{{}, {7}, {1, -2, 1 << 62, -1 << 63}, slices.Repeat([]int64{5}, 10_000)} {
		var ids, same []id.ID
		for _, n := range want {
			ids = append(ids, id.ID(n))
		}
		if ids == nil {
			ids = []id.ID{}
		}
		var numbers []int64
		var dims string
		if err := pool.QueryRow(t.Context(), `SELECT $1::bigint[], $2::bigint[], coalesce(array_dims($1::bigint[]), '')`, want, ids).
			Scan(&numbers, &same, &dims); err != nil || !slices.Equal(numbers, want) || !slices.Equal(same, ids) {
			t.Errorf("%d numbers came back as %d and %d (%v)", len(want), len(numbers), len(same), err)
		}
		if wantDims := fmt.Sprintf("[1:%d]", len(want)); len(want) > 0 && dims != wantDims {
			t.Errorf("dimensions %s, want %s", dims, wantDims)
		}
	}
	var null bool
	if err := pool.QueryRow(t.Context(), `SELECT $1::bigint[] IS NULL AND $2::bigint[] IS NULL`, []id.ID(nil), []uint64(nil)).Scan(&null); err != nil || !null {
		t.Errorf("nil is not NULL (%v)", err)
	}
	var three []int32
	if err := pool.QueryRow(t.Context(), `SELECT $1::bigint[]`, []int32{1, 2, 3}).Scan(&three); err != nil || len(three) != 3 {
		t.Errorf("other types: %v (%v)", three, err)
	}
}
