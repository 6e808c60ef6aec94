# Runs PgBouncer in transaction mode in a new directory, and prints the directory. It is stopped and
# removed when the standard input ends.
set -eu
cd /
host=$1 settings=$2
directory=$(mktemp -d /tmp/goldstar-pgb-XXXXXX)
server=
trap 'test -z "$server" || { kill -KILL "$server" || true; wait "$server" || true; }; rm -rf "$directory"' EXIT
trap '' HUP INT TERM
echo '"goldstar" ""' >"$directory/users.txt"
cat >"$directory/pgbouncer.ini" <<END
[databases]
* = host=$host
[pgbouncer]
pool_mode = transaction
unix_socket_dir = $directory
listen_addr =
listen_port = 5432
auth_type = trust
auth_file = $directory/users.txt
default_pool_size = 4
$settings
END
pgbouncer "$directory/pgbouncer.ini" >"$directory/log" 2>&1 </dev/null &
server=$!
until test -S "$directory/.s.PGSQL.5432"; do
    kill -0 "$server" || { echo "failed: $(tail -n 20 "$directory/log" | tr '\n' ' ')"; exit 1; }
    sleep 0.05
done
echo "$directory"
read -r _ || true
