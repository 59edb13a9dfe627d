-- +goose Up
CREATE TABLE circles (
    id          bigint      NOT NULL,
    name        text        NOT NULL,
    description text        NOT NULL DEFAULT '',
    category    text        NOT NULL,
    tags        text[]      NOT NULL DEFAULT '{}',
    place       text        NOT NULL DEFAULT '',
    parent_id   bigint,
    created_by  bigint      NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT circles_pkey PRIMARY KEY (id),
    CONSTRAINT circles_parent_fkey FOREIGN KEY (parent_id) REFERENCES circles (id)
);
CREATE INDEX circles_by_parent ON circles (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX circles_by_tag ON circles USING gin (tags);
COMMENT ON COLUMN circles.place IS 'a place in words, as its owner writes it; empty: nowhere in particular';

CREATE TABLE circle_counts (
    circle_id bigint NOT NULL,
    followers bigint NOT NULL DEFAULT 0,
    CONSTRAINT circle_counts_pkey PRIMARY KEY (circle_id),
    CONSTRAINT circle_counts_followers_positive CHECK (followers >= 0)
) WITH (fillfactor = 50);
CREATE INDEX circle_counts_top ON circle_counts (followers DESC, circle_id DESC);
COMMENT ON COLUMN circle_counts.followers IS 'rows of follows with this circle, kept in the same transaction';

CREATE TABLE circle_members (
    circle_id  bigint      NOT NULL,
    user_id    bigint      NOT NULL,
    role       text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT circle_members_pkey PRIMARY KEY (circle_id, user_id),
    CONSTRAINT circle_members_role CHECK (role IN ('owner', 'moderator', 'partner'))
);
CREATE INDEX circle_members_by_user ON circle_members (user_id);

CREATE TABLE follows (
    circle_id  bigint      NOT NULL,
    user_id    bigint      NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT follows_pkey PRIMARY KEY (circle_id, user_id)
);
CREATE INDEX follows_by_user ON follows (user_id, circle_id);

-- +goose Down
DROP TABLE follows, circle_members, circle_counts, circles;
