#!/bin/sh
# Installs what the demo and the tests need from Debian and is not there yet. Quiet when nothing is missing.
#   sh tests/install.sh build   what compiling needs
#   sh tests/install.sh tests   that, and the programs that judge what we make
set -eu

need_for_build="pkg-config libpcsclite-dev libssl-dev"
need_for_tests="pcscd vsmartcard-vpcd opensc xmlsec1 libxml2-utils softhsm2 openssl curl python3 procps util-linux udev systemd dbus-daemon pinentry-tty clang libclang-dev yubico-piv-tool poppler-utils qpdf python3-venv unzip postgresql nginx-light stunnel4 libengine-pkcs11-openssl chromium chromium-driver firefox-esr fonts-dejavu-core iproute2"

case "${1:-}" in
build) wanted="$need_for_build" ;;
tests) wanted="$need_for_build $need_for_tests" ;;
*)
    echo "usage: sh tests/install.sh build|tests" >&2
    exit 2
    ;;
esac

missing=""
for package in $wanted; do
    status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing="$missing $package"
done

# Judges that Debian does not have, in a Python of their own.
install_judges() {
    root=$(dirname "$0")/..
    judges="${CARGO_TARGET_DIR:-$root/target}/judges"
    wanted_judges="$root/tests/interop/requirements.txt"
    cmp -s "$wanted_judges" "$judges/installed.txt" && return
    echo "install: $(tr '\n' ' ' <"$wanted_judges")"
    log=$(mktemp)
    if ! { python3 -m venv "$judges" && "$judges/bin/pip" install --disable-pip-version-check -r "$wanted_judges"; } >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        echo "install: pip could not install the judges of tests/interop/requirements.txt" >&2
        exit 1
    fi
    rm -f "$log"
    cp "$wanted_judges" "$judges/installed.txt"
}

if [ -z "$missing" ]; then
    [ "$1" = build ] || install_judges
    exit 0
fi

as_root=""
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
        echo "install: missing packages ($missing ), and this user is neither root nor has sudo" >&2
        exit 1
    fi
    as_root=sudo
fi
log=$(mktemp)
echo "install:$missing"
if ! {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 -q update &&
        # shellcheck disable=SC2086  # one word per package is meant
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 -q install -y --no-install-recommends $missing
} >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "install: apt-get could not install:$missing" >&2
    exit 1
fi
rm -f "$log"
# The tests run nginx and stunnel by themselves, on ports of their own: what was installed for them must not serve this machine.
case "$missing " in
*" nginx-light "*)
    $as_root update-rc.d nginx disable >/dev/null 2>&1 || true
    $as_root invoke-rc.d nginx stop >/dev/null 2>&1 || true
    ;;
esac
[ "$1" = build ] || install_judges
# Debian starts the system's pcscd at installation where systemd runs; the tests start their own, on their own socket.
