-- +goose Up
-- Photos. Files lie in the store of internal/media/blob, under the hashes of
-- their content; here is whose they are and where they are shown.
CREATE TABLE photos (
    id         bigint      NOT NULL,
    owner_id   bigint      NOT NULL,
    width      integer     NOT NULL,
    height     integer     NOT NULL,
    blurhash   text        NOT NULL,
    sensitive  boolean     NOT NULL DEFAULT false,
    flagged_by text,
    review     text        NOT NULL DEFAULT 'none',
    unjudged   boolean     NOT NULL DEFAULT false,
    circle_id  bigint,
    post_id    bigint,
    created_at timestamptz NOT NULL DEFAULT now(),
    gone_at    timestamptz,
    CONSTRAINT photos_pkey PRIMARY KEY (id),
    CONSTRAINT photos_pixels CHECK (width > 0 AND height > 0),
    CONSTRAINT photos_flagged_by CHECK (flagged_by IN ('author', 'moderator', 'reviewer', 'classifier')),
    CONSTRAINT photos_review CHECK (review IN ('none', 'pending', 'passed')),
    CONSTRAINT photos_place CHECK ((circle_id IS NULL) = (post_id IS NULL))
);
CREATE INDEX photos_of_post ON photos (circle_id, post_id) WHERE post_id IS NOT NULL;
CREATE INDEX photos_unused ON photos (created_at) WHERE post_id IS NULL;
CREATE INDEX photos_gone ON photos (gone_at) WHERE gone_at IS NOT NULL;
CREATE INDEX photos_to_review ON photos (id) WHERE review = 'pending' OR unjudged;
COMMENT ON TABLE photos IS 'a photo in a post is guarded by the lock of its post, another one by its own';
COMMENT ON COLUMN photos.width IS 'pixels of its largest size, upright';
COMMENT ON COLUMN photos.flagged_by IS 'who called it sensitive; others come before its author. null: nobody';
COMMENT ON COLUMN photos.review IS 'pending: flagged, and its post takes no tips; passed: a reviewer has looked';
COMMENT ON COLUMN photos.unjudged IS 'the classifier had no answer: a reviewer may want to look';
COMMENT ON COLUMN photos.post_id IS 'the one post that shows it, or showed it until gone_at; null: none yet';

CREATE TABLE photo_sizes (
    photo_id bigint  NOT NULL,
    size     text    NOT NULL,
    key      text    NOT NULL,
    width    integer NOT NULL,
    height   integer NOT NULL,
    bytes    bigint  NOT NULL,
    CONSTRAINT photo_sizes_pkey PRIMARY KEY (photo_id, size),
    CONSTRAINT photo_sizes_size CHECK (size IN ('phone', 'screen', 'full'))
);
CREATE INDEX photo_sizes_by_key ON photo_sizes (key);
COMMENT ON TABLE photo_sizes IS 'a size that is missing is as large as the next larger one; never changed';

CREATE TABLE photo_blobs (
    key      text        NOT NULL,
    loose_at timestamptz,
    CONSTRAINT photo_blobs_pkey PRIMARY KEY (key)
);
CREATE INDEX photo_blobs_loose ON photo_blobs (loose_at) WHERE loose_at IS NOT NULL;
COMMENT ON TABLE photo_blobs IS 'every file in the store; the lock of a row guards the file and who refers to it';
COMMENT ON COLUMN photo_blobs.loose_at IS 'since when perhaps no photo refers to it; looked at again, and deleted, an hour later';

CREATE TABLE photo_uploads (
    id            bigint      NOT NULL,
    owner_id      bigint      NOT NULL,
    length        bigint      NOT NULL,
    sensitive     boolean     NOT NULL DEFAULT false,
    state         text        NOT NULL DEFAULT 'receiving',
    judge_at      bigint      NOT NULL,
    claimed_until timestamptz,
    photo_id      bigint,
    code          text,
    detail        text,
    created_at    timestamptz NOT NULL,
    touched_at    timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    CONSTRAINT photo_uploads_pkey PRIMARY KEY (id),
    CONSTRAINT photo_uploads_length CHECK (length > 0),
    CONSTRAINT photo_uploads_state CHECK (state IN ('receiving', 'making', 'ready', 'refused')),
    CONSTRAINT photo_uploads_end CHECK ((state = 'ready') = (photo_id IS NOT NULL) AND (state = 'refused') = (code IS NOT NULL))
);
CREATE INDEX photo_uploads_of_owner ON photo_uploads (owner_id, created_at);
CREATE INDEX photo_uploads_making ON photo_uploads (id) WHERE state = 'making';
CREATE INDEX photo_uploads_by_age ON photo_uploads (created_at);
COMMENT ON COLUMN photo_uploads.length IS 'bytes';
COMMENT ON COLUMN photo_uploads.expires_at IS 'then it is no longer there; the row stays for the account of its day';
COMMENT ON COLUMN photo_uploads.judge_at IS 'once so many bytes are there the header is looked at (again); 0: it is good';
COMMENT ON COLUMN photo_uploads.claimed_until IS 'until then the node that makes the picture has it, and says so again and again';
COMMENT ON COLUMN photo_uploads.code IS 'of a refused one: the problem, as detail says it';

-- The bytes of uploads. Logging them would write each photo twice for nothing:
-- after a crash of Postgres they are gone, and clients begin again from 0.
CREATE UNLOGGED TABLE photo_upload_parts (
    upload_id bigint  NOT NULL,
    start     bigint  NOT NULL,
    size      integer NOT NULL,
    bytes     bytea   NOT NULL,
    CONSTRAINT photo_upload_parts_pkey PRIMARY KEY (upload_id, start)
);
ALTER TABLE photo_upload_parts ALTER COLUMN bytes SET STORAGE EXTERNAL;
COMMENT ON TABLE photo_upload_parts IS 'how far an upload has come is what is here; guarded by the lock of the upload';

ALTER TABLE posts ADD COLUMN photos jsonb;
COMMENT ON COLUMN posts.photos IS 'what readers are shown of the rows of photos, in order, changed together with them; null: there are none';

-- Also when yesterday's binary deletes a post, its photos go.
-- +goose StatementBegin
CREATE FUNCTION drop_photos() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE photos SET gone_at = NEW.deleted_at WHERE circle_id = NEW.circle_id AND post_id = NEW.id;
    NEW.photos := NULL;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER posts_drop_photos BEFORE UPDATE OF deleted_at ON posts FOR EACH ROW
    WHEN (OLD.photos IS NOT NULL AND OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL) EXECUTE FUNCTION drop_photos();

-- +goose Down
DROP TRIGGER posts_drop_photos ON posts;
DROP FUNCTION drop_photos;
ALTER TABLE posts DROP COLUMN photos;
DROP TABLE photo_upload_parts, photo_uploads, photo_blobs, photo_sizes, photos;
