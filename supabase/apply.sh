#!/usr/bin/env bash
# Runs the migrations that the project's record lacks, as `supabase db push` does: in order, each in one transaction with
# its line in the record. Unlike that command it does not mind what others (the bot) have recorded there. Needs psql.
#
#   DATABASE_URL=postgresql://postgres... supabase/apply.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/migrations"

sql() { psql "${DATABASE_URL:?}" --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 "$@"; }

sql <<'SQL'
set client_min_messages = warning;
create schema if not exists supabase_migrations;
create table if not exists supabase_migrations.schema_migrations (version text primary key, statements text[], name text);
SQL
recorded=$(sql --command 'select version from supabase_migrations.schema_migrations')

for FILE in *.sql; do
  export FILE
  if grep --quiet --line-regexp "${FILE%%_*}" <<<"$recorded"; then continue; fi
  echo "$FILE"
  PGOPTIONS='-c client_min_messages=warning' sql --single-transaction --file "$FILE" --file - <<'SQL'
\set body `cat "$FILE"`
\set label `basename "$FILE" .sql`
insert into supabase_migrations.schema_migrations (version, name, statements)
values (split_part(:'label', '_', 1), substr(:'label', strpos(:'label', '_') + 1), array[:'body']);
SQL
done
