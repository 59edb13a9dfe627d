-- +goose Up
CREATE TABLE circle_heads (
    circle_id   bigint NOT NULL,
    epoch       text   NOT NULL,
    head_offset bigint NOT NULL DEFAULT 0,
    last_id     bigint NOT NULL DEFAULT 0,
    CONSTRAINT circle_heads_pkey PRIMARY KEY (circle_id),
    CONSTRAINT circle_heads_epoch CHECK (epoch ~ '^[a-z0-9]{4,16}$')
) WITH (fillfactor = 50);
COMMENT ON TABLE circle_heads IS 'narrow and hot: the last row a transaction locks';
COMMENT ON COLUMN circle_heads.epoch IS 'names the log; a new one tells clients that their offsets mean nothing any more';
COMMENT ON COLUMN circle_heads.last_id IS 'highest post or comment id given in the circle; the next one is higher';

CREATE TABLE circle_events (
    circle_id  bigint      NOT NULL,
    "offset"   bigint      NOT NULL,
    data       text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT circle_events_pkey PRIMARY KEY (circle_id, "offset"),
    CONSTRAINT circle_events_offset_positive CHECK ("offset" > 0)
) PARTITION BY HASH (circle_id);
COMMENT ON TABLE circle_events IS 'the log: offsets of a circle are 1, 2, 3 ... without holes; trimmed from the old end';
COMMENT ON COLUMN circle_events.data IS 'the publication as sent, one line of JSON';
CREATE TABLE circle_events_0 PARTITION OF circle_events FOR VALUES WITH (MODULUS 8, REMAINDER 0);
CREATE TABLE circle_events_1 PARTITION OF circle_events FOR VALUES WITH (MODULUS 8, REMAINDER 1);
CREATE TABLE circle_events_2 PARTITION OF circle_events FOR VALUES WITH (MODULUS 8, REMAINDER 2);
CREATE TABLE circle_events_3 PARTITION OF circle_events FOR VALUES WITH (MODULUS 8, REMAINDER 3);
CREATE TABLE circle_events_4 PARTITION OF circle_events FOR VALUES WITH (MODULUS 8, REMAINDER 4);
CREATE TABLE circle_events_5 PARTITION OF circle_events FOR VALUES WITH (MODULUS 8, REMAINDER 5);
CREATE TABLE circle_events_6 PARTITION OF circle_events FOR VALUES WITH (MODULUS 8, REMAINDER 6);
CREATE TABLE circle_events_7 PARTITION OF circle_events FOR VALUES WITH (MODULUS 8, REMAINDER 7);

CREATE TABLE deployment (
    one               boolean     NOT NULL DEFAULT true,
    system_identifier text        NOT NULL,
    cursor_key        bytea       NOT NULL,
    seeded_at         timestamptz,
    CONSTRAINT deployment_pkey PRIMARY KEY (one),
    CONSTRAINT deployment_one CHECK (one)
);
COMMENT ON TABLE deployment IS 'one row of facts about this database';
COMMENT ON COLUMN deployment.system_identifier IS 'of the Postgres cluster that gave the epochs; another one means a restore, and new epochs';
COMMENT ON COLUMN deployment.cursor_key IS 'seals the cursors of lists, the same on every node';
COMMENT ON COLUMN deployment.seeded_at IS 'when the demo world was complete';
INSERT INTO deployment (system_identifier, cursor_key)
SELECT system_identifier::text, decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex')
FROM pg_control_system();

CREATE TABLE idempotency_keys (
    user_id     bigint      NOT NULL,
    key         text        NOT NULL,
    fingerprint bytea       NOT NULL,
    status      integer     NOT NULL,
    answer      text        NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (user_id, key),
    CONSTRAINT idempotency_keys_length CHECK (octet_length(key) BETWEEN 1 AND 255)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
COMMENT ON COLUMN idempotency_keys.fingerprint IS 'SHA-256 of the operation and its input';
COMMENT ON COLUMN idempotency_keys.status IS 'HTTP status of the stored answer';

-- +goose Down
DROP TABLE idempotency_keys, deployment, circle_events, circle_heads;
