package creditscore_test

import (
	"context"
	"testing"
	"time"

	"lifecircle/internal/creditscore"
)

// Old notifications go by themselves, more of them than one statement deletes.
func TestOldNotificationsAreSwept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	users := w.people(3)
	edge := w.clock().Add(-creditscore.NotificationRetention)
	w.exec(`INSERT INTO notifications (user_id, id, kind, created_at) SELECT 1000 + n % 2, n, 'score.vouched', $1::timestamptz - n * interval '1 second' FROM generate_series(1, 2500) n`, edge)
	w.exec(`INSERT INTO notifications (user_id, id, kind, created_at) SELECT 1002, n, 'score.vouched', $1::timestamptz + n * interval '1 second' FROM generate_series(0, 9) n`, edge)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.service("a").Run(ctx) }()
	left := func() (n int) {
		if err := w.pool.QueryRow(t.Context(), `SELECT count(*) FROM notifications WHERE created_at < $1`, edge).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for end := time.Now().Add(20 * time.Second); left() > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d old ones are left", left())
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	page, err := w.service("a").Notifications(t.Context(), users[2], creditscore.PageQuery{})
	if err != nil || len(page.Items) != 10 {
		t.Errorf("%d of the younger ones: %v", len(page.Items), err)
	}
}
