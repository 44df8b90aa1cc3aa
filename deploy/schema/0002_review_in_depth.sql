-- The review in depth: interviews, comments on facts, feedback, welfare, pauses, a calendar that changes, transfers.

ALTER TABLE sfo.cases
    ADD at_risk   boolean NOT NULL DEFAULT false,
    ADD paused_at timestamptz;                     -- the clock of the review stands still since; null: it runs

ALTER TABLE sfo.gates
    ADD counted_from date,                         -- the date from which its working days count
    ADD counted_days integer,                      -- how many; null: the date was given, or counts in calendar units
    ADD paused_at    timestamptz,                  -- its clock stands still since; null: it runs
    ADD armed_at     timestamptz,                  -- its steps were made anew then; null: they are those of its opening
    ADD ladder_from  date,                         -- its climbs count from here after a pause; null: from its date
    ADD climbed      text[] NOT NULL DEFAULT '{}'; -- rungs that were told; they are not told again

ALTER TABLE sfo.appointments
    ADD organisation text;                         -- region code of whoever lends the person, or hmip; null: own region

ALTER TABLE sfo.extension_requests
    ADD requested_by text,                         -- address; null: operations
    ADD void_at      timestamptz,                  -- the review was submitted or stopped before it was decided
    ADD decision     uuid;                         -- the answer that granted or refused it

ALTER TABLE sfo.actions
    ADD finding     integer,                       -- the number of the finding that the action answers
    ADD improvement text,
    ADD evidence    text,
    ADD done_on     date;

-- One row for each member of staff who is interviewed.
CREATE TABLE sfo.interviews (
    reference  text NOT NULL REFERENCES sfo.cases,
    ref        text NOT NULL,                      -- s1
    times      jsonb NOT NULL DEFAULT '[]',        -- proposed last: [{on, at, place}]
    invited_at timestamptz,
    chosen     integer,                            -- which of the times, from 1
    reply      text CHECK (reply IN ('accepted', 'accompanied', 'another_time', 'lapsed')),
    companion  text,                               -- union or colleague, where asked for
    companion_agreed boolean,
    companion_reasons text,
    held_on    date,
    workload_asked  boolean,
    support_offered boolean,
    not_possible_because text,
    PRIMARY KEY (reference, ref)
);

-- Comments on matters of fact, one by one, with the reviewing manager's answer to each.
CREATE TABLE sfo.factual_points (
    reference text NOT NULL REFERENCES sfo.cases,
    version   integer NOT NULL,
    number    integer NOT NULL,
    paragraph text NOT NULL,                       -- analysis-2, findings-1
    comment   text NOT NULL,
    accepted  boolean,                             -- null: not answered yet
    answer    text,
    commented_by text,
    answered_by  text,
    PRIMARY KEY (reference, version, number)
);

-- What was fed back to whom. `learning` is read by that person and the reviewing manager alone.
CREATE TABLE sfo.feedback (
    reference text NOT NULL REFERENCES sfo.cases,
    ref       text NOT NULL,
    number    integer NOT NULL,                    -- 1 for the first time, 2 after a "not yet"
    given_on  date,
    learning  text,
    attempted_on date,
    attempted_because text,
    confirmed_on date,
    by_email  text,
    at        timestamptz NOT NULL,
    PRIMARY KEY (reference, ref, number)
);

-- That contact was made, never what was said. Rule: Annex J, feedback and employee care.
CREATE TABLE sfo.welfare_contacts (
    reference text NOT NULL REFERENCES sfo.cases,
    ref       text NOT NULL,
    gate      text NOT NULL REFERENCES sfo.gates,
    stage     text NOT NULL,                       -- where the case was
    contact   text NOT NULL CHECK (contact IN ('made', 'not_wanted', 'not_possible')),
    on_date   date NOT NULL,
    outside_offered boolean NOT NULL,
    by_email  text,
    at        timestamptz NOT NULL,
    PRIMARY KEY (reference, ref, gate)
);

-- Each time the clock of a review stood still.
CREATE TABLE sfo.pauses (
    reference  text NOT NULL REFERENCES sfo.cases,
    number     integer NOT NULL,
    reason_code text NOT NULL,
    reasons    text,
    paused_by  text,                               -- address; null: operations
    paused_at  timestamptz NOT NULL,
    review_due date,                               -- as it stood
    days_left  integer,                            -- working days from the pause to the date; negative: it was late
    resumed_at timestamptz,
    resumed_by text,
    resume_reason_code text,
    new_due    date,
    PRIMARY KEY (reference, number)
);

-- Bank holidays announced after the calendar was packaged: a decision of the calendar, made once.
CREATE TABLE sfo.bank_holidays (
    holiday   date PRIMARY KEY,
    name      text NOT NULL,
    source    text NOT NULL,
    announced_by text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- What people ask of a running workflow beyond an answer: pause, resume, transfer, replace_manager, calendar.
CREATE TABLE sfo.requests (
    request   uuid PRIMARY KEY,
    reference text NOT NULL REFERENCES sfo.cases,
    workflow  text NOT NULL,                       -- the id that is signalled
    signal    text NOT NULL,
    message   jsonb NOT NULL,                      -- what the signal carries: codes, dates and keys
    reasons   text,
    asked_by  text,                                -- address
    at        timestamptz NOT NULL,
    delivered_at_wall timestamptz,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX requests_waiting ON sfo.requests (recorded_at) WHERE delivered_at_wall IS NULL;

-- Cases that belong together, each pair once, the earlier reference first.
CREATE TABLE sfo.relations (
    reference text NOT NULL REFERENCES sfo.cases,
    other     text NOT NULL REFERENCES sfo.cases,
    kind      text NOT NULL CHECK (kind IN ('same_person', 'joint')),
    noted_by  text NOT NULL,
    at        timestamptz NOT NULL,
    PRIMARY KEY (reference, other),
    CHECK (reference < other)
);
CREATE INDEX relations_other ON sfo.relations (other);

-- Each version that was submitted: since when it was worked on, and how it came back or was accepted.
CREATE VIEW sfo.rounds AS
SELECT s.reference, s.round, substr(s.subject, 2)::integer AS version, begun.at AS started_at,
    sd.received_at AS submitted_at, e.is_returned, e.role AS ended_by_role, e.reasons, e.at AS ended_at
FROM sfo.gates s
JOIN sfo.decisions sd ON sd.gate = s.gate AND sd.answer = 'submitted' AND sd.applied_at IS NOT NULL
CROSS JOIN LATERAL (
    SELECT min(opened_at) AS at FROM sfo.gates b WHERE b.reference = s.reference AND b.stage = s.stage
) begun
LEFT JOIN LATERAL (
    SELECT g.role, d.reasons, d.received_at AS at, g.question = 'countersign' OR NOT r.accepted AS is_returned
    FROM sfo.gates g
    JOIN sfo.decisions d ON d.gate = g.gate AND d.applied_at IS NOT NULL
    LEFT JOIN sfo.ratings r ON g.question = 'quality' AND r.reference = g.reference AND r.round = g.round
    WHERE g.reference = s.reference AND g.subject = s.subject
        AND (g.question = 'countersign' AND d.answer = 'returned' OR g.question = 'quality' AND d.answer = 'rated')
    ORDER BY d.received_at LIMIT 1
) e ON true
WHERE s.question = 'submit';

-- How far the latest round of a review has come, by its applied answers, since a later one undoes an earlier.
-- `version` is the one in hand; null while there is none or the text is to be written again.
CREATE VIEW sfo.standings AS
SELECT c.reference, last.version, coalesce(last.answer = 'submitted', false) AS is_submitted,
    (SELECT count(*)::integer FROM sfo.duties d
        WHERE d.reference = c.reference AND d.kind = 'interviewed' AND d.state = 'owed') AS interviews_open,
    EXISTS (SELECT FROM sfo.factual_comments f
        WHERE f.reference = c.reference AND f.version = last.version) AS facts_offered,
    (SELECT count(*)::integer FROM sfo.factual_points p
        WHERE p.reference = c.reference AND p.version = last.version AND p.accepted IS NULL) AS comments_open,
    asked.due_on AS facts_due_on, asked.paused_at AS facts_paused_at
FROM sfo.cases c
LEFT JOIN LATERAL (
    SELECT d.answer, CASE d.answer WHEN 'draft_ready' THEN t.version
        WHEN 'submitted' THEN substr(g.subject, 2)::integer END AS version
    FROM sfo.gates g JOIN sfo.decisions d ON d.gate = g.gate AND d.applied_at IS NOT NULL
    LEFT JOIN sfo.documents t ON t.reference = g.reference AND t.kind = 'review' AND t.decision = d.decision
    WHERE g.reference = c.reference AND g.question IN ('draft', 'submit') AND g.round =
        (SELECT max(round) FROM sfo.gates r WHERE r.reference = c.reference AND r.stage ~ '^review(-[0-9]+)?$')
    ORDER BY d.recorded_at DESC LIMIT 1
) last ON true
LEFT JOIN LATERAL (
    SELECT g.due_on, g.paused_at FROM sfo.gates g
    WHERE g.reference = c.reference AND g.question = 'facts' AND g.state = 'open' LIMIT 1
) asked ON true;

GRANT SELECT, INSERT, UPDATE ON sfo.interviews, sfo.factual_points, sfo.feedback, sfo.welfare_contacts, sfo.pauses,
    sfo.bank_holidays, sfo.requests, sfo.relations TO sfo_app;

GRANT SELECT ON sfo.rounds, sfo.standings TO sfo_app;

-- The wall: the service can note that a referral was made and can never read it. Rule: facts.md 5.15, 5.16.
CREATE FUNCTION sfo.note_referral(reference text, made_by_role text, at timestamptz)
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = sfo, pg_temp AS $$
    INSERT INTO referrals (reference, made_by_role, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING
$$;
REVOKE ALL ON sfo.referrals FROM sfo_app;
REVOKE EXECUTE ON FUNCTION sfo.note_referral FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sfo.note_referral TO sfo_app;
