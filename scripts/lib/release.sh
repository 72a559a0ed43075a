# The build that is to be used, optimised with a profile of what streams are used for. Sourced after setup.sh.
#
#   build_release    # build/release/sluice

# Trains again only when the program or what it is trained with has changed.
build_release() {
  local folder=$SLUICE_ROOT/build/release-training workloads=$SLUICE_ROOT/tests/bench/workloads.js training=$SLUICE_ROOT/tests/bench/training.js
  build release-training sluice
  local profile=$folder/sluice.profdata
  if [[ ! -f $profile || $folder/sluice -nt $profile || $workloads -nt $profile || $training -nt $profile ]]; then
    local counts=$folder/counts
    rm -rf "$counts"
    say "Training build/release"
    LLVM_PROFILE_FILE=$counts/%m.profraw "$folder/sluice" run "$workloads" "$training" ||
      die "the training of build/release failed; its own words are above"
    llvm_profdata merge -o "$profile.new" "$counts"/*.profraw || die "the profile of build/release could not be made"
    mv "$profile.new" "$profile"
    rm -rf "$counts"
  fi
  build release sluice
}

# Of the same version as the compiler: others may not read what it counts.
llvm_profdata() {
  local tool
  tool=$(clang++ -print-prog-name=llvm-profdata)
  [[ -x $tool ]] || tool=llvm-profdata
  "$tool" "$@"
}
