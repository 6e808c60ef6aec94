# shellcheck shell=bash
# The contract tests: generated requests as each role, against the server's own OpenAPI document.
# For scripts/test, which has made .venv.

test_contract() {
    .venv/bin/python tests/contract/run.py target/debug/goldstar
}
