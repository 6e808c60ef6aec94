# shellcheck shell=bash
# The tests in a real browser, frontend/vue-app/browser: what they need, and the tests. For
# scripts/test, which has `install_program`, after the front end's tests.

# `CHROMIUM` may name one that isn't in the path, or has another name.
install_chromium() {
    [ -n "${CHROMIUM:-}" ] || install_program chromium chromium || return 1
    export CHROMIUM="${CHROMIUM:-$(command -v chromium)}"
}

# Runs them against target/debug/goldstar.
test_browser() (
    cd frontend/vue-app && install_node_packages &&
        NO_COLOR=1 npm run browser
)
