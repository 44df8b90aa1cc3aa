-- The record: everything that names a person lives here and nowhere else.
--
-- Times named `at`, `opened_at`, `received_at` ... are case time (equal to real time at speed 1);
-- `recorded_at` is real time. Roles: sfo_owner owns, sfo_app works, neither may change the audit.

CREATE SCHEMA IF NOT EXISTS sfo;

-- Cases ---------------------------------------------------------------------------------------

CREATE TABLE sfo.cases (
    reference        text PRIMARY KEY CHECK (reference ~ '^SFO-\d{4}-\d{5}$'),
    charge_key       text NOT NULL UNIQUE,       -- person and offences: the same charge twice is one case
    crn              text NOT NULL,
    noms             text,
    person_name      text NOT NULL,
    date_of_birth    date,
    region           text NOT NULL,
    pdu              text NOT NULL,
    supervision_type text NOT NULL,
    supervision_started_on date NOT NULL,
    supervision_ended_on   date,
    rosh             text NOT NULL,
    charged_on       date NOT NULL,
    court            text,
    appeared_on      date,
    notified_on      date,
    public_interest  text,                       -- why somebody proposes a review; null: nobody does
    offence_class    text,                       -- the national team's answer about an unlisted code
    interest_answer  text,                       -- the national team's answer on public interest
    ground           text NOT NULL DEFAULT 'ask',
    ground_reason    text,
    is_sfo           boolean NOT NULL DEFAULT true,
    rulebook         text,
    stage            text NOT NULL DEFAULT 'charge',
    review_required_on date,                     -- an amended charge made the review due on this date; null: the first did
    review_due       date,
    original_review_due date,
    review_overdue   boolean NOT NULL DEFAULT false,
    accepted_version integer,
    clock            jsonb NOT NULL,             -- messages.CaseClock
    opening          jsonb NOT NULL,             -- messages.CaseOpening: what the workflow is started with
    started_at_wall  timestamptz,                -- null: Temporal has not been told yet, the relay will
    opened_on        date NOT NULL,
    closed_on        date,
    outcome          text,
    recorded_at      timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX cases_open ON sfo.cases (region, review_due) WHERE closed_on IS NULL;
CREATE SEQUENCE sfo.case_number;

CREATE TABLE sfo.offences (
    reference  text NOT NULL REFERENCES sfo.cases,
    round      integer NOT NULL,                 -- 1 as first charged, 2 and on as amended
    number     integer NOT NULL,
    code       text NOT NULL,
    offence_on date NOT NULL,
    victim_age integer,
    wording    text,
    PRIMARY KEY (reference, round, number)
);

-- Everyone in the case by number: s1.. staff, v1.. victims and families.
CREATE TABLE sfo.staff (
    reference text NOT NULL REFERENCES sfo.cases,
    ref       text NOT NULL,
    role      text NOT NULL,
    name      text NOT NULL,
    email     text NOT NULL,
    in_line   boolean NOT NULL,
    PRIMARY KEY (reference, ref)
);

CREATE TABLE sfo.victims (
    reference text NOT NULL REFERENCES sfo.cases,
    ref       text NOT NULL,
    name      text NOT NULL,
    liaison_officer_email text NOT NULL,
    told_on   date,
    answer    text,                              -- null: not yet asked; never a refusal
    given_on  date,
    closed_because text,
    PRIMARY KEY (reference, ref)
);

-- Who holds a role that the case itself fills: reviewing manager, countersigning manager.
CREATE TABLE sfo.appointments (
    reference  text NOT NULL REFERENCES sfo.cases,
    role       text NOT NULL,
    person_key text NOT NULL,                    -- directory key
    name       text NOT NULL,
    email      text NOT NULL,
    at         timestamptz NOT NULL,
    decision   text,
    PRIMARY KEY (reference, role)
);

-- Gates, links, decisions -----------------------------------------------------------------------

CREATE TABLE sfo.gates (
    gate         text PRIMARY KEY,               -- SFO-2026-00042/review/interview:s2
    reference    text NOT NULL REFERENCES sfo.cases,
    stage        text NOT NULL,                  -- id part, review-2
    round        integer NOT NULL,
    question     text NOT NULL,
    subject      text,
    role         text NOT NULL,
    person_key   text,                           -- directory key or staff number of the person asked
    person_name  text NOT NULL,
    person_email text NOT NULL,
    deputy_key   text,
    deputy_name  text,
    deputy_email text,                           -- set when the deputy has been asked as well
    page         jsonb NOT NULL,                 -- title, why, facts [[label, value]], options {field: [{value,label}]}, refused {field: [{label, reason}]}
    state        text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'decided', 'lapsed', 'withdrawn')),
    due_on       date NOT NULL,
    due_at       timestamptz NOT NULL,
    original_due_on date NOT NULL,
    rulebook     text NOT NULL DEFAULT '',       -- the version by which its schedule is made
    deadline     text NOT NULL DEFAULT '',       -- the rulebook key of its date, reminders and ladder
    overdue      boolean NOT NULL DEFAULT false,
    rung         text NOT NULL DEFAULT 'asked',
    opened_at    timestamptz NOT NULL,
    closed_at    timestamptz,
    recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX gates_open ON sfo.gates (reference) WHERE state = 'open';

CREATE TABLE sfo.decisions (
    decision    uuid PRIMARY KEY,
    gate        text NOT NULL REFERENCES sfo.gates,
    answer      text NOT NULL,
    fields      jsonb NOT NULL DEFAULT '{}',
    reasons     text,
    reason_code text,
    by_email    text,                            -- null: operations, through the Temporal UI
    by_name     text,
    by_rung     text NOT NULL DEFAULT 'asked',
    channel     text NOT NULL CHECK (channel IN ('link', 'command', 'operations')),
    received_at timestamptz NOT NULL,
    late        boolean NOT NULL,
    applied_at  timestamptz,
    void_at     timestamptz,
    refs        jsonb NOT NULL DEFAULT '{}',
    delivered_at_wall timestamptz,               -- the signal reached Temporal
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
-- One decision per gate. One that policy refused is void, and only then may the gate be answered again.
CREATE UNIQUE INDEX decisions_one ON sfo.decisions (gate) WHERE void_at IS NULL;
CREATE INDEX decisions_waiting ON sfo.decisions (recorded_at) WHERE applied_at IS NULL AND void_at IS NULL;

-- A link is a locator for one person and one gate, never authority. The token is rebuilt from the id and a key.
CREATE TABLE sfo.links (
    link       uuid PRIMARY KEY,
    gate       text NOT NULL REFERENCES sfo.gates,
    email      text NOT NULL,
    name       text NOT NULL,
    rung       text NOT NULL DEFAULT 'asked',
    revoked_at timestamptz,
    codes_sent integer NOT NULL DEFAULT 0,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (gate, email)
);

-- One-time codes and sessions of the gateway; real time throughout, since people live in it.
CREATE TABLE sfo.codes (
    link       uuid PRIMARY KEY REFERENCES sfo.links,
    code_hash  bytea NOT NULL,
    expires_at timestamptz NOT NULL,
    tries      integer NOT NULL DEFAULT 0
);
CREATE TABLE sfo.sessions (
    session_hash bytea PRIMARY KEY,
    email      text NOT NULL,
    csrf       text NOT NULL,
    seen_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL
);

-- Letters: the row first, then the letter. One business event and one recipient is one row.
CREATE TABLE sfo.outbox (
    letter_id   uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    event       text NOT NULL,                   -- SFO-2026-00042/review/draft/asked
    reference   text REFERENCES sfo.cases,
    gate        text REFERENCES sfo.gates,
    link        uuid REFERENCES sfo.links,
    letter      text NOT NULL,                   -- folder under activities/letters
    to_name     text NOT NULL,
    to_email    text NOT NULL,
    context     jsonb NOT NULL DEFAULT '{}',     -- what the template shows: reference, question, date
    message_id  text NOT NULL UNIQUE,
    state       text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sending', 'sent', 'refused')),
    attempts    integer NOT NULL DEFAULT 0,
    claimed_at_wall timestamptz,
    sent_at_wall timestamptz,
    error_code  integer,
    told_workflow boolean NOT NULL DEFAULT false,  -- a refused gate letter has been signalled to its stage
    at          timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (event, to_email)
);
CREATE INDEX outbox_waiting ON sfo.outbox (recorded_at) WHERE state IN ('queued', 'sending');
CREATE INDEX outbox_refused ON sfo.outbox (recorded_at) WHERE state = 'refused' AND NOT told_workflow;

-- What every repeat returns: one row per business event of an activity.
CREATE TABLE sfo.transitions (
    key         text PRIMARY KEY,
    result      jsonb,                           -- null: the activity returns nothing
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Work of a case --------------------------------------------------------------------------------

CREATE TABLE sfo.deadlines (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reference  text NOT NULL REFERENCES sfo.cases,
    what       text NOT NULL,                    -- review, or a gate
    due_on     date NOT NULL,
    original_due_on date NOT NULL,
    rulebook   text NOT NULL,
    rule       text NOT NULL,                    -- the rulebook key, or the decision that moved it
    decision   uuid,
    late       boolean NOT NULL DEFAULT false,   -- the extension was asked after the date
    at         timestamptz NOT NULL
);

CREATE TABLE sfo.documents (
    reference text NOT NULL REFERENCES sfo.cases,
    kind      text NOT NULL CHECK (kind IN ('review', 'victim_rendition')),
    version   integer NOT NULL,
    content   jsonb NOT NULL,
    sha256    text NOT NULL,
    author_email text,
    at        timestamptz NOT NULL,
    decision  uuid,
    PRIMARY KEY (reference, kind, version)
);

CREATE TABLE sfo.redactions (
    reference text NOT NULL REFERENCES sfo.cases,
    number    integer NOT NULL,
    version   integer NOT NULL,
    passage   text NOT NULL,
    ground    text NOT NULL,
    note      text NOT NULL,
    proposed_by text,
    accepted  boolean,
    decided_by text,
    PRIMARY KEY (reference, number)
);

CREATE TABLE sfo.factual_comments (
    reference text NOT NULL REFERENCES sfo.cases,
    gate      text PRIMARY KEY REFERENCES sfo.gates,
    version   integer NOT NULL,
    comments  text,                              -- null: the opportunity was given, no comment
    at        timestamptz NOT NULL
);

CREATE TABLE sfo.ratings (
    reference text NOT NULL REFERENCES sfo.cases,
    round     integer NOT NULL,
    ratings   jsonb NOT NULL,
    composite text NOT NULL,
    accepted  boolean NOT NULL,
    by_hmip_sample boolean NOT NULL,
    at        timestamptz NOT NULL,
    PRIMARY KEY (reference, round)
);

CREATE TABLE sfo.duties (
    reference text NOT NULL REFERENCES sfo.cases,
    kind      text NOT NULL,
    subject   text NOT NULL,                     -- s1, v1
    state     text NOT NULL DEFAULT 'owed' CHECK (state IN ('owed', 'met', 'closed')),
    decision  uuid,
    at        timestamptz NOT NULL,
    PRIMARY KEY (reference, kind, subject)
);

CREATE TABLE sfo.actions (
    reference text NOT NULL REFERENCES sfo.cases,
    ref       text NOT NULL,                     -- a1, a2: management actions and the review's plan share the count
    kind      text NOT NULL CHECK (kind IN ('management', 'plan')),
    what      text NOT NULL,
    owner_name  text NOT NULL,
    owner_email text NOT NULL,
    due_on    date NOT NULL,
    state     text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done', 'withdrawn')),
    version   integer,                           -- of the review that made it; null for management actions
    decision  uuid,
    PRIMARY KEY (reference, ref)
);

-- Only the bare fact. No content, no link to any conduct or capability case. Rule: facts.md 5.15, 5.16.
CREATE TABLE sfo.referrals (
    reference text PRIMARY KEY REFERENCES sfo.cases,
    made_by_role text NOT NULL,
    at        timestamptz NOT NULL
);

CREATE TABLE sfo.court_events (
    event     text PRIMARY KEY,
    reference text NOT NULL REFERENCES sfo.cases,
    kind      text NOT NULL,
    on_date   date NOT NULL,
    offences  jsonb,
    delivered_at_wall timestamptz,
    applied_at timestamptz,
    at        timestamptz NOT NULL
);
CREATE INDEX court_events_waiting ON sfo.court_events (reference) WHERE delivered_at_wall IS NULL;

CREATE TABLE sfo.escalations (
    reference text NOT NULL REFERENCES sfo.cases,
    kind      text NOT NULL,
    number    integer NOT NULL,
    state     text NOT NULL DEFAULT 'raised' CHECK (state IN ('raised', 'acknowledged', 'resolved')),
    reason    text NOT NULL,
    concern   text,                              -- what a person wrote
    about     text,                              -- gate or staff number
    raised_by text,
    outcome   text,
    raised_at timestamptz NOT NULL,
    acknowledged_at timestamptz,
    resolved_at timestamptz,
    delivered_at_wall timestamptz,
    PRIMARY KEY (reference, kind, number)
);

CREATE TABLE sfo.enquiries (
    reference text NOT NULL REFERENCES sfo.cases,
    number    integer NOT NULL,
    kind      text NOT NULL,
    received_on date NOT NULL,
    asked     text,
    state     text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'answered')),
    answer    text,
    delivered_at_wall timestamptz,
    at        timestamptz NOT NULL,
    PRIMARY KEY (reference, number)
);

CREATE TABLE sfo.extension_requests (
    request   uuid PRIMARY KEY,
    reference text NOT NULL REFERENCES sfo.cases,
    new_on    date NOT NULL,
    reason_code text NOT NULL,
    reasons   text,
    late      boolean NOT NULL DEFAULT false,
    granted   boolean,
    granted_on date,
    delivered_at_wall timestamptz,
    at        timestamptz NOT NULL
);

CREATE TABLE sfo.releases (
    reference text NOT NULL REFERENCES sfo.cases,
    rendition integer NOT NULL,
    sha256    text NOT NULL,
    reader    text NOT NULL,                     -- v1, or a named reader of the internal version
    decision  uuid,
    at        timestamptz NOT NULL,
    PRIMARY KEY (reference, rendition, reader)
);

-- Audit -----------------------------------------------------------------------------------------

CREATE TABLE sfo.audit (
    seq       bigint PRIMARY KEY,
    recorded_at timestamptz NOT NULL,
    at        timestamptz NOT NULL,
    reference text,
    actor     text NOT NULL,
    action    text NOT NULL,
    subject   text NOT NULL,
    detail    jsonb NOT NULL,
    prev      bytea NOT NULL,
    hash      bytea NOT NULL UNIQUE
);
CREATE INDEX audit_by_case ON sfo.audit (reference, seq);

CREATE FUNCTION sfo.audit_hash(
    prev bytea, seq bigint, recorded_at timestamptz, at timestamptz, reference text,
    actor text, action text, subject text, detail jsonb
) RETURNS bytea LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT sha256(prev || convert_to(jsonb_build_array(
        seq, to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        reference, actor, action, subject, detail)::text, 'UTF8'))
$$;

-- The one way to add a row. The lock orders writers; the hash binds each row to the one before.
CREATE FUNCTION sfo.audit_append(at timestamptz, reference text, actor text, action text, subject text, detail jsonb)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = sfo, pg_temp AS $$
DECLARE
    last_seq bigint;
    last_hash bytea;
    now_ timestamptz;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('sfo.audit'));
    SELECT a.seq, a.hash INTO last_seq, last_hash FROM audit a ORDER BY a.seq DESC LIMIT 1;
    last_seq := coalesce(last_seq, 0) + 1;
    last_hash := coalesce(last_hash, decode(repeat('00', 32), 'hex'));
    now_ := clock_timestamp();
    INSERT INTO audit VALUES (last_seq, now_, at, reference, actor, action, subject, detail, last_hash,
        audit_hash(last_hash, last_seq, now_, at, reference, actor, action, subject, detail));
    RETURN last_seq;
END $$;

CREATE FUNCTION sfo.audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit is append-only' USING ERRCODE = '42501';
END $$;
CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON sfo.audit FOR EACH ROW EXECUTE FUNCTION sfo.audit_refuse();
CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON sfo.audit FOR EACH STATEMENT EXECUTE FUNCTION sfo.audit_refuse();

-- Each broken row with the reason: gap (a row was removed), chain (a neighbour changed), content (it was edited).
CREATE FUNCTION sfo.audit_verify() RETURNS TABLE (bad bigint, why text) LANGUAGE sql STABLE AS $$
    SELECT seq, CASE WHEN seq <> row_no THEN 'gap' WHEN prev <> before THEN 'chain' ELSE 'content' END
    FROM (
        SELECT a.*, row_number() OVER (ORDER BY seq) AS row_no,
               coalesce(lag(hash) OVER (ORDER BY seq), decode(repeat('00', 32), 'hex')) AS before
        FROM sfo.audit a
    ) chained
    WHERE seq <> row_no OR prev <> before
       OR hash <> sfo.audit_hash(prev, seq, recorded_at, at, reference, actor, action, subject, detail)
$$;

-- Documents and releases are immutable too.
CREATE FUNCTION sfo.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% rows are immutable', TG_TABLE_NAME USING ERRCODE = '42501';
END $$;
CREATE TRIGGER documents_immutable BEFORE UPDATE OR DELETE ON sfo.documents FOR EACH ROW EXECUTE FUNCTION sfo.refuse_change();
CREATE TRIGGER releases_immutable BEFORE UPDATE OR DELETE ON sfo.releases FOR EACH ROW EXECUTE FUNCTION sfo.refuse_change();

-- Rights ----------------------------------------------------------------------------------------

DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'sfo_app') THEN
        CREATE ROLE sfo_app LOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;  -- roles belong to the whole server: another database's starter made it in the same moment
END $$;
GRANT USAGE ON SCHEMA sfo TO sfo_app;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA sfo TO sfo_app;
GRANT DELETE ON sfo.codes, sfo.sessions TO sfo_app;
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON sfo.audit FROM sfo_app;
REVOKE UPDATE ON sfo.documents, sfo.releases FROM sfo_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA sfo TO sfo_app;
REVOKE EXECUTE ON FUNCTION sfo.audit_append FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sfo.audit_append TO sfo_app;
