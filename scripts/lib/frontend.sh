# shellcheck shell=bash
# Installs what the tests of frontend/vue-app need, and runs them. Used by scripts/test, which defines
# `install_program`.

# The oldest version that vitest supports. Debian 12 has 18; newer ones are at https://nodejs.org.
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
    # The stamp is written last, so that an interrupted installation is repeated.
    npm ci --no-audit --no-fund && echo "$wanted" >"$stamp"
}

# Checks the types, and runs the tests against target/debug/goldstar.
test_frontend() (
    cd frontend/vue-app && install_node_packages &&
        npm run check && NO_COLOR=1 npm test
)
