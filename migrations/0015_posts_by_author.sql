-- +goose NO TRANSACTION
-- +goose Up
DROP INDEX CONCURRENTLY IF EXISTS posts_by_author; -- what an interrupted attempt has left is not valid
CREATE INDEX CONCURRENTLY IF NOT EXISTS posts_by_author ON posts (author_id, id DESC, circle_id DESC) WHERE deleted_at IS NULL;

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS posts_by_author;
