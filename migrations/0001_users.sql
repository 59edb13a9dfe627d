-- +goose Up
CREATE TABLE users (
    id            bigint      NOT NULL,
    handle        text        NOT NULL,
    display_name  text        NOT NULL,
    bio           text        NOT NULL DEFAULT '',
    password_hash text        NOT NULL,
    banned_at     timestamptz,
    created_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT users_pkey PRIMARY KEY (id),
    CONSTRAINT users_handle_key UNIQUE (handle),
    CONSTRAINT users_handle_form CHECK (handle ~ '^[a-z0-9_]{3,30}$')
);
COMMENT ON TABLE users IS 'one row per account';
COMMENT ON COLUMN users.handle IS 'lower case; the name used to sign in';
COMMENT ON COLUMN users.password_hash IS 'argon2id, PHC string';

CREATE TABLE sessions (
    id         bigint      NOT NULL,
    user_id    bigint      NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CONSTRAINT sessions_pkey PRIMARY KEY (id),
    CONSTRAINT sessions_user_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX sessions_by_user ON sessions (user_id);
COMMENT ON TABLE sessions IS 'a family of refresh tokens: one sign-in on one device';

CREATE TABLE refresh_tokens (
    hash       bytea       NOT NULL,
    session_id bigint      NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    used_at    timestamptz,
    CONSTRAINT refresh_tokens_pkey PRIMARY KEY (hash),
    CONSTRAINT refresh_tokens_session_fkey FOREIGN KEY (session_id) REFERENCES sessions (id) ON DELETE CASCADE
);
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id);
COMMENT ON COLUMN refresh_tokens.hash IS 'SHA-256 of the token; the token itself is never stored';
COMMENT ON COLUMN refresh_tokens.used_at IS 'set when rotated; a second use revokes the session';

CREATE TABLE signing_keys (
    id          text        NOT NULL,
    private_key bytea       NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    retired_at  timestamptz,
    CONSTRAINT signing_keys_pkey PRIMARY KEY (id),
    CONSTRAINT signing_keys_seed CHECK (octet_length(private_key) = 32)
);
COMMENT ON COLUMN signing_keys.id IS 'kid of the JWT header and of the JWKS';
COMMENT ON COLUMN signing_keys.private_key IS 'Ed25519 seed, 32 bytes';
COMMENT ON COLUMN signing_keys.retired_at IS 'signs no more from then on; verifies until its last tokens have expired';

-- +goose Down
DROP TABLE signing_keys, refresh_tokens, sessions, users;
