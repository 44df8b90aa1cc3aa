-- Victim disclosure: legs, redactions as spans, impact on staff, files that leave, what the search found, the register.

ALTER TABLE sfo.cases
    ADD person_aliases  text[] NOT NULL DEFAULT '{}',
    ADD corrected_since timestamptz,               -- the accepted review is being corrected since; null: it is not
    ADD reopened_on     date,                      -- opened again after it had closed, for a leg of disclosure
    ADD names           integer NOT NULL DEFAULT 0; -- grows with each name or number recorded in the case

ALTER TABLE sfo.victims
    ADD aliases      text[] NOT NULL DEFAULT '{}',
    ADD referred_on  date,
    ADD officer_name text,
    ADD is_child     boolean NOT NULL DEFAULT false,
    ADD adult        text,                         -- who is spoken with on a child's behalf
    ADD answered_on  date,
    ADD ask_again_on date,                         -- not before this day: the family named it
    ADD wish         text CHECK (wish IN ('copy', 'read_out', 'both')),
    ADD language     text NOT NULL DEFAULT 'en' CHECK (language IN ('en', 'cy', 'other')),
    ADD language_other text,
    ADD language_arranged text CHECK (language_arranged IN ('translated', 'interpreter', 'not_possible')),
    ADD language_arranged_on date,
    ADD stopped_told_on date;                      -- told that the review will not be shared

-- A redaction points at a span of one paragraph or cell of a fixed version; `passage` is the text at that place.
ALTER TABLE sfo.redactions
    ADD audience text NOT NULL DEFAULT 'victim' CHECK (audience IN ('victim', 'public')),
    ADD place    text,                             -- analysis-2, findings-1-text; null: proposed before spans were kept
    ADD starts   integer,
    ADD ends     integer,
    ADD carried_from integer,                      -- the redaction of an earlier version that it was carried over from
    ADD earlier  boolean,                          -- what was decided there, where it is asked again; null: nothing
    ADD withdrawn_at timestamptz,                  -- proposed anew; it no longer counts
    ADD decided_at timestamptz,
    ADD CHECK (starts >= 0 AND starts < ends);

-- The impact of disclosure on a member of staff, each assessment once; the last one counts.
CREATE TABLE sfo.impacts (
    reference text NOT NULL REFERENCES sfo.cases,
    ref       text NOT NULL,                       -- s1
    number    integer NOT NULL,
    impact    text NOT NULL CHECK (impact IN ('manageable', 'contingency', 'exceptional')),
    plan      text,
    owner_key text,
    owner_name text,
    owner_email text,
    confirmed_on date,
    confirmed_by text,
    decision  uuid,
    at        timestamptz NOT NULL,
    PRIMARY KEY (reference, ref, number)
);

ALTER TABLE sfo.documents
    DROP CONSTRAINT documents_kind_check,
    ADD CONSTRAINT documents_kind_check CHECK
        (kind IN ('review', 'internal_rendition', 'victim_rendition', 'public_rendition'));

-- The files of a rendition, byte for byte as they leave; a translation is a file that a person gave back.
CREATE TABLE sfo.rendition_files (
    reference text NOT NULL REFERENCES sfo.cases,
    kind      text NOT NULL CHECK (kind IN ('internal_rendition', 'victim_rendition', 'public_rendition')),
    version   integer NOT NULL,
    language  text NOT NULL DEFAULT 'en',          -- en; or v2-1: the first translation given back for that leg alone
    format    text NOT NULL CHECK (format IN ('html', 'docx', 'pdf')),
    bytes     bytea NOT NULL,
    sha256    text NOT NULL,
    given_by  text,                                -- address of whoever gave a translation; null: rendered
    at        timestamptz NOT NULL,
    PRIMARY KEY (reference, kind, version, language, format),
    FOREIGN KEY (reference, kind, version) REFERENCES sfo.documents
);
CREATE TRIGGER rendition_files_immutable BEFORE UPDATE OR DELETE ON sfo.rendition_files
    FOR EACH ROW EXECUTE FUNCTION sfo.refuse_change();

-- What the search of the files found, each finding once for a rendition, and how a person settled it.
CREATE TABLE sfo.leaks (
    reference text NOT NULL REFERENCES sfo.cases,
    kind      text NOT NULL,
    version   integer NOT NULL,
    key       text NOT NULL,
    what      text NOT NULL,                       -- name, redacted, postcode, metadata
    place     text NOT NULL,
    excerpt   text NOT NULL,
    formats   text[] NOT NULL,
    why       text,                                -- why it may stay; null: not settled
    settled_by text,
    decision  uuid,
    at        timestamptz NOT NULL,
    PRIMARY KEY (reference, kind, version, key)
);

-- The register: who was given which version, by whom, how, and on what entitlement. One text a reader and version.
ALTER TABLE sfo.releases
    ADD kind        text NOT NULL DEFAULT 'victim_rendition'
        CHECK (kind IN ('review', 'victim_rendition', 'public_rendition')),
    ADD language    text NOT NULL DEFAULT 'en',
    ADD given_by    text,                          -- who gave it: a key of the directory
    ADD given_by_name text,
    ADD received_by text,
    ADD how         text,
    ADD on_date     date,
    ADD entitlement text,                          -- why an outside reader may have it
    ADD recorded_by text,
    DROP CONSTRAINT releases_pkey,
    ADD PRIMARY KEY (reference, kind, rendition, reader);

ALTER TABLE sfo.enquiries
    ADD entitlement text,
    ADD reasons     text,
    ADD answered_on date,
    ADD asked_by    text;                          -- which body or person asks

GRANT SELECT, INSERT, UPDATE ON sfo.impacts, sfo.leaks TO sfo_app;
GRANT SELECT, INSERT ON sfo.rendition_files TO sfo_app;

-- That a file was searched, when, and for how many of the case's names. A file without a row here for all of them
-- does not leave: whoever becomes known later is searched for in what was searched before.
CREATE TABLE sfo.file_searches (
    reference text NOT NULL,
    kind      text NOT NULL,
    version   integer NOT NULL,
    language  text NOT NULL,
    format    text NOT NULL,
    sha256    text NOT NULL,
    names     integer NOT NULL,
    searched_at timestamptz NOT NULL,
    PRIMARY KEY (reference, kind, version, language, format, names),
    FOREIGN KEY (reference, kind, version, language, format) REFERENCES sfo.rendition_files
);
GRANT SELECT, INSERT ON sfo.file_searches TO sfo_app;

-- Counted by the table, whoever writes it, so that no way of recording a name can be forgotten. Its columns are given.
CREATE FUNCTION sfo.count_names() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before jsonb := '{}';
BEGIN
    IF TG_OP = 'UPDATE' THEN
        before := to_jsonb(OLD);
    END IF;
    IF EXISTS (SELECT FROM unnest(TG_ARGV) AS name WHERE to_jsonb(NEW) ->> name IS DISTINCT FROM before ->> name) THEN
        UPDATE sfo.cases SET names = names + 1 WHERE reference = NEW.reference;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER names_counted AFTER UPDATE OF person_name, person_aliases, crn, noms, date_of_birth ON sfo.cases
    FOR EACH ROW EXECUTE FUNCTION sfo.count_names('person_name', 'person_aliases', 'crn', 'noms', 'date_of_birth');
CREATE TRIGGER names_counted AFTER INSERT OR UPDATE ON sfo.staff
    FOR EACH ROW EXECUTE FUNCTION sfo.count_names('name');
CREATE TRIGGER names_counted AFTER INSERT OR UPDATE ON sfo.victims
    FOR EACH ROW EXECUTE FUNCTION sfo.count_names('name', 'aliases', 'adult', 'officer_name');
CREATE TRIGGER names_counted AFTER INSERT OR UPDATE ON sfo.appointments
    FOR EACH ROW EXECUTE FUNCTION sfo.count_names('name');
CREATE TRIGGER names_counted AFTER INSERT OR UPDATE ON sfo.actions
    FOR EACH ROW EXECUTE FUNCTION sfo.count_names('owner_name');
