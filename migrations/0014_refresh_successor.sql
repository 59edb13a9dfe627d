-- +goose Up
ALTER TABLE refresh_tokens ADD COLUMN successor bytea;
COMMENT ON COLUMN refresh_tokens.successor IS 'hash of the token that this one was traded for; null: not used yet, traded by an older binary, or set aside unused by a repeated trade';

-- +goose Down
ALTER TABLE refresh_tokens DROP COLUMN successor;
