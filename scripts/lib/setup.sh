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

# Ctrl-C while a child runs is not a child that failed. (SIGTERM ends a shell at once, with 143.)
trap 'exit 130' INT
# What fails without more ado could not be set up; 1 means findings.
set -E
trap 'exit 2' ERR

# What is closed is /dev/null, so that no file that is opened later gets its number.
{ : <&0; } 2>/dev/null || exec </dev/null
{ : >&2; } 2>/dev/null || exec 2>/dev/null
{ : >&1; } 2>/dev/null || exec >/dev/null

# A message that nobody can read changes nothing.
say() { printf '%s\n' "$*" >&2 || true; }

die() {
  say "$SLUICE_SCRIPT: $*"
  exit 2
}

# The comment at the top of the running script, after its first line, is its help.
print_help() { sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; }

wrong_usage() { die "$*; see $SLUICE_SCRIPT --help"; }

# --- Python ---

# Debian's first: its packages (scripts/packages.txt) belong to it, and it need not be the first on PATH.
SLUICE_PYTHON=/usr/bin/python3
[[ -x $SLUICE_PYTHON ]] || SLUICE_PYTHON=python3

# A command of scripts/sluice_dev. It ends with this script.
sluice_dev() { "${SLUICE_CHILD[@]}" "${SLUICE_START[@]}" "$SLUICE_PYTHON" -B "$SLUICE_ROOT/scripts/sluice_dev" "$@"; }
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
SLUICE_CHILD=(setpriv --pdeathsig TERM)
command -v setpriv >/dev/null || SLUICE_CHILD=(env)

# --- Packages ---

# The names in packages.txt; with "required", only those that are not optional.
package_names() {
  local name kind
  while read -r name kind; do
    case $kind in
      nightly) continue ;;
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
  say "libraries, llvm-symbolizer, cmake 3.25, ninja, python3 with psutil (rich is optional), abseil, xxHash, CLI11, GoogleTest, libuv,"
  say "libedit, ICU, pkg-config."
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

# build PRESET [TARGET...]
build() { sluice_dev build "$@" || exit $?; }

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
