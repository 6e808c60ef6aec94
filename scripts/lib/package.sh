# shellcheck shell=bash
# Builds Debian packages of target/debug/goldstar and installs them. Used by scripts/test.

# The system is an overlay of this machine's, in namespaces of its own: nothing that the packages do
# is left on the machine.
can_test_package() {
    local program
    [ "$(id -u)" = 0 ] || return 1
    for program in adduser dpkg ip strip systemd-analyze; do
        command -v "$program" >/dev/null || return 1
    done
    unshare --mount --net --pid --fork mount -t tmpfs tmpfs /mnt 2>/dev/null
}

test_package() {
    local folder status=0
    folder=$(mktemp -d)
    scripts/package --binary target/debug/goldstar --revision 1 debian >/dev/null &&
        scripts/package --binary target/debug/goldstar --revision 2 debian >/dev/null &&
        unshare --mount --net --pid --fork tests/package/overlay "$folder" target/packages || status=$?
    rm -rf "$folder"
    return "$status"
}
