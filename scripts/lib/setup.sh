# What the scripts share: the packages, the builds and the sanitizers' options. Sourced, not run.
#
#   source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib/setup.sh"
#   install_packages              # no network and no apt when nothing is missing
#   build asan sluice             # configures and builds build/asan; no target means all of them
#   export_sanitizer_options
#
# Works from any folder and changes none. Messages go to standard error. Exit 2: something could not be set up.

SLUICE_ROOT=$(dirname "$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")")
SLUICE_SCRIPT=scripts/$(basename "$0")

# Ctrl-C while ninja runs is not a build that failed.
trap 'exit 130' INT

say() { printf '%s\n' "$*" >&2; }

die() {
  say "$SLUICE_SCRIPT: $*"
  exit 2
}

# The comment at the top of the running script, after its first line, is its help.
print_help() { sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; }

wrong_usage() { die "$*; see $SLUICE_SCRIPT --help"; }

# Each fuzz target is a file; asked of the sources, so that a misspelt name is told before anything is built.
require_target() {
  [[ $1 =~ ^[A-Za-z0-9_]+$ && -f $SLUICE_ROOT/fuzz/targets/$1.cc ]] && return
  local known=("$SLUICE_ROOT"/fuzz/targets/*_fuzzer.cc)
  known=("${known[@]##*/}")
  wrong_usage "unknown target $1; there are: ${known[*]%.cc}"
}

# --- Python ---

# Debian's first: its packages (scripts/packages.txt) belong to it, and it need not be the first on PATH.
SLUICE_PYTHON=/usr/bin/python3
[[ -x $SLUICE_PYTHON ]] || SLUICE_PYTHON=python3

# A command of scripts/sluice_dev.
sluice_dev() { "${SLUICE_START[@]}" "$SLUICE_PYTHON" -B "$SLUICE_ROOT/scripts/sluice_dev" "$@"; }
# The same in place of this script.
become() { exec "${SLUICE_START[@]}" "$SLUICE_PYTHON" -B "$SLUICE_ROOT/scripts/sluice_dev" "$@"; }

# The whole of most scripts, which are commands of the same name.
start() {
  local argument
  for argument in "${@:2}"; do
    case $argument in
      --) break ;;
      --help | -h) print_help && exit 0 || exit 2 ;;
    esac
  done
  command -v "$SLUICE_PYTHON" >/dev/null || install_packages
  become "$@"
}

# Signals wait until Python can handle them: in its first moments it would print a traceback.
SLUICE_START=(env --block-signal=INT --block-signal=TERM --block-signal=HUP)
"${SLUICE_START[@]}" true 2>/dev/null || SLUICE_START=(env)  # not GNU's

# --- Packages ---

# The names in packages.txt; with "required", only those that are not optional; with "nightly", those that only scripts/nightly needs.
package_names() {
  local name kind
  while read -r name kind; do
    case $kind in
      nightly) [[ ${1:-} == nightly ]] || continue ;;
      *) [[ ${1:-} != nightly ]] || continue ;;
    esac
    case $kind in
      optional) [[ -n ${1:-} ]] && continue ;;
      command) command -v "$name" >/dev/null && continue ;;
    esac
    printf '%s\n' "$name"
  done < <(sed -e 's/[[:space:]]*#.*//' -e '/^$/d' "$SLUICE_ROOT/scripts/packages.txt")
}

missing_packages() {
  local installed name
  installed=$(package_names | xargs dpkg-query -W -f='${db:Status-Status} ${Package}\n' 2>/dev/null || true)
  while read -r name; do
    [[ $'\n'$installed$'\n' == *$'\n'"installed $name"$'\n'* ]] || printf '%s\n' "$name"
  done < <(package_names ${1:-})
}

# Not Debian: nothing can be installed, so the tools have to be there.
require_tools() {
  local tool missing=()
  for tool in clang++ llvm-symbolizer cmake ninja python3; do
    command -v "$tool" >/dev/null || missing+=("$tool")
  done
  ((${#missing[@]} == 0)) && return
  say "$SLUICE_SCRIPT: missing tools: ${missing[*]}"
  say "There is no apt-get here to install them with. Sluice needs: clang 14 or later with libFuzzer and the sanitizers'"
  say "libraries, llvm-symbolizer, cmake 3.25, ninja, python3, abseil, CLI11, GoogleTest, libuv, libedit, ICU, pkg-config; python3's rich is optional."
  exit 2
}

install_packages() {
  if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    require_tools
  elif [[ -n $(missing_packages required) ]]; then
    local packages
    mapfile -t packages < <(missing_packages)
    say "Installing ${#packages[@]} packages: ${packages[*]}"
    install_named "${packages[@]}"
  fi
  install_v8
}

# Runs a command with root's rights; exits if there are none.
as_root() {
  if ((EUID == 0)); then
    "$@"
  elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [[ -t 0 && -t 2 ]]; }; then
    sudo "$@"
  else
    return 77
  fi
}

# Installs the packages that are named, where they are missing.
install_named() {
  local log apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Acquire::Retries=3 -o DPkg::Lock::Timeout=120)
  local installed
  installed=$(dpkg-query -W -f='${db:Status-Status}\n' "$@" 2>/dev/null | grep -c '^installed$' || true)
  ((installed == $#)) && return
  if ! as_root true; then
    say "$SLUICE_SCRIPT: some packages are missing, and root's rights are needed to install them. Run this, then try again:"
    say "  sudo apt-get update && sudo apt-get install -y --no-install-recommends $*"
    exit 2
  fi
  log=$(mktemp)
  if ! { as_root "${apt[@]}" update && as_root "${apt[@]}" install -y --no-install-recommends "$@"; } </dev/null >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    die "the packages could not be installed; apt-get's own words are above"
  fi
  rm -f "$log"
}

# shellcheck source=v8.sh
source "$SLUICE_ROOT/scripts/lib/v8.sh"

# --- Builds ---

# Configures build/PRESET unless that has been done in the same way before. A folder that was left half-configured, was
# moved, or has other flags is configured afresh; what was compiled in it is kept where it still fits.
configure() {
  local preset=$1 folder=$SLUICE_ROOT/build/$1 flags=() wanted log
  command -v ccache >/dev/null && flags+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  command -v ld.lld >/dev/null && flags+=(-DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=lld)
  # Fleets build the fuzz targets with nothing but a compiler; here there is V8.
  [[ $preset == libfuzzer-* || $preset == afl-* ]] && [[ -f $V8_PREFIX/.complete ]] && flags+=(-DSLUICE_V8=ON)
  wanted="$SLUICE_ROOT ${flags[*]} $(cksum <"$SLUICE_ROOT/CMakePresets.json")"
  if [[ -f $folder/build.ninja && -f $folder/.configured && $(<"$folder/.configured") == "$wanted" ]]; then return; fi
  rm -f "$folder/.configured"
  mkdir -p "$folder"
  log=$folder/configure.log
  if ! (cd "$SLUICE_ROOT" && cmake --fresh --preset "$preset" "${flags[@]}") >"$log" 2>&1; then
    cat "$log" >&2
    die "build/$preset could not be configured; CMake's own words are above"
  fi
  printf '%s\n' "$wanted" >"$folder/.configured"
}

# Reads ninja's output, keeps it in the file $2, and shows how far it is.
show_build_progress() {
  local preset=$1 log=$2 line shown=$SECONDS steps=0
  while IFS= read -r line; do
    printf '%s\n' "$line" >>"$log"
    [[ $line =~ ^\[([0-9]+)/([0-9]+)\] ]] || continue
    if ((++steps == 1)) && [[ ! -t 2 ]]; then say "Building $preset"; fi
    if [[ -t 2 ]]; then
      printf '\r\033[KBuilding %s: %s of %s' "$preset" "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}" >&2
    elif ((SECONDS - shown >= 15)); then
      shown=$SECONDS
      say "Building $preset: ${BASH_REMATCH[1]} of ${BASH_REMATCH[2]}"
    fi
  done
  if ((steps > 0)) && [[ -t 2 ]]; then printf '\r\033[K' >&2; fi
}

# Compilers at a time: two more than processors, as ninja has it, but no more than fit into the memory that is free. A compiler
# takes up to 700 MiB, for a file with V8's or Boost's headers under AddressSanitizer.
build_jobs() {
  local jobs=$(($(nproc) + 2)) free limit used fit
  free=$(awk '/^MemAvailable:/ { print int($2 / 1024) }' /proc/meminfo 2>/dev/null) || free=
  if limit=$(cat /sys/fs/cgroup/memory.max 2>/dev/null) && used=$(cat /sys/fs/cgroup/memory.current 2>/dev/null) && [[ $limit != max ]]; then
    limit=$(((limit - used) >> 20))
    if [[ -z $free ]] || ((limit < free)); then free=$limit; fi
  fi
  if [[ -n $free ]]; then
    fit=$((free / 700))
    if ((fit < jobs)); then jobs=$((fit > 1 ? fit : 1)); fi
  fi
  printf '%s\n' "${CMAKE_BUILD_PARALLEL_LEVEL:-$jobs}"
}

# build PRESET [TARGET...]
build() {
  local preset=$1 folder=$SLUICE_ROOT/build/$1 log begun=$SECONDS
  shift
  log=$folder/build.log
  mkdir -p "$folder" || die "build/$preset cannot be written"
  # Two scripts may run at once, but ninja must have the folder to itself.
  { exec 9>"$folder/.lock"; } 2>/dev/null || die "build/$preset cannot be written"
  if command -v flock >/dev/null && ! flock -n 9; then
    say "Waiting for another script that builds build/$preset"
    flock 9
  fi
  configure "$preset" 9>&-
  : >"$log"
  if ! (cd "$SLUICE_ROOT" && NINJA_STATUS='[%f/%t] ' cmake --build "build/$preset" --parallel "$(build_jobs)" ${1:+--target "$@"}) 2>&1 9>&- |
    show_build_progress "$preset" "$log"; then
    grep -v -e '^\[[0-9]*/[0-9]*\] ' -e '^-- ' "$log" >&2 || true
    die "build/$preset could not be built; the compiler's own words are above"
  fi
  if grep -q '^\[' "$log"; then say "Built $preset in $((SECONDS - begun)) s"; fi
  exec 9>&-
}

# --- Sanitizers ---

# The options of every run in a file of options, as one list: a=1:b=2. (Those of some runs only come after a line "[...]".)
joined_options() {
  sed -e '/^\[/,$d' -e '/^#/d' -e '/^[[:space:]]*$/d' "$SLUICE_ROOT/sanitizers/$1" | paste -sd: -
}

# What sanitizers/ says first, so that the caller's own environment has the last word.
export_sanitizer_options() {
  local symbolizer
  ASAN_OPTIONS=$(joined_options asan.options)${ASAN_OPTIONS:+:$ASAN_OPTIONS}
  UBSAN_OPTIONS=$(joined_options ubsan.options)${UBSAN_OPTIONS:+:$UBSAN_OPTIONS}
  export ASAN_OPTIONS UBSAN_OPTIONS
  symbolizer=$(command -v llvm-symbolizer || true)
  if [[ -n $symbolizer ]]; then
    export ASAN_SYMBOLIZER_PATH=$symbolizer UBSAN_SYMBOLIZER_PATH=$symbolizer
  fi
}
