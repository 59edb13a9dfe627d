-- +goose Up
CREATE TABLE posts (
    circle_id  bigint      NOT NULL,
    id         bigint      NOT NULL,
    author_id  bigint      NOT NULL,
    text       text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    edited_at  timestamptz,
    deleted_at timestamptz,
    CONSTRAINT posts_pkey PRIMARY KEY (circle_id, id)
);
COMMENT ON COLUMN posts.id IS 'rises within its circle in commit order, see circle_heads.last_id';
COMMENT ON COLUMN posts.deleted_at IS 'set: gone for readers; the row stays so that its id is answered with 409';

CREATE TABLE post_counts (
    circle_id bigint NOT NULL,
    post_id   bigint NOT NULL,
    version   bigint NOT NULL DEFAULT 1,
    likes     bigint NOT NULL DEFAULT 0,
    comments  bigint NOT NULL DEFAULT 0,
    tip_count bigint NOT NULL DEFAULT 0,
    tip_total bigint NOT NULL DEFAULT 0,
    deleted   boolean NOT NULL DEFAULT false,
    CONSTRAINT post_counts_pkey PRIMARY KEY (circle_id, post_id),
    CONSTRAINT post_counts_positive CHECK (likes >= 0 AND comments >= 0 AND tip_count >= 0 AND tip_total >= 0)
) WITH (fillfactor = 50);
COMMENT ON TABLE post_counts IS 'hot; locking a row here guards the likes of its post';
COMMENT ON COLUMN post_counts.deleted IS 'the post was deleted; repeated here so that likes and comments need not read it';
COMMENT ON COLUMN post_counts.version IS 'rises with every change, so that a late message never sets a screen back';
COMMENT ON COLUMN post_counts.tip_total IS 'fen';

CREATE TABLE likes (
    circle_id  bigint      NOT NULL,
    post_id    bigint      NOT NULL,
    user_id    bigint      NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT likes_pkey PRIMARY KEY (circle_id, post_id, user_id)
);

CREATE TABLE comments (
    circle_id  bigint      NOT NULL,
    post_id    bigint      NOT NULL,
    id         bigint      NOT NULL,
    author_id  bigint      NOT NULL,
    reply_to   bigint,
    text       text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    CONSTRAINT comments_pkey PRIMARY KEY (circle_id, post_id, id)
);
COMMENT ON COLUMN comments.reply_to IS 'a comment of the same post';

-- +goose Down
DROP TABLE comments, likes, post_counts, posts;
