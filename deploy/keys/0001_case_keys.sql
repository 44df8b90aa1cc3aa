-- expands: a store of keys of its own.
-- The store of keys: one key a case, under which that case's payloads in Temporal are sealed. Destroyed by an erasure.
--
-- It stands in the record's own database, or in one of its own (SFO_KEYS_DATABASE_URL): a backup of the record must not
-- bring back a key that was destroyed.

CREATE SCHEMA IF NOT EXISTS sfo_keys;

CREATE TABLE sfo_keys.case_keys (
    reference    text PRIMARY KEY CHECK (reference ~ '^SFO-\d{4}-\d{5}$'),
    fingerprint  text,                             -- of the key, by which payloads name it; null: there never was one
    kid          text,                             -- of the key of SFO_PAYLOAD_KEYS that seals it
    sealed       bytea,                            -- AES-256-GCM, never the key itself; null: destroyed
    made_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    backed_up_at timestamptz,                      -- a copy was written to SFO_KEY_BACKUP_DIR
    destroyed_at timestamptz,
    CHECK ((sealed IS NULL) = (destroyed_at IS NOT NULL)),
    CHECK ((sealed IS NULL) = (kid IS NULL)),
    CHECK (sealed IS NULL OR fingerprint IS NOT NULL)
);

-- What was destroyed stays so, and a key is never exchanged for another.
CREATE FUNCTION sfo_keys.refuse_revival() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' OR OLD.destroyed_at IS NOT NULL OR NEW.fingerprint IS DISTINCT FROM OLD.fingerprint
        OR NEW.reference <> OLD.reference THEN
        RAISE EXCEPTION 'a key of a case is destroyed once and exchanged never' USING ERRCODE = '42501';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER case_keys_no_revival BEFORE UPDATE OR DELETE ON sfo_keys.case_keys
    FOR EACH ROW EXECUTE FUNCTION sfo_keys.refuse_revival();
CREATE TRIGGER case_keys_no_truncate BEFORE TRUNCATE ON sfo_keys.case_keys
    FOR EACH STATEMENT EXECUTE FUNCTION sfo_keys.refuse_revival();

-- The key is gone and stays gone, also where none was ever made. The lock keeps a copy from being written meanwhile.
CREATE FUNCTION sfo_keys.destroy(of_case text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = sfo_keys, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('sfo_keys/' || of_case, 0));
    INSERT INTO case_keys (reference, destroyed_at) VALUES (of_case, clock_timestamp()) ON CONFLICT DO NOTHING;
    UPDATE case_keys SET sealed = NULL, kid = NULL, destroyed_at = clock_timestamp()
        WHERE reference = of_case AND destroyed_at IS NULL;
    RETURN (SELECT fingerprint FROM case_keys WHERE reference = of_case);
END $$;

-- The same key under another key of the ring.
CREATE FUNCTION sfo_keys.reseal(of_case text, before text, after text, again bytea) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = sfo_keys, pg_temp AS $$
    WITH done AS (UPDATE case_keys SET kid = after, sealed = again
        WHERE reference = of_case AND kid = before AND again IS NOT NULL RETURNING reference)
    SELECT EXISTS (SELECT FROM done)
$$;

CREATE FUNCTION sfo_keys.note_backup(of_case text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = sfo_keys, pg_temp AS $$
    UPDATE case_keys SET backed_up_at = clock_timestamp() WHERE reference = of_case AND sealed IS NOT NULL
$$;

DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'sfo_app') THEN
        CREATE ROLE sfo_app LOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;
END $$;
GRANT USAGE ON SCHEMA sfo_keys TO sfo_app;
GRANT SELECT, INSERT ON sfo_keys.case_keys TO sfo_app;
REVOKE EXECUTE ON FUNCTION sfo_keys.destroy, sfo_keys.reseal, sfo_keys.note_backup FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sfo_keys.destroy, sfo_keys.reseal, sfo_keys.note_backup TO sfo_app;
