# shellcheck shell=bash
# Installs programs of Cargo into target/tools. Used by .ci/run and scripts/package.

tools=target/tools

# `install_tool <crate> <version> [flags of cargo install]`
install_tool() {
    [ ! -x "$tools/bin/$1" ] || return 0
    # Without link-time optimization the build takes a third of the time; the tool runs for a second only.
    CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
        cargo install --quiet --locked --root "$tools" --version "$2" "${@:3}" "$1"
}
