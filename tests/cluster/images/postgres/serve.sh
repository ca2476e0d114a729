# Makes a server's data anew and serves them; LATEEN_PASSWORD is the superuser's.
set -eu
data=${PGDATA:-/data/postgres}
printf '%s' "$LATEEN_PASSWORD" >/tmp/password
initdb -D "$data" --username=postgres --pwfile=/tmp/password --auth=scram-sha-256 \
    --encoding=UTF8 --no-sync >/dev/null
rm /tmp/password
echo 'host all all all scram-sha-256' >>"$data/pg_hba.conf"
exec postgres -D "$data" -c listen_addresses='*' -c unix_socket_directories=/tmp \
    -c fsync=off -c full_page_writes=off -c synchronous_commit=off \
    -c max_connections=400 -c shared_buffers=128MB -c timezone=UTC
