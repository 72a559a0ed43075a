#!/bin/bash
# Builds the fuzz targets for OSS-Fuzz and ClusterFuzzLite, with all that lies beside them. Run by their build.sh, and by
# scripts/check-ossfuzz in the same environment, which is all this knows of:
#
#   $CC $CXX $CFLAGS $CXXFLAGS   the compiler, and every flag of the sanitizer and of the engine's feedback
#   $LIB_FUZZING_ENGINE          what a target is linked with, which has main()
#   $OUT                         where TARGET, TARGET_seed_corpus.zip, TARGET.options and TARGET.dict go
#   $WORK                        for what is built on the way
#   $SLUICE_V8_PREFIX            where include/node and lib/libnode.so are. Unset: no target with V8
set -euo pipefail

sluice=$(dirname "$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")")
build=$WORK/sluice

v8=(-DSLUICE_V8=OFF)
# The distribution's libnode and abseil speak to us in libstdc++'s types; another library's have other layouts.
if [[ -n ${SLUICE_V8_PREFIX:-} && $CXXFLAGS != *-stdlib=libc++* ]]; then
  v8=(-DSLUICE_V8=ON "-DSLUICE_V8_PREFIX=$SLUICE_V8_PREFIX")
fi

# No build type: optimisation and debug information are in the flags.
cmake -S "$sluice" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=None -DSLUICE_ENGINE=external -DSLUICE_TESTS=OFF -DSLUICE_CLI=OFF \
  "${v8[@]}" ${SLUICE_CMAKE_FLAGS:-}
mapfile -t targets < <(grep . "$build/fuzzers/fleet_targets.txt")
ninja -C "$build" "${targets[@]}" program_dictionary
"$build/fuzz/program_dictionary" >"$WORK/program.dict"

# The shared libraries that a target loads, except those of the C library, which every machine has its own of.
libraries_of() {
  LD_LIBRARY_PATH=${SLUICE_V8_PREFIX:-}/lib ldd "$1" | awk '$2 == "=>" { print $3 }' |
    grep -vE '/(ld-linux[^/]*|lib(c|m|dl|rt|pthread|resolv|util))\.so\.[0-9]+$' || true
}

for target in "${targets[@]}"; do
  cp "$build/fuzzers/$target" "$OUT/"
  libraries=$(libraries_of "$build/fuzzers/$target")
  # Every image has the compiler's own, which is all that the others load.
  if [[ $libraries == *libnode* ]]; then
    while read -r library; do cp -L "$library" "$OUT/"; done <<<"$libraries"
  fi
  python3 -B "$sluice/scripts/sluice_dev" ossfuzz-files "$target" "$WORK/program.dict" "$OUT"
done
