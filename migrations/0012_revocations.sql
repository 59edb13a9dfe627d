-- +goose NO TRANSACTION
-- +goose Up
CREATE TABLE IF NOT EXISTS revocations (
    id         bigint      NOT NULL,
    user_id    bigint      NOT NULL,
    reason     text        NOT NULL,
    decided_by bigint,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT revocations_pkey PRIMARY KEY (id),
    CONSTRAINT revocations_reason CHECK (reason <> '')
);
CREATE INDEX IF NOT EXISTS revocations_by_user ON revocations (user_id, id);
COMMENT ON TABLE revocations IS 'all that was verified of a person, taken back';
COMMENT ON COLUMN revocations.reason IS 'for the person to read';
COMMENT ON COLUMN revocations.decided_by IS 'the member of staff; null: it was not said';

DROP INDEX CONCURRENTLY IF EXISTS notifications_by_age; -- what an interrupted attempt has left is not valid
CREATE INDEX CONCURRENTLY IF NOT EXISTS notifications_by_age ON notifications (created_at);
COMMENT ON TABLE notifications IS 'what people should hear of; swept when it is old';

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS notifications_by_age;
DROP TABLE IF EXISTS revocations;
