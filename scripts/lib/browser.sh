# shellcheck shell=bash
# Installs what the browser tests, frontend/vue-app/browser, need, and runs them. Used by scripts/test,
# which defines `install_program`, after the front end's tests.

# `CHROMIUM` can name a program that is not in the path or has another name.
install_chromium() {
    [ -n "${CHROMIUM:-}" ] || install_program chromium chromium || return 1
    export CHROMIUM="${CHROMIUM:-$(command -v chromium)}"
}

# Runs them against target/debug/goldstar.
test_browser() (
    cd frontend/vue-app && install_node_packages &&
        NO_COLOR=1 npm run browser
)

can_run_servers() {
    local program
    for program in nginx openssl setpriv; do
        command -v "$program" >/dev/null || return 1
    done
    compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null
}

# Runs two servers on PostgreSQL behind nginx, as packaging/compose.yaml does.
test_servers() (
    cd frontend/vue-app && install_node_packages &&
        NO_COLOR=1 npm run servers
)
