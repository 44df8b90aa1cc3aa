-- The roles and databases of one server, made or put right: safe to repeat, and the way to change a password.
-- As a superuser, by psql; the three passwords come from the environment and are never typed:
--   PGHOST=... PGUSER=postgres PGPASSWORD=... SFO_OWNER_PASSWORD=... SFO_APP_PASSWORD=... TEMPORAL_DB_PASSWORD=... \
--     psql --no-psqlrc --file=roles.sql
\set ON_ERROR_STOP on
\getenv owner_password SFO_OWNER_PASSWORD
\getenv app_password SFO_APP_PASSWORD
\getenv temporal_password TEMPORAL_DB_PASSWORD

-- They stand in addresses later, where a sign of another kind would be read as something else. A short one is a mistake.
SELECT bool_and(password ~ '^[A-Za-z0-9]{16,}$') AND count(DISTINCT password) = 3 AS passwords_are_right
    FROM (VALUES (:'owner_password'), (:'app_password'), (:'temporal_password')) AS given (password) \gset
\if :passwords_are_right
\else
    \warn 'SFO_OWNER_PASSWORD, SFO_APP_PASSWORD and TEMPORAL_DB_PASSWORD: three, each of 16 letters and digits or more; make each with openssl rand -hex 24'
    SELECT 1 / 0 AS passwords_are_wrong;
\endif

-- Whoever owns the record, the service that owns nothing, and Temporal.
SELECT format('CREATE ROLE %I LOGIN', name) FROM (VALUES ('sfo_owner'), ('sfo_app'), ('temporal')) AS wanted (name)
    WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec
ALTER ROLE sfo_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'owner_password';
ALTER ROLE sfo_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'app_password';
ALTER ROLE temporal LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'temporal_password';

SELECT format('CREATE DATABASE %I OWNER %I', name, owner)
    FROM (VALUES ('sfo', 'sfo_owner'), ('temporal', 'temporal'), ('temporal_visibility', 'temporal')) AS wanted (name, owner)
    WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = name) \gexec

-- Temporal has no way into the record, nor the record into Temporal.
REVOKE ALL ON DATABASE sfo, temporal, temporal_visibility FROM PUBLIC;
GRANT CONNECT ON DATABASE sfo TO sfo_app;
