-- Sign-in of operations without a link, and who had which payloads read or written for the Temporal UI.

-- Codes to an address that holds the role of operations; real time, like those of links.
CREATE TABLE sfo.address_codes (
    email      text PRIMARY KEY,                   -- in small letters, as the directory has it
    code_hash  bytea,                              -- null: used, or none may be sent
    expires_at timestamptz NOT NULL,
    tries      integer NOT NULL DEFAULT 0,
    codes_sent integer NOT NULL DEFAULT 0          -- since one was used, or within a day
);
GRANT SELECT, INSERT, UPDATE ON sfo.address_codes TO sfo_app;

-- A sign-in with the provider that was begun without a link is for operations.
ALTER TABLE sfo.sign_ins ALTER COLUMN link DROP NOT NULL;

-- One row a request to the codec, written before anything is handed out. No name, no address, no content.
CREATE TABLE sfo.payload_readings (
    reading     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    action      text NOT NULL CHECK (action IN ('decode', 'encode')),
    person_key  text,                              -- directory key; null: nobody is signed in, or the directory lacks them
    roles       text[] NOT NULL DEFAULT '{}',      -- as the directory gave them at that moment
    payloads    integer NOT NULL DEFAULT 0,
    key_ids     text[] NOT NULL DEFAULT '{}',      -- of the keys that opened or sealed them
    cases       text[] NOT NULL DEFAULT '{}',      -- references that stand in what was read or written
    refused     text                               -- a code; null: it was done
);
CREATE INDEX payload_readings_by_case ON sfo.payload_readings USING gin (cases);
CREATE TRIGGER payload_readings_no_change BEFORE UPDATE OR DELETE ON sfo.payload_readings
    FOR EACH ROW EXECUTE FUNCTION sfo.refuse_change();
CREATE TRIGGER payload_readings_no_truncate BEFORE TRUNCATE ON sfo.payload_readings
    FOR EACH STATEMENT EXECUTE FUNCTION sfo.refuse_change();
GRANT SELECT, INSERT ON sfo.payload_readings TO sfo_app;
