-- An invented read model of many cases, all of it by SQL: as many questions, answers, letters and rows of the chain as in
-- life. How many is said before, in the temporary table `wanted` (open, closed).
SET search_path = sfo;
SET session_replication_role = replica;  -- no trigger and no reference is checked: the rows are right by construction
SET work_mem = '64MB';
SET statement_timeout = 0;

CREATE TEMP TABLE stages (at integer, stage text, question text, role text);
INSERT INTO stages VALUES
    (0, 'charge', 'rosh', 'spoc'), (1, 'notification', 'notification', 'spoc'), (1, 'early-look', 'early_look', 'sfo_team'),
    (2, 'review', 'commission', 'senior_lead'), (3, 'review', 'draft', 'reviewing_manager'),
    (4, 'review', 'facts', 'head_of_pdu'), (5, 'review', 'submit', 'reviewing_manager'),
    (6, 'countersign', 'countersign', 'countersigning_manager'), (7, 'quality-assurance', 'quality', 'national_team'),
    (8, 'staff-feedback', 'give_feedback', 'reviewing_manager'), (9, 'victim-disclosure', 'offer', 'victim_liaison_officer');

-- How far each case has come: 0 to 9 of the stages above; what came before was asked, answered and applied. A review
-- takes three months of a case that is open until trial and disclosure are over, so a third of them are in one.
CREATE TEMP TABLE made AS
SELECT n, format('SFO-2025-%s', lpad(n::text, 5, '0')) AS reference, n > (SELECT open FROM wanted) AS is_closed,
    CASE WHEN n > (SELECT open FROM wanted) THEN 9 ELSE least(n * 7 % 20, 8 + n % 2) END AS reached,
    (ARRAY['N53LEI', 'N53NOT', 'N53DBY', 'N56CAM', 'N56NOR', 'MCGMAN', 'MCGBOL', 'N57KEN', 'N57SUR', 'N07CAM', 'N07CRO', 'N07HAC',
        'N54NEW', 'N54SUN', 'N51LIV', 'N51PRE', 'N59OXF', 'N59POR', 'N58BRI', 'N58PLY', 'N03CDF', 'N03SWA', 'N52STF', 'N52BIR', 'N55LDS',
        'N55SHF'])[1 + n % 26] AS pdu,
    current_date - CASE WHEN n > (SELECT open FROM wanted) THEN 300 + n % 400
        ELSE CASE n * 7 % 20 WHEN 0 THEN 2 WHEN 1 THEN 6 WHEN 2 THEN 12 WHEN 3 THEN 20 WHEN 4 THEN 40 WHEN 5 THEN 55
            WHEN 6 THEN 80 WHEN 7 THEN 90 ELSE 100 + n / 40 END + (n / 10) % 30 END AS opened_on
FROM wanted, generate_series(1, wanted.open + wanted.closed) n;
ALTER TABLE made ADD region text GENERATED ALWAYS AS (left(pdu, 3)) STORED;
ALTER TABLE made ADD PRIMARY KEY (n);

INSERT INTO cases (reference, charge_key, crn, person_name, region, pdu, supervision_type, supervision_started_on, rosh,
    charged_on, appeared_on, notified_on, ground, rulebook, stage, review_due, original_review_due, accepted_version,
    clock, opening, started_at_wall, opened_on, closed_on, outcome, paused_at)
SELECT reference, 'key-' || n, 'X' || lpad(n::text, 6, '0'), 'Invented Person', region, pdu, 'licence',
    opened_on - 200, 'high', opened_on, opened_on + 1, CASE WHEN reached > 1 THEN opened_on + 9 END,
    (ARRAY['always_reviewed', 'risk', 'not_assessed', 'public_interest'])[1 + n % 4], '2026-04-01',
    CASE WHEN is_closed THEN 'closed' ELSE (SELECT min(stage) FROM stages s WHERE s.at = reached) END,
    CASE WHEN reached > 1 THEN (opened_on + interval '3 months')::date + CASE WHEN n % 9 = 0 THEN 28 ELSE 0 END END,
    CASE WHEN reached > 1 THEN (opened_on + interval '3 months')::date END,
    CASE WHEN reached > 7 THEN 1 END, clock, '{}', now(), opened_on,
    CASE WHEN is_closed THEN opened_on + 250 END, CASE WHEN is_closed THEN 'completed' END,
    CASE WHEN reached BETWEEN 3 AND 5 AND n / 20 % 9 = 0 THEN now() - interval '5 days' END
FROM made, LATERAL (SELECT jsonb_build_object(
    'case_anchor', to_char(opened_on::timestamp + CASE WHEN n % 50 = 7 THEN interval '1 day' ELSE interval '0' END,
        'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'wall_anchor', to_char(opened_on::timestamp, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'speed', 1.0) AS clock) clocked;

INSERT INTO offences SELECT reference, 1, k, 'SX03001A', opened_on - 7, NULL, 'Invented wording.' FROM made, generate_series(1, 2) k;
INSERT INTO staff SELECT reference, 's' || k, 'practitioner', 'Invented Practitioner', format('s%s.%s@example.test', k, n % 400), true
    FROM made, generate_series(1, 4) k;
INSERT INTO victims (reference, ref, name, liaison_officer_email)
    SELECT reference, 'v1', 'Invented Family', format('vlo.%s@example.test', n % 60) FROM made;
INSERT INTO appointments SELECT reference, 'reviewing_manager', 'm' || n % 80, 'Invented Manager', format('reviewer.%s@example.test', n % 80), opened_on, NULL, NULL
    FROM made WHERE reached > 2;
INSERT INTO court_events SELECT 'appeared-' || n, reference, 'appeared', opened_on + 1, NULL, now(), opened_on + 1, opened_on + 1 FROM made;
INSERT INTO court_events SELECT 'end-' || n, reference, CASE WHEN n % 97 = 0 THEN 'acquitted' ELSE 'convicted' END, opened_on + 80, NULL, now(), opened_on + 80, opened_on + 80
    FROM made WHERE is_closed OR reached > 6 OR n % 97 = 0;
INSERT INTO duties SELECT reference, kind, 's' || k, CASE WHEN reached > 4 OR (kind = 'told' AND reached > 2) THEN 'met' ELSE 'owed' END, NULL, opened_on
    FROM made, generate_series(1, 4) k, unnest(ARRAY['told', 'interviewed']) kind WHERE reached > 1;
INSERT INTO actions SELECT reference, 'a' || k, 'plan', 'Invented action', 'Invented Owner', 'owner@example.test', opened_on + 150, CASE WHEN is_closed THEN 'done' ELSE 'open' END
    FROM made, generate_series(1, 3) k WHERE reached > 5;
INSERT INTO escalations (reference, kind, number, state, reason, raised_at, acknowledged_at, resolved_at, outcome)
SELECT reference, (ARRAY['overdue', 'staff_safety', 'reviewer', 'extension'])[1 + n / 10 % 4], 1, state, 'invented', now() - interval '3 days',
    CASE WHEN state <> 'raised' THEN now() - interval '2 days' END, CASE WHEN state = 'resolved' THEN now() END,
    CASE WHEN state = 'resolved' THEN 'release' END
FROM made, LATERAL (SELECT CASE WHEN is_closed THEN 'resolved' ELSE (ARRAY['raised', 'acknowledged', 'resolved'])[1 + n / 20 % 3] END AS state) s
WHERE n % 11 = 1;
INSERT INTO extension_requests (request, reference, new_on, reason_code, granted, granted_on, delivered_at_wall, at)
SELECT gen_random_uuid(), reference, opened_on + 120, 'trial', true, opened_on + 120, now(), opened_on + 70 FROM made WHERE n % 9 = 0 AND reached > 3;
INSERT INTO relations SELECT a.reference, b.reference, 'same_person', 'intake', now() FROM made a JOIN made b ON b.n = a.n + 1 WHERE a.n % 25 = 0;

-- One asked for each stage that a case has come through, answered; and what stands open at the one where it is, with
-- beside it an action, a welfare contact and, where something was escalated, the national team's question.
CREATE TEMP TABLE asked AS
SELECT m.n, m.reference, m.region, s.stage, s.question, s.role, CASE WHEN s.question IN ('submit', 'countersign', 'quality', 'facts') THEN 'v1' END AS subject,
    s.at = m.reached AND NOT m.is_closed AS is_open, CASE WHEN s.at = m.reached THEN current_date - 9 ELSE m.opened_on + s.at * 8 END AS asked_on,
    CASE WHEN s.at = m.reached THEN current_date - 2 + (m.n / 7) % 40 ELSE m.opened_on + s.at * 8 + 9 END AS due_on
FROM made m JOIN stages s ON s.at <= m.reached
UNION ALL
SELECT n, reference, region, 'staff-care', 'welfare', 'line_manager', 's1', NOT is_closed, current_date - 20, current_date - 1 + n / 11 % 60
FROM made WHERE reached > 1
UNION ALL
SELECT n, reference, region, 'action-plan', 'action', 'action_owner', 'a1', true, current_date - 20, current_date - 1 + n / 13 % 90
FROM made WHERE reached > 5 AND NOT is_closed
UNION ALL
SELECT m.n, e.reference, region, 'escalation', CASE e.state WHEN 'raised' THEN 'acknowledge' ELSE 'resolve' END, 'national_team', e.kind || '-1', e.state <> 'resolved', current_date - 3, current_date + 1
FROM made m JOIN escalations e USING (reference)
UNION ALL
SELECT n, reference, region, 'enquiry', 'enquiry_foi', 'national_team', n::text, true, current_date - 3, current_date + 10 + n % 9 FROM made WHERE n % 9 = 2 AND NOT is_closed;
ALTER TABLE asked ADD gate text;
UPDATE asked SET gate = format('%s/%s/%s%s', reference, stage, question, coalesce(':' || subject, ''));

INSERT INTO gates (gate, reference, stage, round, question, subject, role, person_key, person_name, person_email, page, state, due_on,
    due_at, original_due_on, rulebook, deadline, overdue, opened_at, closed_at, paused_at)
SELECT gate, reference, stage, 1, question, subject, role, who, 'Invented Person', who || '@example.test',
    jsonb_build_object('title', question, 'why', repeat('Invented words about why this is asked. ', 12), 'if_silent', 'It goes up.',
        'facts', jsonb_build_array(jsonb_build_array('Case', reference))),
    CASE WHEN is_open THEN 'open' ELSE 'decided' END, due_on, (due_on + time '23:59:59') AT TIME ZONE 'Europe/London', due_on - CASE WHEN n % 9 = 0 THEN 7 ELSE 0 END,
    '2026-04-01', question, false, asked_on + time '10:00', CASE WHEN NOT is_open THEN asked_on + time '15:00' END,
    CASE WHEN is_open AND stage = 'review' AND n / 20 % 9 = 0 THEN now() - interval '5 days' END
FROM asked, LATERAL (SELECT CASE role WHEN 'national_team' THEN 'sfo.team@national' ELSE format('%s.%s.%s', role, lower(region), n % 8) END AS who) w;
UPDATE gates SET person_email = 'sfo.team@national.example.test', person_key = 'national.team' WHERE role = 'national_team';

INSERT INTO decisions (decision, gate, answer, reasons, by_email, by_name, channel, received_at, late, applied_at, delivered_at_wall, recorded_at)
SELECT gen_random_uuid(), g.gate, CASE g.question WHEN 'draft' THEN 'draft_ready' WHEN 'submit' THEN 'submitted' WHEN 'quality' THEN 'rated' ELSE 'done' END,
    repeat('Invented reasons. ', 5), g.person_email, g.person_name, 'link', g.closed_at, false, g.closed_at, g.closed_at, g.closed_at
FROM gates g WHERE g.state = 'decided';
INSERT INTO decisions (decision, gate, answer, by_email, by_name, channel, received_at, late)  -- answered, not applied yet
SELECT gen_random_uuid(), gate, 'done', person_email, person_name, 'link', now(), false FROM gates WHERE state = 'open' AND hashtext(gate) % 200 = 0;
INSERT INTO documents (reference, kind, version, content, sha256, at, decision)
SELECT g.reference, 'review', 1, '{}', 'x', d.received_at, d.decision FROM gates g JOIN decisions d USING (gate) WHERE g.question = 'draft';
INSERT INTO factual_comments SELECT g.reference, g.gate, 1, NULL, g.closed_at FROM gates g WHERE g.question = 'facts' AND g.state = 'decided';
INSERT INTO ratings SELECT g.reference, 1, '{}', 'good', true, false, g.closed_at FROM gates g WHERE g.question = 'quality' AND g.state = 'decided';

INSERT INTO links (link, gate, email, name, revoked_at)
SELECT gen_random_uuid(), gate, person_email, person_name, CASE WHEN state <> 'open' THEN closed_at END FROM gates;
INSERT INTO outbox (event, reference, gate, link, letter, to_name, to_email, message_id, state, sent_at_wall, at, recorded_at)
SELECT g.gate || '/' || k, g.reference, g.gate, l.link, 'asked', g.person_name, g.person_email, g.gate || k, 'sent', g.opened_at, g.opened_at, g.opened_at
FROM gates g JOIN links l USING (gate), generate_series(1, 1) k;

INSERT INTO audit (seq, recorded_at, at, reference, actor, action, subject, detail, prev, hash)
SELECT row_number() OVER (ORDER BY gate, k), opened_at, opened_at, reference, person_email,
    (ARRAY['gate_opened', 'decision_recorded', 'decision_applied'])[k], gate,
    jsonb_build_object('due_on', due_on, 'role', role, 'answer', 'done'), decode('00', 'hex'), sha256((gate || k)::bytea)
FROM gates, generate_series(1, 2) k WHERE k = 1 OR state = 'decided';
