-- What came back to a letter's return address: codes alone, never what somebody or some server wrote.
CREATE TABLE sfo.returned_mail (
    letter_id     uuid NOT NULL REFERENCES sfo.outbox,
    kind          text NOT NULL CHECK (kind IN ('failed', 'delayed', 'away')),
    status        text CHECK (status ~ '^[245]\.[0-9]{1,3}\.[0-9]{1,3}$'),  -- RFC 3463, where the server gave one
    climbs        boolean NOT NULL DEFAULT false,  -- somebody is away and the question climbs by it, once for a person
    told_workflow boolean NOT NULL DEFAULT false,  -- that has been signalled to its stage
    at            timestamptz NOT NULL,
    recorded_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (letter_id, kind)
);
CREATE INDEX returned_mail_climbs ON sfo.returned_mail (recorded_at) WHERE climbs AND NOT told_workflow;
CREATE INDEX outbox_by_gate ON sfo.outbox (gate) WHERE gate IS NOT NULL;
GRANT SELECT, INSERT, UPDATE ON sfo.returned_mail TO sfo_app;
