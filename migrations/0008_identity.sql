-- +goose Up
CREATE TABLE identities (
    user_id        bigint      NOT NULL,
    level          smallint    NOT NULL DEFAULT 0,
    gender         text        NOT NULL DEFAULT '',
    birth_date     date,
    city           text        NOT NULL DEFAULT '',
    student_of     text        NOT NULL DEFAULT '',
    student_until  timestamptz,
    employee_of    text        NOT NULL DEFAULT '',
    employee_until timestamptz,
    updated_at     timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT identities_pkey PRIMARY KEY (user_id),
    CONSTRAINT identities_level CHECK (level BETWEEN 0 AND 3),
    CONSTRAINT identities_gender CHECK (gender IN ('', 'female', 'male', 'other')),
    CONSTRAINT identities_student CHECK ((student_of = '') = (student_until IS NULL)),
    CONSTRAINT identities_employee CHECK ((employee_of = '') = (employee_until IS NULL))
);
COMMENT ON TABLE identities IS 'what rules ask of a person: the sum of attributes, written with them; no row: nothing is verified. Its lock guards all that is verified of the person';
COMMENT ON COLUMN identities.level IS '0 none, 1 phone, 2 document and liveness, 3 the name of a bank account';
COMMENT ON COLUMN identities.student_until IS 'from then on no student';

CREATE TABLE attributes (
    user_id     bigint      NOT NULL,
    kind        text        NOT NULL,
    value       text        NOT NULL,
    issuer      text        NOT NULL,
    verified_at timestamptz NOT NULL,
    expires_at  timestamptz,
    CONSTRAINT attributes_pkey PRIMARY KEY (user_id, kind),
    CONSTRAINT attributes_kind CHECK (kind IN ('phone', 'document', 'bank_name', 'gender', 'birth_date', 'city', 'student', 'employee')),
    CONSTRAINT attributes_expiry CHECK (CASE WHEN kind IN ('student', 'employee') THEN expires_at IS NOT NULL ELSE expires_at IS NULL END),
    CONSTRAINT attributes_nothing_of_documents CHECK (kind NOT IN ('phone', 'document', 'bank_name') OR value = '')
);
COMMENT ON TABLE attributes IS 'what was verified, by whom and when; names and numbers of documents are in no table';
COMMENT ON COLUMN attributes.kind IS 'phone, document and bank_name are levels 1, 2 and 3';
COMMENT ON COLUMN attributes.value IS 'of birth_date: YYYY-MM-DD; of student and employee: of which school or company; of levels: empty';
COMMENT ON COLUMN attributes.issuer IS 'who verified it, such as sandbox, email:tsinghua.edu.cn, staff, dev';
COMMENT ON COLUMN attributes.expires_at IS 'from then on no student or employee; null: until revoked';

CREATE TABLE documents (
    hash       bytea       NOT NULL,
    user_id    bigint      NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT documents_pkey PRIMARY KEY (hash),
    CONSTRAINT documents_hash CHECK (octet_length(hash) = 32)
);
CREATE INDEX documents_by_user ON documents (user_id);
COMMENT ON TABLE documents IS 'which account a document, or a mailbox, belongs to: one only';
COMMENT ON COLUMN documents.hash IS 'HMAC-SHA256 of what names the document, with the key of identity_keys';

CREATE TABLE verifications (
    id         bigint      NOT NULL,
    user_id    bigint      NOT NULL,
    kind       text        NOT NULL,
    level      smallint    NOT NULL DEFAULT 0,
    verifier   text        NOT NULL,
    status     text        NOT NULL DEFAULT 'pending',
    url        text        NOT NULL DEFAULT '',
    reason     text        NOT NULL DEFAULT '',
    note       text        NOT NULL DEFAULT '',
    decided_by bigint,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at   timestamptz,
    open       boolean     NOT NULL DEFAULT true,
    look_at    timestamptz NOT NULL,
    CONSTRAINT verifications_pkey PRIMARY KEY (id),
    CONSTRAINT verifications_kind CHECK (kind IN ('identity', 'student', 'employment')),
    CONSTRAINT verifications_level CHECK (CASE WHEN kind = 'identity' THEN level BETWEEN 1 AND 3 ELSE level = 0 END),
    CONSTRAINT verifications_status CHECK (status IN ('pending', 'verified', 'refused')),
    CONSTRAINT verifications_end CHECK ((status = 'pending') = (ended_at IS NULL)),
    CONSTRAINT verifications_open CHECK (open OR status <> 'pending')
);
CREATE INDEX verifications_by_user ON verifications (user_id, id);
CREATE UNIQUE INDEX verifications_one_pending ON verifications (user_id, kind) WHERE status = 'pending';
CREATE INDEX verifications_to_look_at ON verifications (look_at) WHERE open;
COMMENT ON COLUMN verifications.level IS 'of identity: the level asked for';
COMMENT ON COLUMN verifications.reason IS 'of a refusal: a code';
COMMENT ON COLUMN verifications.note IS 'of a refusal: what staff wrote, for the applicant';
COMMENT ON COLUMN verifications.decided_by IS 'the member of staff; null: nobody did it by hand';
COMMENT ON COLUMN verifications.expires_at IS 'when a pending one is refused';
COMMENT ON COLUMN verifications.open IS 'the verifier may still keep something of it';
COMMENT ON COLUMN verifications.look_at IS 'of an open one: when the verifier is asked, or told to forget';

CREATE TABLE verifier_cases (
    verifier   text        NOT NULL,
    id         text        NOT NULL,
    state      text        NOT NULL DEFAULT 'pending',
    sealed     bytea       NOT NULL,
    code_hash  bytea,
    tries      integer     NOT NULL DEFAULT 0,
    reason     text        NOT NULL DEFAULT '',
    note       text        NOT NULL DEFAULT '',
    decided_by bigint,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    CONSTRAINT verifier_cases_pkey PRIMARY KEY (verifier, id),
    CONSTRAINT verifier_cases_state CHECK (state IN ('pending', 'verified', 'refused'))
);
COMMENT ON TABLE verifier_cases IS 'what the verifiers of our own work on; a case goes with its decision';
COMMENT ON COLUMN verifier_cases.sealed IS 'AES-256-GCM: what the applicant wrote, or what was found, with legal names and numbers';
COMMENT ON COLUMN verifier_cases.code_hash IS 'HMAC-SHA256 of the code that was sent';
COMMENT ON COLUMN verifier_cases.tries IS 'codes that were wrong';

CREATE TABLE identity_keys (
    one        boolean NOT NULL DEFAULT true,
    key        bytea,
    mark       bytea   NOT NULL,
    CONSTRAINT identity_keys_pkey PRIMARY KEY (one),
    CONSTRAINT identity_keys_one CHECK (one),
    CONSTRAINT identity_keys_key CHECK (key IS NULL OR octet_length(key) = 32)
);
COMMENT ON TABLE identity_keys IS 'one row, made by the first node that starts';
COMMENT ON COLUMN identity_keys.key IS '32 random bytes; null: the operators keep it, in LIFECIRCLE_IDENTITY_KEY';
COMMENT ON COLUMN identity_keys.mark IS 'tells another key from the one that the hashes were made with';

CREATE TABLE domains (
    domain     text        NOT NULL,
    kind       text        NOT NULL,
    name       text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT domains_pkey PRIMARY KEY (domain),
    CONSTRAINT domains_kind CHECK (kind IN ('school', 'company')),
    CONSTRAINT domains_form CHECK (domain = lower(domain) AND domain ~ '^[a-z0-9-]+(\.[a-z0-9-]+)+$'),
    CONSTRAINT domains_name CHECK (name <> '')
);
COMMENT ON TABLE domains IS 'whose mailboxes are those of students and employees, those of sub-domains too';
COMMENT ON COLUMN domains.name IS 'of the school or company, as rules write it';

CREATE TABLE staff (
    user_id    bigint      NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT staff_pkey PRIMARY KEY (user_id)
);
COMMENT ON TABLE staff IS 'who decides verifications by hand';

CREATE VIEW user_rights AS
SELECT u.id AS user_id, u.created_at, coalesce(i.level, 0) AS level, coalesce(i.gender, '') AS gender, i.birth_date, coalesce(i.city, '') AS city,
       coalesce(i.student_of, '') AS student_of, i.student_until, coalesce(i.employee_of, '') AS employee_of, i.employee_until
FROM users u LEFT JOIN identities i ON i.user_id = u.id;
COMMENT ON VIEW user_rights IS 'everything that rules ask of a person; read by user_id: two look-ups by key';

-- +goose Down
DROP VIEW user_rights;
DROP TABLE staff, domains, identity_keys, verifier_cases, verifications, documents, attributes, identities;
