-- +goose Up
-- Signs: an entry's amount is positive where it adds to what we owe the owner
-- of the account, so a wallet is never negative and a provider's account, money
-- that it keeps for us, never positive. All amounts are fen.
CREATE TABLE accounts (
    id         bigint      NOT NULL,
    kind       text        NOT NULL,
    currency   text        NOT NULL DEFAULT 'CNY',
    balance    bigint      NOT NULL DEFAULT 0,
    held       bigint      NOT NULL DEFAULT 0,
    version    bigint      NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT accounts_pkey PRIMARY KEY (id),
    CONSTRAINT accounts_kind CHECK (kind IN ('wallet', 'platform', 'reserve', 'provider', 'test')),
    CONSTRAINT accounts_currency CHECK (currency = 'CNY'),
    CONSTRAINT accounts_held_positive CHECK (held >= 0),
    CONSTRAINT accounts_not_overdrawn CHECK (kind IN ('provider', 'test') OR balance >= held)
) WITH (fillfactor = 50);
COMMENT ON TABLE accounts IS 'hot; a user''s wallet has the user''s id, accounts of ours have ids below 1000';
COMMENT ON COLUMN accounts.balance IS 'fen; the sum of the account''s entries, kept in the same transaction';
COMMENT ON COLUMN accounts.held IS 'fen of the balance that are spoken for: the sum of the open holds';
COMMENT ON COLUMN accounts.version IS 'number of entries; that of the last one';

CREATE TABLE transfers (
    id         bigint      NOT NULL,
    kind       text        NOT NULL,
    payer_id   bigint      NOT NULL,
    source     text        NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT transfers_pkey PRIMARY KEY (id),
    CONSTRAINT transfers_kind CHECK (kind IN ('tip', 'refund', 'topup', 'withdrawal', 'test'))
);
CREATE UNIQUE INDEX transfers_once ON transfers (kind, source) WHERE kind <> 'tip'; -- a tip is born with its transfer
COMMENT ON COLUMN transfers.payer_id IS 'the account that pays';
COMMENT ON COLUMN transfers.source IS 'id of the tip, refund, top-up or withdrawal that this transfer carries out, once';

CREATE TABLE entries (
    account_id  bigint      NOT NULL,
    version     bigint      NOT NULL,
    transfer_id bigint      NOT NULL,
    amount      bigint      NOT NULL,
    balance     bigint      NOT NULL,
    created_at  timestamptz NOT NULL,
    CONSTRAINT entries_pkey PRIMARY KEY (account_id, version),
    CONSTRAINT entries_amount CHECK (amount <> 0),
    CONSTRAINT entries_version_positive CHECK (version > 0)
);
COMMENT ON TABLE entries IS 'append-only: what happened to each account, without gaps; one index, for each costs four more writes a tip';
COMMENT ON COLUMN entries.created_at IS 'rises with version: both are given under the lock of the account';
COMMENT ON COLUMN entries.version IS '1, 2, 3 ... for each account';
COMMENT ON COLUMN entries.balance IS 'fen, of the account after this entry';

-- +goose StatementBegin
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_TABLE_NAME || '_append_only';
END $$;
-- +goose StatementEnd
CREATE TRIGGER entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON entries FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER transfers_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON transfers FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- All entries of a transfer are written by one statement.
-- +goose StatementBegin
CREATE FUNCTION entries_sum_to_zero() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE bad bigint;
BEGIN
    SELECT transfer_id INTO bad FROM written GROUP BY transfer_id HAVING sum(amount) <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the entries of transfer % do not sum to zero', bad USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'entries_sum_to_zero';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER entries_sum_to_zero AFTER INSERT ON entries REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION entries_sum_to_zero();

CREATE TABLE holds (
    account_id bigint      NOT NULL,
    id         bigint      NOT NULL,
    kind       text        NOT NULL,
    amount     bigint      NOT NULL,
    reason     text        NOT NULL,
    release_at timestamptz,
    created_at timestamptz NOT NULL,
    ended_at   timestamptz,
    outcome    text,
    CONSTRAINT holds_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT holds_kind CHECK (kind IN ('withdrawal', 'review')),
    CONSTRAINT holds_amount_positive CHECK (amount > 0),
    CONSTRAINT holds_end CHECK ((ended_at IS NULL) = (outcome IS NULL)),
    CONSTRAINT holds_outcome CHECK (outcome IN ('posted', 'voided', 'released'))
);
CREATE INDEX holds_due ON holds (release_at) WHERE ended_at IS NULL AND release_at IS NOT NULL;
COMMENT ON TABLE holds IS 'the first phase of a two-phase transfer, or money of an account under review';
COMMENT ON COLUMN holds.amount IS 'fen';
COMMENT ON COLUMN holds.release_at IS 'when it ends by itself; null: somebody ends it';

CREATE TABLE tips (
    circle_id        bigint      NOT NULL,
    post_id          bigint      NOT NULL,
    id               bigint      NOT NULL,
    payer_id         bigint      NOT NULL,
    author_id        bigint      NOT NULL,
    amount           bigint      NOT NULL,
    refunded         bigint      NOT NULL DEFAULT 0,
    message          text        NOT NULL,
    visibility       text        NOT NULL,
    contract_version integer     NOT NULL,
    partner_id       bigint,
    author_part      bigint      NOT NULL,
    partner_part     bigint      NOT NULL,
    platform_part    bigint      NOT NULL,
    transfer_id      bigint      NOT NULL,
    created_at       timestamptz NOT NULL,
    CONSTRAINT tips_pkey PRIMARY KEY (circle_id, post_id, id),
    CONSTRAINT tips_amount_positive CHECK (amount > 0),
    CONSTRAINT tips_parts CHECK (author_part >= 0 AND partner_part >= 0 AND platform_part >= 0
        AND author_part + partner_part + platform_part = amount AND (partner_part = 0 OR partner_id IS NOT NULL)),
    CONSTRAINT tips_refunded CHECK (refunded BETWEEN 0 AND amount),
    CONSTRAINT tips_not_to_oneself CHECK (payer_id <> author_id),
    CONSTRAINT tips_visibility CHECK (visibility IN ('public', 'receiver', 'anonymous'))
) WITH (fillfactor = 80);
COMMENT ON COLUMN tips.amount IS 'fen';
COMMENT ON COLUMN tips.contract_version IS 'of the circle''s contract that shared it; 0: the standard shares';
COMMENT ON COLUMN tips.platform_part IS 'fen, what goes to the reserve included';
COMMENT ON COLUMN tips.refunded IS 'fen given back so far';
COMMENT ON COLUMN tips.visibility IS 'who sees payer and message: everybody, the author, nobody';

CREATE TABLE refunds (
    circle_id   bigint      NOT NULL,
    post_id     bigint      NOT NULL,
    tip_id      bigint      NOT NULL,
    id          bigint      NOT NULL,
    amount      bigint      NOT NULL,
    author_part   bigint    NOT NULL,
    partner_part  bigint    NOT NULL,
    platform_part bigint    NOT NULL,
    reserve_paid  bigint    NOT NULL,
    reason      text        NOT NULL,
    by_id       bigint      NOT NULL,
    transfer_id bigint      NOT NULL,
    created_at  timestamptz NOT NULL,
    CONSTRAINT refunds_pkey PRIMARY KEY (circle_id, post_id, tip_id, id),
    CONSTRAINT refunds_amount_positive CHECK (amount > 0),
    CONSTRAINT refunds_parts CHECK (author_part >= 0 AND partner_part >= 0 AND platform_part >= 0
        AND author_part + partner_part + platform_part = amount AND reserve_paid BETWEEN 0 AND author_part + partner_part)
);
COMMENT ON COLUMN refunds.reserve_paid IS 'fen of the author''s and partner''s parts that their wallets could not pay';
COMMENT ON COLUMN refunds.amount IS 'fen';
COMMENT ON COLUMN refunds.by_id IS 'who gave it back: the payer or the author';

CREATE TABLE contracts (
    circle_id         bigint      NOT NULL,
    version           integer     NOT NULL,
    author_share      integer     NOT NULL,
    partner_share     integer     NOT NULL,
    platform_share    integer     NOT NULL,
    partner_id        bigint,
    max_tip           bigint      NOT NULL,
    owner_id          bigint,
    owner_signed_at   timestamptz,
    partner_signed_at timestamptz,
    in_force_at       timestamptz,
    created_by        bigint      NOT NULL,
    created_at        timestamptz NOT NULL,
    CONSTRAINT contracts_pkey PRIMARY KEY (circle_id, version),
    CONSTRAINT contracts_shares CHECK (author_share >= 0 AND partner_share >= 0 AND platform_share >= 0
        AND author_share + partner_share + platform_share = 10000),
    CONSTRAINT contracts_partner CHECK (partner_share = 0 OR partner_id IS NOT NULL),
    CONSTRAINT contracts_max_tip CHECK (max_tip BETWEEN 1 AND 20000),
    CONSTRAINT contracts_signed CHECK (in_force_at IS NULL
        OR owner_signed_at IS NOT NULL AND (partner_id IS NULL OR partner_signed_at IS NOT NULL))
);
COMMENT ON TABLE contracts IS 'how a circle''s tips are shared; the one in force is the highest version with in_force_at';
COMMENT ON COLUMN contracts.author_share IS 'ten-thousandths of each tip';
COMMENT ON COLUMN contracts.max_tip IS 'fen, of one tip';

CREATE TABLE payers (
    account_id    bigint      NOT NULL,
    per_tip       bigint,
    per_day       bigint,
    per_month     bigint,
    next_per_tip  bigint,
    next_per_day  bigint,
    next_per_month bigint,
    next_at       timestamptz,
    day           date        NOT NULL DEFAULT '1970-01-01',
    day_spent     bigint      NOT NULL DEFAULT 0,
    month         date        NOT NULL DEFAULT '1970-01-01',
    month_spent   bigint      NOT NULL DEFAULT 0,
    CONSTRAINT payers_pkey PRIMARY KEY (account_id),
    CONSTRAINT payers_spent_positive CHECK (day_spent >= 0 AND month_spent >= 0)
) WITH (fillfactor = 50);
COMMENT ON TABLE payers IS 'what people may tip and have tipped; guarded by the lock of the payer''s account';
COMMENT ON COLUMN payers.per_tip IS 'fen; null: the default';
COMMENT ON COLUMN payers.next_per_tip IS 'fen, from next_at on; null: no change is planned';
COMMENT ON COLUMN payers.day IS 'in Asia/Shanghai';
COMMENT ON COLUMN payers.month IS 'its first day, in Asia/Shanghai';

CREATE TABLE topups (
    id           bigint      NOT NULL,
    account_id   bigint      NOT NULL,
    provider     text        NOT NULL,
    amount       bigint      NOT NULL,
    status       text        NOT NULL,
    ref          text        NOT NULL DEFAULT '',
    checkout_url text        NOT NULL,
    reason       text        NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    ended_at     timestamptz,
    next_look_at timestamptz,
    looks        integer     NOT NULL DEFAULT 0,
    CONSTRAINT topups_pkey PRIMARY KEY (id),
    CONSTRAINT topups_amount_positive CHECK (amount > 0),
    CONSTRAINT topups_status CHECK (status IN ('pending', 'paid', 'failed')),
    CONSTRAINT topups_end CHECK ((status = 'pending') = (ended_at IS NULL))
);
CREATE INDEX topups_by_account ON topups (account_id, id);
CREATE INDEX topups_to_look_at ON topups (next_look_at) WHERE next_look_at IS NOT NULL;
COMMENT ON COLUMN topups.amount IS 'fen';
COMMENT ON COLUMN topups.next_look_at IS 'when the provider is asked, should it not have told us before; null: never again';

CREATE TABLE withdrawals (
    id           bigint      NOT NULL,
    account_id   bigint      NOT NULL,
    provider     text        NOT NULL,
    amount       bigint      NOT NULL,
    destination  text        NOT NULL,
    status       text        NOT NULL,
    ref          text        NOT NULL DEFAULT '',
    reason       text        NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL,
    ended_at     timestamptz,
    next_look_at timestamptz,
    looks        integer     NOT NULL DEFAULT 0,
    CONSTRAINT withdrawals_pkey PRIMARY KEY (id),
    CONSTRAINT withdrawals_amount_positive CHECK (amount > 0),
    CONSTRAINT withdrawals_status CHECK (status IN ('pending', 'paid', 'failed')),
    CONSTRAINT withdrawals_end CHECK ((status = 'pending') = (ended_at IS NULL))
);
CREATE INDEX withdrawals_by_account ON withdrawals (account_id, id);
CREATE INDEX withdrawals_to_look_at ON withdrawals (next_look_at) WHERE next_look_at IS NOT NULL;
COMMENT ON TABLE withdrawals IS 'each has the hold of the same id until it ends';
COMMENT ON COLUMN withdrawals.destination IS 'the owner''s account at the provider';

CREATE TABLE reconciliations (
    provider    text        NOT NULL,
    day         date        NOT NULL,
    started_at  timestamptz NOT NULL,
    finished_at timestamptz,
    matched     bigint      NOT NULL DEFAULT 0,
    failure     text        NOT NULL DEFAULT '',
    CONSTRAINT reconciliations_pkey PRIMARY KEY (provider, day)
);
COMMENT ON TABLE reconciliations IS 'the last comparison of a provider''s books of a day with ours';
COMMENT ON COLUMN reconciliations.day IS 'in Asia/Shanghai';

CREATE TABLE reconciliation_differences (
    provider text   NOT NULL,
    day      date   NOT NULL,
    position integer NOT NULL,
    kind     text   NOT NULL,
    id       text   NOT NULL,
    ref      text   NOT NULL,
    cause    text   NOT NULL,
    ours     bigint,
    theirs   bigint,
    CONSTRAINT reconciliation_differences_pkey PRIMARY KEY (provider, day, position),
    CONSTRAINT reconciliation_differences_fkey FOREIGN KEY (provider, day) REFERENCES reconciliations (provider, day) ON DELETE CASCADE
);
COMMENT ON COLUMN reconciliation_differences.ours IS 'fen; null: we have nothing';

-- Our own accounts. Income is spread over several, so that batches of several
-- nodes need not wait for each other.
INSERT INTO accounts (id, kind) SELECT n, 'platform' FROM generate_series(1, 8) n;
INSERT INTO accounts (id, kind) SELECT n, 'reserve' FROM generate_series(11, 18) n;
INSERT INTO accounts (id, kind) VALUES (21, 'provider'), (22, 'provider'), (23, 'provider'), (31, 'test');

-- Everybody has a wallet from the first moment, also one who signs up through
-- yesterday's binary.
-- +goose StatementBegin
CREATE FUNCTION open_wallet() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO accounts (id, kind) SELECT id, 'wallet' FROM made ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER users_have_wallets AFTER INSERT ON users REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION open_wallet();
INSERT INTO accounts (id, kind) SELECT id, 'wallet' FROM users ON CONFLICT DO NOTHING;

-- Keys that moved money are kept for ever, whoever sweeps.
ALTER TABLE idempotency_keys ADD COLUMN forever boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN idempotency_keys.forever IS 'the command moved money: a late retry must find its answer';
-- +goose StatementBegin
CREATE FUNCTION keep_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER idempotency_keys_kept BEFORE DELETE ON idempotency_keys FOR EACH ROW WHEN (OLD.forever) EXECUTE FUNCTION keep_key();

-- +goose Down
DROP TRIGGER idempotency_keys_kept ON idempotency_keys;
ALTER TABLE idempotency_keys DROP COLUMN forever;
DROP TRIGGER users_have_wallets ON users;
DROP TABLE reconciliation_differences, reconciliations, withdrawals, topups, payers, contracts, refunds, tips, holds, entries, transfers, accounts;
DROP FUNCTION keep_key(), open_wallet(), entries_sum_to_zero(), refuse_change();
