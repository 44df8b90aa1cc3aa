#!/bin/sh
# Brings Temporal's two databases, which roles.sql has made, to the schema of this image. Safe to repeat.
# Where and as whom: SQL_PLUGIN, SQL_HOST, SQL_PORT, SQL_USER, SQL_PASSWORD.
set -eu
schema="${TEMPORAL_SCHEMA_DIR:-/etc/temporal/schema/postgresql/v12}"

bring() {
    echo "schema of $1"
    temporal-sql-tool --database "$1" setup-schema --version 0.0 # leaves a newer one as it is
    temporal-sql-tool --database "$1" update-schema --schema-dir "$schema/$2/versioned"
}

bring temporal temporal
bring temporal_visibility visibility
