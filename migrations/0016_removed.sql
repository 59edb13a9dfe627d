-- +goose Up
ALTER TABLE posts ADD COLUMN deleted_by bigint;
COMMENT ON COLUMN posts.deleted_by IS 'who deleted it; null of a deleted one: an older binary did, and nobody knows';

ALTER TABLE comments ADD COLUMN deleted_by bigint;
COMMENT ON COLUMN comments.deleted_by IS 'as of posts';

ALTER TABLE score_runs ADD COLUMN spread integer[];
COMMENT ON COLUMN score_runs.spread IS 'how many of the active people have a score from 350, 400, ... 900 on; null: another node had begun the run';

-- +goose Down
ALTER TABLE score_runs DROP COLUMN spread;
ALTER TABLE comments DROP COLUMN deleted_by;
ALTER TABLE posts DROP COLUMN deleted_by;
