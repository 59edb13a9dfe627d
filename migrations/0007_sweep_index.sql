-- +goose NO TRANSACTION
-- +goose Up
DROP INDEX CONCURRENTLY IF EXISTS idempotency_keys_to_sweep; -- what an interrupted attempt has left is not valid
CREATE INDEX CONCURRENTLY IF NOT EXISTS idempotency_keys_to_sweep ON idempotency_keys (created_at) WHERE NOT forever;
-- Yesterday's binary sweeps without it, more slowly.
DROP INDEX CONCURRENTLY IF EXISTS idempotency_keys_by_age;

-- +goose Down
CREATE INDEX CONCURRENTLY IF NOT EXISTS idempotency_keys_by_age ON idempotency_keys (created_at);
DROP INDEX CONCURRENTLY IF EXISTS idempotency_keys_to_sweep;
