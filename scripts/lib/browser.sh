# shellcheck shell=bash
# The tests in a real browser, frontend/vue-app/browser: what they need, and the tests. For
# scripts/test, which has `install_program`, after the front end's tests.

install_chromium() {
    install_program chromium chromium
}

# Runs them against target/debug/goldstar.
test_browser() (
    cargo build --locked && cd frontend/vue-app && install_node_packages &&
        NO_COLOR=1 npm run browser
)
