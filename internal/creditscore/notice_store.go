package creditscore

import (
	"context"
	"fmt"
	"time"
)

const (
	// NotificationRetention is how long people can read a notification.
	NotificationRetention = 90 * 24 * time.Hour

	sweepEvery = 5 * time.Minute
	sweepRows  = 1_000 // deleted in one statement, so that no lock is held for long
)

// sweepNotes deletes notifications that are older than NotificationRetention,
// the oldest first and a few in each statement. Several nodes may do it at once:
// each leaves alone what another is at.
func (s *Service) sweepNotes(ctx context.Context) error {
	now, err := s.now(ctx, s.pool)
	if err != nil {
		return err
	}
	for {
		tag, err := s.pool.Exec(ctx, `DELETE FROM notifications WHERE (user_id, id) IN (
			SELECT user_id, id FROM notifications WHERE created_at < $1 ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED)`,
			now.Add(-NotificationRetention), sweepRows)
		if err != nil {
			return fmt.Errorf("sweep notifications: %w", err)
		}
		if tag.RowsAffected() < sweepRows {
			return nil
		}
	}
}
