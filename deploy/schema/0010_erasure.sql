-- expands: holds, erasures and what an erasure does; nothing that an older release reads is changed.
-- Keeping, holding and erasing: what becomes of each column when a case is erased, who ordered it, what may not go.

ALTER TABLE sfo.cases ADD erased_at timestamptz;   -- real time; what named anybody is gone since

-- Legal holds: while one stands the case is not erased. Codes alone.
CREATE TABLE sfo.holds (
    hold        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reference   text NOT NULL REFERENCES sfo.cases,
    reason_code text NOT NULL,
    set_by      text NOT NULL,                     -- directory key
    set_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    lifted_by   text,                              -- directory key; null: it stands
    lifted_at   timestamptz,
    CHECK ((lifted_by IS NULL) = (lifted_at IS NULL))
);
CREATE UNIQUE INDEX holds_standing ON sfo.holds (reference, reason_code) WHERE lifted_at IS NULL;
GRANT SELECT, INSERT ON sfo.holds TO sfo_app;
GRANT UPDATE (lifted_by, lifted_at) ON sfo.holds TO sfo_app;

-- Erasures: proposed by one person, confirmed by another, then carried out step by step. Codes and counts alone.
CREATE TABLE sfo.erasures (
    reference    text PRIMARY KEY REFERENCES sfo.cases,
    reason_code  text NOT NULL,
    proposed_by  text NOT NULL,                    -- directory key
    proposed_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    confirmed_by text,
    confirmed_at timestamptz,
    probe        bytea,                            -- something sealed with the case's key while it was there
    proof        text CHECK (proof IN ('history', 'probe', 'none')),  -- what it is: none: the case never had a key
    counts       jsonb,                            -- rows by table
    record_erased_at timestamptz,
    fingerprint  text,                             -- of the key that was destroyed
    done_at      timestamptz,
    again        integer NOT NULL DEFAULT 0,       -- how often it was carried out anew, after something was restored
    CHECK (confirmed_by <> proposed_by),
    CHECK ((confirmed_by IS NULL) = (confirmed_at IS NULL)),
    CHECK (done_at IS NULL OR record_erased_at IS NOT NULL)
);
GRANT SELECT, INSERT ON sfo.erasures TO sfo_app;
GRANT UPDATE (confirmed_by, confirmed_at, probe, proof, fingerprint, done_at, again) ON sfo.erasures TO sfo_app;

-- What an erasure does to each table, in this order. `fate` deleted: the rows of the case go; blanked: they stay, with
-- the columns of `blanked` emptied (name=expression: by that) and those of `kept` as they are; none: of no one case.
CREATE TABLE sfo.erasure_rules (
    place   integer PRIMARY KEY,
    tbl     text NOT NULL,
    fate    text NOT NULL CHECK (fate IN ('deleted', 'blanked', 'none')),
    scope   text NOT NULL,                         -- which rows are the case's, $1; of `none`: why it stays
    kept    text[] NOT NULL DEFAULT '{}',
    blanked text[] NOT NULL DEFAULT '{}',
    told    boolean NOT NULL DEFAULT true          -- how many rows is counted and said
);
INSERT INTO sfo.erasure_rules (place, tbl, fate, scope, kept, blanked) VALUES
    (10, 'codes', 'deleted', 'link IN (SELECT link FROM links JOIN gates USING (gate) WHERE reference = $1)', '{}', '{}'),
    (20, 'sign_ins', 'deleted', 'link IN (SELECT link FROM links JOIN gates USING (gate) WHERE reference = $1)', '{}', '{}'),
    (30, 'returned_mail', 'deleted', 'letter_id IN (SELECT letter_id FROM outbox LEFT JOIN gates g USING (gate) WHERE $1 IN (outbox.reference, g.reference))', '{}', '{}'),
    (40, 'outbox', 'deleted', 'reference = $1 OR gate IN (SELECT gate FROM gates WHERE reference = $1)', '{}', '{}'),
    (50, 'absences_told', 'deleted', 'gate IN (SELECT gate FROM gates WHERE reference = $1)', '{}', '{}'),
    (60, 'links', 'deleted', 'gate IN (SELECT gate FROM gates WHERE reference = $1)', '{}', '{}'),
    (70, 'transitions', 'deleted', 'starts_with(key, $1 || ''/'')', '{}', '{}'),
    (80, 'factual_comments', 'deleted', 'reference = $1', '{}', '{}'),
    (90, 'factual_points', 'deleted', 'reference = $1', '{}', '{}'),
    (100, 'feedback', 'deleted', 'reference = $1', '{}', '{}'),
    (110, 'impacts', 'deleted', 'reference = $1', '{}', '{}'),
    (120, 'redactions', 'deleted', 'reference = $1', '{}', '{}'),
    (130, 'leaks', 'deleted', 'reference = $1', '{}', '{}'),
    (140, 'file_searches', 'deleted', 'reference = $1', '{}', '{}'),
    (150, 'rendition_files', 'deleted', 'reference = $1', '{}', '{}'),
    (160, 'releases', 'deleted', 'reference = $1', '{}', '{}'),
    (170, 'requests', 'deleted', 'reference = $1', '{}', '{}'),
    (180, 'appointments', 'deleted', 'reference = $1', '{}', '{}'),
    (190, 'referrals', 'deleted', 'reference = $1', '{}', '{}'),
    (200, 'documents', 'deleted', 'reference = $1 AND (kind <> ''review'' OR version IS DISTINCT FROM (SELECT accepted_version FROM cases WHERE reference = $1))', '{}', '{}'),
    -- Of the accepted review the codes stay that the figures count.
    (210, 'documents', 'blanked', 'reference = $1', '{reference,kind,version,sha256,at,decision}',
        ARRAY['author_email', 'content=jsonb_strip_nulls(jsonb_build_object(''judgement'', content -> ''judgement'', ''findings'',
            (SELECT jsonb_agg(jsonb_build_object(''kind'', f -> ''kind'', ''level'', f -> ''level'', ''theme'', f -> ''theme''))
             FROM jsonb_array_elements(CASE jsonb_typeof(content -> ''findings'') WHEN ''array'' THEN content -> ''findings'' END) f)))']),
    (220, 'ratings', 'blanked', 'reference = $1', '{reference,round,composite,accepted,by_hmip_sample,at}',
        ARRAY['ratings=coalesce((SELECT jsonb_object_agg(k, v) FROM jsonb_each_text(ratings) r (k, v)
            WHERE v IN (''outstanding'', ''good'', ''requires_improvement'', ''inadequate'')), ''{}'')']),
    (230, 'offences', 'blanked', 'reference = $1', '{reference,round,number,code,offence_on}', '{victim_age,wording}'),
    (240, 'staff', 'blanked', 'reference = $1', '{reference,ref,role,in_line}', '{name,email}'),
    (250, 'victims', 'blanked', 'reference = $1',
        '{reference,ref,told_on,answer,given_on,closed_because,referred_on,is_child,answered_on,ask_again_on,wish,language,language_arranged,language_arranged_on,stopped_told_on}',
        '{name,liaison_officer_email,aliases,officer_name,adult,language_other}'),
    (260, 'gates', 'blanked', 'reference = $1',
        '{gate,reference,stage,round,question,subject,role,state,due_on,due_at,original_due_on,rulebook,deadline,overdue,rung,opened_at,closed_at,recorded_at,counted_from,counted_days,paused_at,armed_at,ladder_from,climbed}',
        '{person_key,person_name,person_email,deputy_key,deputy_name,deputy_email,page}'),
    (270, 'decisions', 'blanked', 'gate IN (SELECT gate FROM gates WHERE reference = $1)',
        '{decision,gate,answer,reason_code,by_rung,channel,received_at,late,applied_at,void_at,delivered_at_wall,recorded_at}',
        '{fields,reasons,by_email,by_name,refs,person_key,person_email,person_name}'),
    (280, 'deadlines', 'blanked', 'reference = $1', '{id,reference,what,due_on,original_due_on,rulebook,rule,decision,late,at}', '{}'),
    (290, 'duties', 'blanked', 'reference = $1', '{reference,kind,subject,state,decision,at}', '{}'),
    (300, 'actions', 'blanked', 'reference = $1', '{reference,ref,kind,due_on,state,version,decision,finding,done_on}',
        '{what,owner_name,owner_email,improvement,evidence}'),
    (310, 'court_events', 'blanked', 'reference = $1', '{event,reference,kind,on_date,delivered_at_wall,applied_at,at}', '{offences}'),
    (320, 'escalations', 'blanked', 'reference = $1',
        '{reference,kind,number,state,reason,about,outcome,raised_at,acknowledged_at,resolved_at,delivered_at_wall}', '{concern,raised_by}'),
    (330, 'enquiries', 'blanked', 'reference = $1', '{reference,number,kind,received_on,state,answer,delivered_at_wall,at,entitlement,answered_on}',
        '{asked,reasons,asked_by}'),
    (340, 'extension_requests', 'blanked', 'reference = $1',
        '{request,reference,new_on,reason_code,late,granted,granted_on,delivered_at_wall,at,void_at,decision}', '{reasons,requested_by}'),
    (350, 'pauses', 'blanked', 'reference = $1',
        '{reference,number,reason_code,paused_at,review_due,days_left,resumed_at,resume_reason_code,new_due}', '{reasons,paused_by,resumed_by}'),
    (360, 'interviews', 'blanked', 'reference = $1',
        '{reference,ref,invited_at,chosen,reply,companion_agreed,held_on,workload_asked,support_offered}',
        '{times,companion,companion_reasons,not_possible_because}'),
    (370, 'welfare_contacts', 'blanked', 'reference = $1', '{reference,ref,gate,stage,contact,on_date,outside_offered,at}', '{by_email}'),
    (380, 'relations', 'blanked', 'reference = $1 OR other = $1', '{reference,other,kind,at}', '{noted_by}'),
    (390, 'cases', 'blanked', 'reference = $1',
        '{reference,region,pdu,supervision_type,supervision_started_on,supervision_ended_on,rosh,charged_on,appeared_on,notified_on,offence_class,interest_answer,ground,ground_reason,is_sfo,rulebook,stage,review_required_on,review_due,original_review_due,review_overdue,accepted_version,clock,opening,started_at_wall,opened_on,closed_on,outcome,recorded_at,at_risk,paused_at,corrected_since,reopened_on,names,erased_at}',
        ARRAY['charge_key=''erased:'' || reference', 'crn', 'noms', 'person_name', 'person_aliases', 'date_of_birth', 'court', 'public_interest']),
    (900, 'audit', 'none', 'the chain: references, codes and the addresses of those who acted',
        '{seq,recorded_at,at,reference,actor,action,subject,detail,prev,hash}', '{}'),
    (910, 'payload_readings', 'none', 'who read payloads: directory keys, codes and references',
        '{reading,recorded_at,action,person_key,roles,payloads,key_ids,cases,refused}', '{}'),
    (920, 'stranded', 'none', 'ids of workflows and codes', '{finding,kind,workflow,run,reference,state,since,first_seen,last_seen,resolved_at}', '{}'),
    (930, 'absences', 'none', 'who of the staff is away, of no case', '{absence,person_key,deputy_key,from_on,to_on,set_by,ended_at,ended_by,recorded_at}', '{}'),
    (940, 'address_codes', 'none', 'sign-in of operations', '{email,code_hash,expires_at,tries,codes_sent}', '{}'),
    (950, 'sessions', 'none', 'sign-in, half a day', '{session_hash,email,csrf,seen_at,expires_at,member}', '{}'),
    (960, 'bank_holidays', 'none', 'the calendar', '{holiday,name,source,announced_by,recorded_at}', '{}'),
    (970, 'holds', 'none', 'why a case was held: codes and directory keys', '{hold,reference,reason_code,set_by,set_at,lifted_by,lifted_at}', '{}'),
    (980, 'erasures', 'none', 'that it was erased: codes, counts and directory keys',
        '{reference,reason_code,proposed_by,proposed_at,confirmed_by,confirmed_at,probe,proof,counts,record_erased_at,fingerprint,done_at,again}', '{}'),
    (990, 'erasure_rules', 'none', 'this table', '{place,tbl,fate,scope,kept,blanked,told}', '{}');
-- The wall: whether a referral was made is told to nobody. Rule: facts.md 5.15, 5.16.
UPDATE sfo.erasure_rules SET told = false WHERE tbl = 'referrals';
REVOKE ALL ON sfo.erasure_rules FROM sfo_app;
GRANT SELECT ON sfo.erasure_rules TO sfo_app;

-- Documents, files and releases are immutable, but for the erasure of the very case.
CREATE OR REPLACE FUNCTION sfo.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_LEVEL = 'ROW' AND to_jsonb(OLD) ->> 'reference' = current_setting('sfo.erasing', true)
        AND current_user = (SELECT tableowner FROM pg_tables WHERE schemaname = 'sfo' AND tablename = TG_TABLE_NAME) THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    RAISE EXCEPTION '% rows are immutable', TG_TABLE_NAME USING ERRCODE = '42501';
END $$;

-- An erased case stays closed.
CREATE FUNCTION sfo.refuse_reopening() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.erased_at IS NOT NULL AND (NEW.closed_on IS NULL OR NEW.erased_at IS NULL) THEN
        RAISE EXCEPTION 'case % was erased', OLD.reference USING ERRCODE = '42501';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER cases_stay_erased BEFORE UPDATE ON sfo.cases FOR EACH ROW EXECUTE FUNCTION sfo.refuse_reopening();

-- What empties a column: its default where nothing may be missing.
CREATE FUNCTION sfo.emptied(of_table text, of_column text) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN NOT a.attnotnull THEN 'NULL' WHEN d.adbin IS NOT NULL THEN pg_get_expr(d.adbin, d.adrelid)
        WHEN t.typname = 'jsonb' THEN '''{}''' WHEN t.typcategory = 'A' THEN '''{}'''
        WHEN t.typname = 'text' THEN '''erased''' END
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = format('sfo.%I', of_table)::regclass AND a.attname = of_column
$$;

-- Take out of the record what named anybody in this case, and return how many rows of each table. Only where two people
-- have ordered it, the case is closed and nothing holds it. `rehearsed`: count and change nothing. Safe to repeat.
CREATE FUNCTION sfo.erase_case(of_case text, rehearsed boolean) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = sfo, pg_temp AS $$
DECLARE
    rule erasure_rules;
    number bigint;
    found jsonb := '{}';
    changes text;
BEGIN
    IF NOT rehearsed THEN
        PERFORM FROM cases WHERE reference = of_case FOR UPDATE;
        IF NOT EXISTS (SELECT FROM erasures WHERE reference = of_case AND confirmed_by <> proposed_by) THEN
            RAISE EXCEPTION 'two people have not ordered the erasure of %', of_case USING ERRCODE = '42501';
        ELSIF EXISTS (SELECT FROM holds WHERE reference = of_case AND lifted_at IS NULL) THEN
            RAISE EXCEPTION '% is under hold', of_case USING ERRCODE = '42501';
        ELSIF EXISTS (SELECT FROM cases WHERE reference = of_case AND closed_on IS NULL) THEN
            RAISE EXCEPTION '% is open', of_case USING ERRCODE = '42501';
        END IF;
        PERFORM set_config('sfo.erasing', of_case, true);
        UPDATE outbox SET gathered_in = NULL WHERE gathered_in IN (SELECT letter_id FROM outbox WHERE reference = of_case);
    END IF;
    FOR rule IN SELECT * FROM erasure_rules WHERE fate <> 'none' ORDER BY place LOOP
        IF rehearsed THEN
            EXECUTE format('SELECT count(*) FROM %I WHERE %s', rule.tbl, rule.scope) INTO number USING of_case;
        ELSIF rule.fate = 'deleted' THEN
            EXECUTE format('DELETE FROM %I WHERE %s', rule.tbl, rule.scope) USING of_case;
            GET DIAGNOSTICS number = ROW_COUNT;
        ELSE
            SELECT string_agg(CASE position('=' IN b) WHEN 0 THEN format('%I = %s', b, emptied(rule.tbl, b))
                ELSE format('%I = %s', split_part(b, '=', 1), substr(b, position('=' IN b) + 1)) END, ', ')
            INTO changes FROM unnest(rule.blanked) AS b;
            number := 0;
            IF changes IS NOT NULL THEN
                EXECUTE format('UPDATE %I SET %s WHERE %s', rule.tbl, changes, rule.scope) USING of_case;
                GET DIAGNOSTICS number = ROW_COUNT;
            END IF;
        END IF;
        IF rule.told AND number > 0 AND (rule.fate = 'deleted' OR cardinality(rule.blanked) > 0) THEN
            found := found || jsonb_build_object(rule.tbl, number + coalesce((found ->> rule.tbl)::bigint, 0));
        END IF;
    END LOOP;
    IF NOT rehearsed THEN
        UPDATE cases SET erased_at = coalesce(erased_at, clock_timestamp()) WHERE reference = of_case;
        UPDATE erasures e SET counts = coalesce(e.counts, found),
            record_erased_at = coalesce(e.record_erased_at, clock_timestamp()) WHERE e.reference = of_case;
        PERFORM set_config('sfo.erasing', '', true);
    END IF;
    RETURN found;
END $$;
REVOKE EXECUTE ON FUNCTION sfo.erase_case FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sfo.erase_case TO sfo_app;
