-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY IF NOT EXISTS idempotency_keys_to_sweep ON idempotency_keys (created_at) WHERE NOT forever;

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS idempotency_keys_to_sweep;
