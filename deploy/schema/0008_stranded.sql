-- What a comparison of the record with Temporal found: a workflow that is gone, stuck, or runs for nothing. No person.

-- Real time throughout. What was found stays; once it is gone again it has the moment, and found anew it is a new row.
CREATE TABLE sfo.stranded (
    finding    uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    kind       text NOT NULL,                      -- case_gone, stage_gone, code_failing ...
    workflow   text NOT NULL,                      -- its id in Temporal
    run        text NOT NULL DEFAULT '',           -- of a reset: the run that it made; otherwise empty
    reference  text,                               -- the case; null: of no case. The record may not hold that case
    state      text NOT NULL DEFAULT '',           -- how Temporal names it: TERMINATED, MISSING ...
    since      timestamptz NOT NULL,               -- since when, as far as either side says
    first_seen timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_seen  timestamptz NOT NULL DEFAULT clock_timestamp(),
    resolved_at timestamptz                        -- gone again; a reset is a notice and has it from the start
);
CREATE UNIQUE INDEX stranded_open ON sfo.stranded (kind, workflow) WHERE resolved_at IS NULL;
CREATE UNIQUE INDEX stranded_notice ON sfo.stranded (workflow, run) WHERE kind = 'reset';
CREATE INDEX stranded_by_case ON sfo.stranded (reference);
GRANT SELECT, INSERT ON sfo.stranded TO sfo_app;
GRANT UPDATE (last_seen, resolved_at) ON sfo.stranded TO sfo_app;
