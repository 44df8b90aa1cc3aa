-- expands: a table, a function and a trigger on the audit; nothing that an older release reads is changed.
-- What is told to other services: one row for each row of the audit that is such an event, in the same transaction.

-- Which rows of the audit are events, and of which type. What an event says is read from the audit and the case when it
-- is published, so that no row here names a person.
CREATE FUNCTION sfo.case_event_type(action text, subject text, detail jsonb)
RETURNS text LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE
        WHEN action = 'case_opened' THEN 'probation.sfo.case.opened'
        WHEN action = 'case_reopened' THEN 'probation.sfo.case.reopened'
        WHEN action = 'case_transferred' THEN 'probation.sfo.case.transferred'
        WHEN action = 'case_closed' THEN 'probation.sfo.case.closed'
        WHEN action = 'deadline_fixed' AND subject = 'review' THEN 'probation.sfo.review.due-changed'
        WHEN action = 'deadline_moved' AND subject = 'review' THEN 'probation.sfo.review.due-changed'
        WHEN action = 'clock_resumed' AND detail ->> 'to_on' IS NOT NULL THEN 'probation.sfo.review.due-changed'
        WHEN action = 'review_overdue' THEN 'probation.sfo.review.overdue'
        WHEN action = 'decision_applied' AND subject ~ '^[^/]+/review(-\d+)?/submit:'
            AND detail ->> 'answer' = 'submitted' THEN 'probation.sfo.review.submitted'
    END
$$;

-- Real time throughout. `audit` is the order in which things happened, of one case and of all.
CREATE TABLE sfo.case_events (
    audit       bigint PRIMARY KEY,              -- the row of sfo.audit that says what happened
    event       uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),  -- its id from the first try to publish it to the last
    reference   text NOT NULL,
    type        text NOT NULL,
    published_at_wall timestamptz,               -- null: not yet, or there is no topic
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX case_events_waiting ON sfo.case_events (audit) WHERE published_at_wall IS NULL;
CREATE INDEX case_events_by_age ON sfo.case_events (recorded_at);

-- Written whether or not there is a topic, since the database knows no settings; so it must stay small by itself: each
-- new row takes those with it that are older than thirty days. A case in rehearsal time tells nobody.
CREATE FUNCTION sfo.case_event_append() RETURNS trigger LANGUAGE plpgsql SET search_path = sfo, pg_temp AS $$
BEGIN
    DELETE FROM case_events WHERE recorded_at < clock_timestamp() - interval '30 days';
    INSERT INTO case_events (audit, reference, type)
        SELECT NEW.seq, NEW.reference, case_event_type(NEW.action, NEW.subject, NEW.detail)
        FROM cases c WHERE c.reference = NEW.reference AND (c.clock ->> 'speed')::float = 1;
    RETURN NULL;
END $$;
CREATE TRIGGER audit_case_event AFTER INSERT ON sfo.audit FOR EACH ROW
    WHEN (sfo.case_event_type(NEW.action, NEW.subject, NEW.detail) IS NOT NULL)
    EXECUTE FUNCTION sfo.case_event_append();

GRANT SELECT ON sfo.case_events TO sfo_app;
GRANT UPDATE (published_at_wall) ON sfo.case_events TO sfo_app;

-- An event that has not left when its case is erased leaves without the person.
INSERT INTO sfo.erasure_rules (place, tbl, fate, scope, kept) VALUES
    (1000, 'case_events', 'none', 'what other services were told: references and types, for thirty days',
        '{audit,event,reference,type,published_at_wall,recorded_at}');
