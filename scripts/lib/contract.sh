# shellcheck shell=bash
# Runs the contract tests: generated requests as each role, compared with the server's own OpenAPI
# document. Used by scripts/test, which has created .venv.

test_contract() {
    .venv/bin/python tests/contract/run.py target/debug/goldstar
}
