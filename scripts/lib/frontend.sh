# shellcheck shell=bash
# The front end's files, frontend/vue-app: what their tests need, and the tests. For scripts/test,
# which has `install_program`.

# The oldest that vitest runs on. Debian 12 has 18; others are to be had from https://nodejs.org.
node_wanted=20.19

has_node() {
    command -v node >/dev/null && command -v npm >/dev/null || return 1
    printf '%s\nv%s\n' "$(node --version)" "$node_wanted" | sort --version-sort --check=quiet --reverse
}

install_node() {
    has_node && return
    install_program node nodejs && install_program npm npm && has_node
}

install_node_packages() {
    local wanted stamp=node_modules/installed
    wanted=$(sha256sum package-lock.json)
    [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && return
    # The stamp is written last: an installation that was broken off is made anew.
    npm ci --no-audit --no-fund && echo "$wanted" >"$stamp"
}

# Checks the types, and runs the tests against target/debug/goldstar.
test_frontend() (
    cd frontend/vue-app && install_node_packages &&
        npm run check && NO_COLOR=1 npm test
)
