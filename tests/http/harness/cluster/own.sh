set -eu
cd /
programs=$1 source=$2 hba=$3 port=$4
shift 4
directory=$(mktemp -d /tmp/goldstar-pg-XXXXXX)
data=$directory/data log=$directory/server.log server=
stop() {
    test -z "$server" || { kill -"$1" "$server" || true; wait "$server" || true; }
    server=
}
trap 'stop QUIT; rm -rf "$directory"' EXIT
trap '' HUP INT TERM
fail() { echo "failed: $(tail -n 20 "$log" | tr '\n' ' ')"; exit 1; }
if test -z "$source"; then
    "$programs/initdb" -D "$data" -U goldstar --auth=trust --no-sync -E UTF8 --locale=C \
        >"$log" 2>&1 || fail
else
    "$programs/pg_basebackup" -D "$data" -d "$source" -R -X stream -c fast --no-sync \
        >"$log" 2>&1 || fail
fi
printf '%s\n' "$hba" >"$data/pg_hba.conf"
echo "$directory"
while read -r command signal; do
    case $command in
    start)
        "$programs/postgres" -D "$data" -c unix_socket_directories="$directory" -p "$port" "$@" \
            >>"$log" 2>&1 </dev/null &
        server=$!
        until "$programs/pg_isready" -q -h "$directory" -p "$port"; do
            kill -0 "$server" || fail
            sleep 0.05
        done
        ;;
    stop) stop "$signal" ;;
    esac
    echo done
done
