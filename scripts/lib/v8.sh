# V8, for the binding and the shell. Sourced by setup.sh.
#
# The distribution's libnode-dev and its libnode are unpacked into build/v8, and not installed, because they conflict with other
# packagings of Node. The libraries that they load are installed. Nothing is done when build/v8 is complete.

V8_PREFIX=$SLUICE_ROOT/build/v8

# The names in the Depends field of the package file $1 whose names match the pattern $2.
depends_of() { dpkg-deb -f "$1" Depends | tr ',' '\n' | sed -e 's/|.*//' -e 's/(.*//' -e 's/[[:space:]]//g' | grep -E "$2" || true; }

install_v8() {
  [[ -f $V8_PREFIX/.complete ]] && return
  command -v apt-get >/dev/null ||
    die "V8 is missing: put libnode's include/node and libnode.so into $V8_PREFIX/{include,lib}, then: touch $V8_PREFIX/.complete"
  say "Unpacking V8 (the packages libnode-dev and libnode) into build/v8"
  local folder log libnode libraries=()
  folder=$(mktemp -d "${TMPDIR:-/tmp}/sluice-v8.XXXXXX")
  log=$folder/log
  if ! (cd "$folder" && { apt-get -qq download libnode-dev || { as_root apt-get -qq update && apt-get -qq download libnode-dev; }; }) \
    </dev/null >"$log" 2>&1; then
    v8_failed "$folder"
  fi
  libnode=$(depends_of "$folder"/libnode-dev_*.deb '^libnode[0-9]')
  (cd "$folder" && apt-get -qq download "$libnode") </dev/null >>"$log" 2>&1 || v8_failed "$folder"
  mapfile -t libraries < <(depends_of "$folder/$libnode"_*.deb '^lib')
  install_named "${libraries[@]}"
  for package in "$folder"/*.deb; do dpkg-deb -x "$package" "$folder/unpacked" || v8_failed "$folder"; done
  rm -rf "$V8_PREFIX"
  mkdir -p "$V8_PREFIX" || die "build/v8 cannot be written"
  cp -a "$folder/unpacked/usr/include" "$V8_PREFIX/include" && mkdir "$V8_PREFIX/lib" &&
    cp -a "$folder"/unpacked/usr/lib/*/libnode.so* "$V8_PREFIX/lib/" || die "build/v8 cannot be written; is the disk full?"
  dpkg-deb -f "$folder/$libnode"_*.deb Version >"$V8_PREFIX/.complete"
  rm -rf "$folder"
}

v8_failed() {
  cat "$1/log" >&2
  rm -rf "$1"
  die "V8 could not be fetched; apt-get's own words are above"
}
