-- +goose Up
CREATE TABLE circle_rules (
    circle_id   bigint      NOT NULL,
    version     integer     NOT NULL,
    rules       jsonb       NOT NULL,
    reason      text        NOT NULL DEFAULT '',
    reverted_to integer,
    created_by  bigint      NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT circle_rules_pkey PRIMARY KEY (circle_id, version),
    CONSTRAINT circle_rules_circle_fkey FOREIGN KEY (circle_id) REFERENCES circles (id),
    CONSTRAINT circle_rules_version_positive CHECK (version > 0),
    CONSTRAINT circle_rules_object CHECK (jsonb_typeof(rules) = 'object'),
    CONSTRAINT circle_rules_reverted_before CHECK (reverted_to >= 0 AND reverted_to < version)
);
COMMENT ON TABLE circle_rules IS 'every version of a circle''s rules; rows are only added';
COMMENT ON COLUMN circle_rules.rules IS 'CEL by action: view, like, comment, tip, post; an action left out is open to every account';
COMMENT ON COLUMN circle_rules.reason IS 'shown to readers; needed where posting depends on gender';
COMMENT ON COLUMN circle_rules.reverted_to IS 'the version that this one repeats; 0: without rules';

ALTER TABLE circles
    ADD COLUMN rules_version integer NOT NULL DEFAULT 0,
    ADD COLUMN ruled         boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN circles.rules_version IS 'of circle_rules, in force now; 0: there were never any';
COMMENT ON COLUMN circles.ruled IS 'the version in force has a rule';
CREATE INDEX circles_ruled ON circles (id) WHERE ruled;

-- +goose Down
DROP INDEX circles_ruled;
ALTER TABLE circles DROP COLUMN rules_version, DROP COLUMN ruled;
DROP TABLE circle_rules;
