-- +goose Up
-- What ends by the clock. These are made first: the triggers below lock tables
-- that everybody writes, and only for a moment.
CREATE INDEX identities_student_until ON identities (student_until) WHERE student_until IS NOT NULL;
CREATE INDEX identities_employee_until ON identities (employee_until) WHERE employee_until IS NOT NULL;

CREATE TABLE person_news (
    tx      xid8   NOT NULL DEFAULT pg_current_xact_id(),
    user_id bigint NOT NULL,
    kind    text   NOT NULL,
    CONSTRAINT person_news_kind CHECK (kind IN ('can', 'score', 'notification'))
);
CREATE INDEX person_news_by_tx ON person_news (tx);
COMMENT ON TABLE person_news IS 'what a person''s sockets are to be told, written with the change itself, whoever makes it; kept for minutes';
COMMENT ON COLUMN person_news.tx IS 'the change''s transaction: every node reads what has become visible since it looked last';
COMMENT ON COLUMN person_news.kind IS 'can: what rules ask of the person may be something else; score: the score is, too; notification: there is one';

-- +goose StatementBegin
CREATE FUNCTION tell_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO person_news (user_id, kind) VALUES (OLD.user_id, TG_ARGV[0]);
    ELSE
        INSERT INTO person_news (user_id, kind) VALUES (NEW.user_id, TG_ARGV[0]);
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION tell_suspended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO person_news (user_id, kind) VALUES (NEW.id, 'can');
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- Who makes a circle is its owner from the start: that is no news.
-- +goose StatementBegin
CREATE FUNCTION tell_member() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO person_news (user_id, kind)
    SELECT NEW.user_id, 'can' WHERE NOT EXISTS (SELECT FROM circles WHERE id = NEW.circle_id AND created_at = now());
    RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE TRIGGER scores_first AFTER INSERT ON scores FOR EACH ROW EXECUTE FUNCTION tell_person('score');
CREATE TRIGGER scores_changed AFTER UPDATE ON scores FOR EACH ROW WHEN (OLD.score <> NEW.score) EXECUTE FUNCTION tell_person('score');
CREATE TRIGGER identities_changed AFTER INSERT OR UPDATE OR DELETE ON identities FOR EACH ROW EXECUTE FUNCTION tell_person('can');
CREATE TRIGGER circle_members_new AFTER INSERT ON circle_members FOR EACH ROW EXECUTE FUNCTION tell_member();
CREATE TRIGGER circle_members_changed AFTER UPDATE OR DELETE ON circle_members FOR EACH ROW EXECUTE FUNCTION tell_person('can');
CREATE TRIGGER users_suspended AFTER UPDATE OF banned_at ON users FOR EACH ROW WHEN (OLD.banned_at IS DISTINCT FROM NEW.banned_at) EXECUTE FUNCTION tell_suspended();
CREATE TRIGGER notifications_new AFTER INSERT ON notifications FOR EACH ROW EXECUTE FUNCTION tell_person('notification');

-- +goose Down
DROP INDEX identities_employee_until, identities_student_until;
DROP TRIGGER notifications_new ON notifications;
DROP TRIGGER users_suspended ON users;
DROP TRIGGER circle_members_changed ON circle_members;
DROP TRIGGER circle_members_new ON circle_members;
DROP TRIGGER identities_changed ON identities;
DROP TRIGGER scores_changed ON scores;
DROP TRIGGER scores_first ON scores;
DROP FUNCTION tell_member, tell_suspended, tell_person;
DROP TABLE person_news;
