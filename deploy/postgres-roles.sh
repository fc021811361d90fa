#!/bin/sh
# Makes the application's role beside the owner: it gets the rights that migrations grant it, and no others.
set -eu
psql --set=ON_ERROR_STOP=1 --set=password="$APP_DB_PASSWORD" --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
CREATE ROLE anjuan_app LOGIN PASSWORD :'password';
REVOKE ALL ON DATABASE anjuan FROM PUBLIC;
GRANT CONNECT ON DATABASE anjuan TO anjuan_app;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO anjuan_app;
SQL
