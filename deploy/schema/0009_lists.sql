-- Lists of many cases: an index for each way in which they are read, so that ten thousand open cases are read at once.

-- Whom each open case waits for, in the order of urgency, without going to the rows.
CREATE INDEX gates_waiting ON sfo.gates (reference, due_at, gate) INCLUDE (role, due_on, overdue, paused_at)
    WHERE state = 'open';
CREATE INDEX gates_asked_of ON sfo.gates (role) WHERE state = 'open';
CREATE INDEX cases_closed ON sfo.cases (closed_on DESC, reference) WHERE closed_on IS NOT NULL;
CREATE INDEX escalations_open ON sfo.escalations (reference) WHERE state <> 'resolved';

-- All that belongs to one case, or to a page of them.
CREATE INDEX gates_by_case ON sfo.gates (reference, question);
CREATE INDEX decisions_by_gate ON sfo.decisions (gate);
CREATE INDEX court_events_by_case ON sfo.court_events (reference);
CREATE INDEX extension_requests_by_case ON sfo.extension_requests (reference);

-- What somebody decided last, and the latest letter of each link: what a person's own page reads.
CREATE INDEX decisions_by_person ON sfo.decisions (lower(btrim(by_email)), recorded_at DESC);
CREATE INDEX outbox_by_link ON sfo.outbox (link, at) WHERE link IS NOT NULL;

-- How far each review has come, which decides whether it is at risk: sfo.standings for thousands of them.
CREATE INDEX gates_of_review ON sfo.gates (reference, round) WHERE stage ~ '^review(-[0-9]+)?$';
CREATE INDEX factual_comments_by_case ON sfo.factual_comments (reference, version);
