-- +goose Up
CREATE TABLE sandbox_bank (
    one      boolean NOT NULL DEFAULT true,
    merchant text    NOT NULL,
    secret   bytea   NOT NULL,
    CONSTRAINT sandbox_bank_pkey PRIMARY KEY (one),
    CONSTRAINT sandbox_bank_one CHECK (one),
    CONSTRAINT sandbox_bank_secret CHECK (octet_length(secret) = 32)
);
COMMENT ON TABLE sandbox_bank IS 'one row: the sandbox bank that lives in this database, made by the first node that starts';
COMMENT ON COLUMN sandbox_bank.merchant IS 'who we are to the bank; a notification for another merchant is refused';
COMMENT ON COLUMN sandbox_bank.secret IS '32 random bytes: the key of the HMAC that signs notifications';

CREATE TABLE sandbox_payments (
    id         text        NOT NULL,
    token      text        NOT NULL,
    amount     bigint      NOT NULL,
    paid       bigint      NOT NULL DEFAULT 0,
    refunded   bigint      NOT NULL DEFAULT 0,
    title      text        NOT NULL,
    return_url text        NOT NULL,
    state      text        NOT NULL DEFAULT 'pending',
    reason     text        NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    settle_at  timestamptz NOT NULL,
    settle_as  text        NOT NULL,
    settled_at timestamptz,
    CONSTRAINT sandbox_payments_pkey PRIMARY KEY (id),
    CONSTRAINT sandbox_payments_id CHECK (id ~ '^[a-z0-9]{1,32}$'),
    CONSTRAINT sandbox_payments_amounts CHECK (amount > 0 AND paid >= 0 AND refunded BETWEEN 0 AND paid),
    CONSTRAINT sandbox_payments_state CHECK (state IN ('pending', 'paid', 'failed') AND settle_as IN ('paid', 'failed')),
    CONSTRAINT sandbox_payments_settled CHECK ((state = 'pending') = (settled_at IS NULL) AND (state = 'paid' OR paid = 0))
);
CREATE INDEX sandbox_payments_due ON sandbox_payments (settle_at) WHERE state = 'pending';
CREATE INDEX sandbox_payments_book ON sandbox_payments (settled_at) WHERE state = 'paid';
COMMENT ON COLUMN sandbox_payments.id IS 'of the order, given by whoever asks for the payment';
COMMENT ON COLUMN sandbox_payments.token IS 'opens the checkout page; not to be guessed';
COMMENT ON COLUMN sandbox_payments.amount IS 'fen, asked for';
COMMENT ON COLUMN sandbox_payments.paid IS 'fen, really paid';
COMMENT ON COLUMN sandbox_payments.refunded IS 'fen, of paid, given back';
COMMENT ON COLUMN sandbox_payments.settle_at IS 'when the bank decides by itself, unless the payer has';
COMMENT ON COLUMN sandbox_payments.settle_as IS 'what it decides then: paid by a slow payer, failed when the time is over';

CREATE TABLE sandbox_payouts (
    id         text        NOT NULL,
    account    text        NOT NULL,
    amount     bigint      NOT NULL,
    state      text        NOT NULL,
    reason     text        NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    settle_at  timestamptz,
    settled_at timestamptz,
    CONSTRAINT sandbox_payouts_pkey PRIMARY KEY (id),
    CONSTRAINT sandbox_payouts_id CHECK (id ~ '^[a-z0-9]{1,32}$'),
    CONSTRAINT sandbox_payouts_amount CHECK (amount > 0),
    CONSTRAINT sandbox_payouts_state CHECK (state IN ('pending', 'paid', 'failed')),
    CONSTRAINT sandbox_payouts_settled CHECK ((state = 'pending') = (settled_at IS NULL))
);
CREATE INDEX sandbox_payouts_due ON sandbox_payouts (settle_at) WHERE state = 'pending';
CREATE INDEX sandbox_payouts_book ON sandbox_payouts (settled_at) WHERE state = 'paid';
COMMENT ON COLUMN sandbox_payouts.amount IS 'fen';
COMMENT ON COLUMN sandbox_payouts.settle_at IS 'when the bank pays a slow one; NULL: not by itself';

CREATE TABLE sandbox_refunds (
    id         text        NOT NULL,
    payment_id text        NOT NULL,
    amount     bigint      NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT sandbox_refunds_pkey PRIMARY KEY (id),
    CONSTRAINT sandbox_refunds_id CHECK (id ~ '^[a-z0-9]{1,32}$'),
    CONSTRAINT sandbox_refunds_amount CHECK (amount > 0),
    CONSTRAINT sandbox_refunds_payment FOREIGN KEY (payment_id) REFERENCES sandbox_payments (id)
);
CREATE INDEX sandbox_refunds_book ON sandbox_refunds (created_at);
COMMENT ON COLUMN sandbox_refunds.amount IS 'fen';

CREATE TABLE sandbox_notices (
    id       bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    body     text        NOT NULL,
    due_at   timestamptz NOT NULL,
    attempts integer     NOT NULL DEFAULT 0,
    CONSTRAINT sandbox_notices_pkey PRIMARY KEY (id)
);
CREATE INDEX sandbox_notices_due ON sandbox_notices (due_at);
COMMENT ON TABLE sandbox_notices IS 'notifications that the bank has yet to deliver; a row goes when its delivery was taken';
COMMENT ON COLUMN sandbox_notices.body IS 'one line of JSON, signed when it is sent';
COMMENT ON COLUMN sandbox_notices.due_at IS 'while a node delivers it: when another one may';

-- +goose Down
DROP TABLE sandbox_notices, sandbox_refunds, sandbox_payouts, sandbox_payments, sandbox_bank;
