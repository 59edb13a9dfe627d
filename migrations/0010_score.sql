-- +goose Up
-- What a score is made of. There is no column for a trait of a person nor for
-- an amount of money, so that neither can reach a score.
CREATE TABLE score_events (
    user_id   bigint      NOT NULL,
    id        bigint      NOT NULL,
    kind      text        NOT NULL,
    at        timestamptz NOT NULL,
    other_id  bigint,
    lifts     bigint,
    until     timestamptz,
    code      text,
    level     smallint,
    attribute text,
    pinned    smallint,
    issuer    text        NOT NULL,
    ref       text        NOT NULL,
    CONSTRAINT score_events_pkey PRIMARY KEY (user_id, id),
    CONSTRAINT score_events_once UNIQUE (user_id, issuer, ref),
    CONSTRAINT score_events_kind CHECK (kind ~ '^[a-z_]{3,30}$'),
    CONSTRAINT score_events_level CHECK (level BETWEEN 1 AND 3),
    CONSTRAINT score_events_attribute CHECK (attribute IN ('student', 'employee')),
    CONSTRAINT score_events_pinned CHECK (pinned BETWEEN 350 AND 950)
);
COMMENT ON TABLE score_events IS 'append-only: what happened to each person''s score; what turns out wrong is lifted by a later event';
COMMENT ON COLUMN score_events.at IS 'from when it counts: never before the latest nightly run that had begun when it was written';
COMMENT ON COLUMN score_events.other_id IS 'the other person, where the kind has one';
COMMENT ON COLUMN score_events.lifts IS 'the earlier event of the same person that no longer counts';
COMMENT ON COLUMN score_events.until IS 'when a verification ends; null: never';
COMMENT ON COLUMN score_events.code IS 'of a penalty';
COMMENT ON COLUMN score_events.pinned IS 'the score that a test wants, whatever the model says; null: the model''s again';
COMMENT ON COLUMN score_events.issuer IS 'who says so; lifecircle: our own tables';
COMMENT ON COLUMN score_events.ref IS 'the issuer''s name of the event: told twice, it counts once';
CREATE TRIGGER score_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON score_events FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE scores (
    user_id     bigint      NOT NULL,
    score       smallint    NOT NULL,
    computed    smallint    NOT NULL,
    pinned      boolean     NOT NULL DEFAULT false,
    as_of       timestamptz NOT NULL,
    model       text        NOT NULL,
    inputs_hash text        NOT NULL,
    changed_at  timestamptz NOT NULL,
    CONSTRAINT scores_pkey PRIMARY KEY (user_id),
    CONSTRAINT scores_range CHECK (score BETWEEN 350 AND 950)
) WITH (fillfactor = 80);
COMMENT ON TABLE scores IS 'the published scores; no row: none yet. Its lock guards whatever publishes one';
COMMENT ON COLUMN scores.computed IS 'what the model says, before the daily rise';
COMMENT ON COLUMN scores.as_of IS 'of the nightly run whose inputs it has';
COMMENT ON COLUMN scores.changed_at IS 'when this score was published first';

CREATE TABLE score_history (
    user_id     bigint      NOT NULL,
    at          timestamptz NOT NULL,
    step        text        NOT NULL,
    score       smallint    NOT NULL,
    computed    smallint    NOT NULL,
    as_of       timestamptz NOT NULL,
    event_id    bigint,
    model       text        NOT NULL,
    inputs_hash text        NOT NULL,
    CONSTRAINT score_history_pkey PRIMARY KEY (user_id, at),
    CONSTRAINT score_history_step CHECK (step IN ('first', 'night', 'sanction', 'appeal', 'pinned'))
);
COMMENT ON TABLE score_history IS 'append-only: each time that what scores holds became another; a night without a row changed nothing';
COMMENT ON COLUMN score_history.event_id IS 'of a sanction, an appeal and a pinned score: the event behind it';
CREATE TRIGGER score_history_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON score_history FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE score_runs (
    as_of       timestamptz NOT NULL,
    nights      integer     NOT NULL,
    node        text        NOT NULL,
    lease_until timestamptz NOT NULL,
    progress    bigint      NOT NULL DEFAULT 0,
    users       bigint      NOT NULL DEFAULT 0,
    started_at  timestamptz NOT NULL,
    finished_at timestamptz,
    trust_name  text,
    people      integer,
    links       integer,
    median      real,
    threshold   real,
    near        real,
    CONSTRAINT score_runs_pkey PRIMARY KEY (as_of)
);
COMMENT ON TABLE score_runs IS 'one nightly run each; events written after it was begun count from later on';
COMMENT ON COLUMN score_runs.nights IS 'since the run before; more than one if nights were missed';
COMMENT ON COLUMN score_runs.lease_until IS 'until then the run belongs to its node; another one may go on with it later';
COMMENT ON COLUMN score_runs.progress IS 'the last user who is done';
COMMENT ON COLUMN score_runs.trust_name IS 'names the table of trust by what is in it; null: not made yet';
COMMENT ON COLUMN score_runs.threshold IS 'of trust, in the units of its table; null: nobody reaches it';

CREATE TABLE score_cursors (
    source text   NOT NULL,
    of     bigint NOT NULL DEFAULT 0,
    place  bigint NOT NULL,
    CONSTRAINT score_cursors_pkey PRIMARY KEY (source, of)
);
COMMENT ON TABLE score_cursors IS 'how far events have been collected from each of our own sources';
COMMENT ON COLUMN score_cursors.of IS 'of logs: the circle';

CREATE TABLE contacts (
    user_id  bigint      NOT NULL,
    other_id bigint      NOT NULL,
    state    text        NOT NULL,
    since    timestamptz NOT NULL,
    CONSTRAINT contacts_pkey PRIMARY KEY (user_id, other_id),
    CONSTRAINT contacts_state CHECK (state IN ('asked', 'asks', 'accepted', 'ended')),
    CONSTRAINT contacts_not_oneself CHECK (user_id <> other_id)
);
CREATE INDEX contacts_lists ON contacts (user_id, state, since DESC, other_id DESC);
COMMENT ON TABLE contacts IS 'two rows a pair, one for the view of each; the row of the lower user_id guards both';
COMMENT ON COLUMN contacts.state IS 'asked: by user_id; asks: the other does; ended: kept, for the date';

CREATE TABLE vouches (
    user_id    bigint      NOT NULL,
    voucher_id bigint      NOT NULL,
    created_at timestamptz NOT NULL,
    paid_at    timestamptz,
    CONSTRAINT vouches_pkey PRIMARY KEY (user_id, voucher_id),
    CONSTRAINT vouches_not_oneself CHECK (user_id <> voucher_id)
);
CREATE INDEX vouches_given ON vouches (voucher_id, created_at);
COMMENT ON COLUMN vouches.paid_at IS 'the vouched person was sanctioned, and the voucher has paid for it';

CREATE TABLE appeals (
    id         bigint      NOT NULL,
    user_id    bigint      NOT NULL,
    event_id   bigint      NOT NULL,
    text       text        NOT NULL,
    state      text        NOT NULL DEFAULT 'open',
    note       text        NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    decided_at timestamptz,
    CONSTRAINT appeals_pkey PRIMARY KEY (id),
    CONSTRAINT appeals_once UNIQUE (user_id, event_id),
    CONSTRAINT appeals_state CHECK (state IN ('open', 'upheld', 'dismissed')),
    CONSTRAINT appeals_end CHECK ((state = 'open') = (decided_at IS NULL))
);
CREATE INDEX appeals_open ON appeals (id) WHERE state = 'open';
CREATE INDEX appeals_decided ON appeals (decided_at) WHERE decided_at IS NOT NULL;
COMMENT ON COLUMN appeals.note IS 'what the decision says to the person';

CREATE TABLE issuers (
    name       text        NOT NULL,
    key        bytea       NOT NULL,
    algorithm  text        NOT NULL,
    kinds      text[]      NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz,
    CONSTRAINT issuers_pkey PRIMARY KEY (name),
    CONSTRAINT issuers_name CHECK (name ~ '^[a-z][a-z0-9_.-]{1,40}$' AND name <> 'lifecircle'),
    CONSTRAINT issuers_algorithm CHECK (algorithm IN ('ed25519', 'hmac-sha256')),
    CONSTRAINT issuers_key CHECK (octet_length(key) BETWEEN 32 AND 64)
);
COMMENT ON TABLE issuers IS 'who may send score events, added by operators';
COMMENT ON COLUMN issuers.key IS 'a public key of Ed25519, or a shared secret';
COMMENT ON COLUMN issuers.kinds IS 'the kinds of events that are believed';

CREATE TABLE notifications (
    user_id    bigint      NOT NULL,
    id         bigint      NOT NULL,
    kind       text        NOT NULL,
    other_id   bigint,
    data       text        NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    CONSTRAINT notifications_pkey PRIMARY KEY (user_id, id)
);
COMMENT ON COLUMN notifications.data IS 'what there is to say beside kind and other_id, as JSON';

-- Trust. The table of any date can be made again from links, seeds and key.
CREATE TABLE trust_links (
    a        bigint      NOT NULL,
    b        bigint      NOT NULL,
    kind     smallint    NOT NULL,
    since    timestamptz NOT NULL,
    ended_at timestamptz,
    CONSTRAINT trust_links_pkey PRIMARY KEY (a, b, kind, since),
    CONSTRAINT trust_links_order CHECK (a < b),
    CONSTRAINT trust_links_kind CHECK (kind BETWEEN 1 AND 4)
);
CREATE UNIQUE INDEX trust_links_living ON trust_links (a, b, kind) WHERE ended_at IS NULL;
COMMENT ON COLUMN trust_links.kind IS '1 answered comment, 2 contact, 3 transactions in both directions over 30 days, 4 vouch';
COMMENT ON COLUMN trust_links.since IS 'as the time of a score event: never before a run that had begun';

CREATE TABLE trust_pairs (
    a       bigint      NOT NULL,
    b       bigint      NOT NULL,
    a_first timestamptz,
    a_last  timestamptz,
    b_first timestamptz,
    b_last  timestamptz,
    CONSTRAINT trust_pairs_pkey PRIMARY KEY (a, b),
    CONSTRAINT trust_pairs_order CHECK (a < b)
);
COMMENT ON TABLE trust_pairs IS 'when two people have settled transactions, by who received: what a link of kind 3 needs';

CREATE TABLE trust_seeds (
    user_id   bigint      NOT NULL,
    community integer     NOT NULL,
    may_seed  boolean     NOT NULL,
    since     timestamptz NOT NULL,
    ended_at  timestamptz,
    CONSTRAINT trust_seeds_pkey PRIMARY KEY (user_id, since)
);
COMMENT ON TABLE trust_seeds IS 'people whom staff has checked by hand: the reference; who of them are seeds in a month stays secret';
COMMENT ON COLUMN trust_seeds.may_seed IS 'of identity level 3: trust may start here';

CREATE TABLE trust_values (
    as_of    timestamptz NOT NULL,
    position integer     NOT NULL,
    people   bytea       NOT NULL,
    shares   bytea       NOT NULL,
    CONSTRAINT trust_values_pkey PRIMARY KEY (as_of, position),
    CONSTRAINT trust_values_length CHECK (octet_length(people) = 2 * octet_length(shares))
);
COMMENT ON TABLE trust_values IS 'the tables of the last runs, in pieces; older ones are made again when they are asked for';
COMMENT ON COLUMN trust_values.people IS 'ids, rising, 8 bytes each, big endian';
COMMENT ON COLUMN trust_values.shares IS 'trust of each, float32, big endian';

ALTER TABLE deployment
    ADD COLUMN score_key bytea NOT NULL DEFAULT decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'),
    ADD COLUMN trust_key bytea NOT NULL DEFAULT decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex');
COMMENT ON COLUMN deployment.score_key IS 'Ed25519 seed: signs explanations of scores';
COMMENT ON COLUMN deployment.trust_key IS 'decides who of the hand-checked are seeds in a month';

-- +goose Down
ALTER TABLE deployment DROP COLUMN score_key, DROP COLUMN trust_key;
DROP TABLE trust_values, trust_seeds, trust_pairs, trust_links, notifications, issuers, appeals, vouches, contacts, score_cursors, score_runs, score_history, scores, score_events;
