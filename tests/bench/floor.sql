CREATE SCHEMA floor;
CREATE TABLE floor.cases (reference text PRIMARY KEY, gates integer NOT NULL, step integer NOT NULL DEFAULT 0,
    opened_at timestamptz NOT NULL DEFAULT clock_timestamp(), closed_on date);
CREATE TABLE floor.gates (gate text PRIMARY KEY, reference text NOT NULL REFERENCES floor.cases, role text NOT NULL,
    due_at timestamptz NOT NULL, page jsonb NOT NULL, state text NOT NULL, opened_at timestamptz NOT NULL,
    closed_at timestamptz);
CREATE INDEX ON floor.gates (reference);
CREATE INDEX ON floor.gates (due_at) WHERE state = 'open';
CREATE TABLE floor.links (link uuid PRIMARY KEY, gate text NOT NULL REFERENCES floor.gates, email text NOT NULL,
    UNIQUE (gate, email));
CREATE TABLE floor.outbox (letter_id uuid PRIMARY KEY DEFAULT gen_random_uuid(), event text NOT NULL,
    reference text NOT NULL REFERENCES floor.cases, to_email text NOT NULL, context jsonb NOT NULL,
    state text NOT NULL, attempts integer NOT NULL DEFAULT 0,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(), sent_at timestamptz, UNIQUE (event, to_email));
CREATE INDEX ON floor.outbox (recorded_at) WHERE state = 'queued';
CREATE TABLE floor.decisions (decision uuid PRIMARY KEY, gate text NOT NULL UNIQUE REFERENCES floor.gates,
    answer text NOT NULL, fields jsonb NOT NULL, received_at timestamptz NOT NULL, applied_at timestamptz);
CREATE TABLE floor.audit (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL,
    reference text NOT NULL, action text NOT NULL, subject text NOT NULL, detail jsonb NOT NULL);
CREATE INDEX ON floor.audit (reference);
GRANT USAGE ON SCHEMA floor TO sfo_app;
GRANT ALL ON ALL TABLES IN SCHEMA floor TO sfo_app;
