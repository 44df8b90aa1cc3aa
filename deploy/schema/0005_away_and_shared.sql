-- Who is away and who stands in, as people set it themselves; addresses that a team shares; letters gathered into one.

-- Real dates in London, both included. What ended early or was never meant stays, with the moment of its end.
CREATE TABLE sfo.absences (
    absence    uuid PRIMARY KEY,
    person_key text NOT NULL,                      -- directory key of whoever is away
    deputy_key text,                               -- of whoever stands in; null: the deputy of the directory
    from_on    date NOT NULL,
    to_on      date NOT NULL,
    set_by     text NOT NULL,                      -- address
    ended_at   timestamptz,                        -- taken back; null: it stands
    ended_by   text,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (to_on >= from_on)
);
CREATE INDEX absences_standing ON sfo.absences (person_key, to_on) WHERE ended_at IS NULL;

-- A question was open when the absence began, and its stage has been told of it.
CREATE TABLE sfo.absences_told (
    absence uuid NOT NULL REFERENCES sfo.absences,
    gate    text NOT NULL REFERENCES sfo.gates,
    told_at_wall timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (absence, gate)
);

-- Whoever of a team decided, where the address that was asked is shared. On the link: who can say that it was them.
ALTER TABLE sfo.links ADD team jsonb;              -- [{key, name, email}]; null: the address is one person's
ALTER TABLE sfo.decisions
    ADD person_key  text,                          -- directory key of the member of the team; null: the directory does not list them
    ADD person_email text,
    ADD person_name text;                          -- as listed, or as typed
ALTER TABLE sfo.sessions ADD member text;          -- who of the team signed in as themselves; null: by the address alone

-- A letter may wait to be gathered with others into one for the same person.
ALTER TABLE sfo.outbox
    DROP CONSTRAINT outbox_state_check,
    ADD CHECK (state IN ('queued', 'sending', 'sent', 'refused', 'held', 'gathered')),
    ADD gathered_in uuid REFERENCES sfo.outbox;    -- the letter that it went in; null though gathered: it was answered before
CREATE INDEX outbox_held ON sfo.outbox (to_email, recorded_at) WHERE state = 'held';
CREATE INDEX outbox_recent ON sfo.outbox (lower(to_email), recorded_at);
CREATE INDEX outbox_gathered ON sfo.outbox (gathered_in) WHERE gathered_in IS NOT NULL;
CREATE INDEX links_by_address ON sfo.links (lower(btrim(email)));
CREATE INDEX gates_of_person ON sfo.gates (person_key) WHERE state = 'open';

GRANT SELECT, INSERT, UPDATE ON sfo.absences TO sfo_app;
GRANT SELECT, INSERT ON sfo.absences_told TO sfo_app;
