# sluice_link_engine(NAME): main() of the engine, which calls LLVMFuzzerTestOneInput; without one, that of a replayer of files.
function(sluice_link_engine name)
  if(SLUICE_ENGINE STREQUAL "libfuzzer")
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  elseif(SLUICE_ENGINE STREQUAL "afl")
    # Persistent mode.
    target_link_libraries(${name} PRIVATE ${SLUICE_AFL_PATH}/libAFLDriver.a)
  elseif(SLUICE_ENGINE STREQUAL "external")
    # A flag or an archive, which has to come after the objects that it needs.
    target_link_libraries(${name} PRIVATE $ENV{LIB_FUZZING_ENGINE})
    # Libraries lie beside the target wherever that is moved; those that libraries load too, which only the older tag does.
    set_target_properties(${name} PROPERTIES BUILD_WITH_INSTALL_RPATH ON INSTALL_RPATH "$ORIGIN")
    target_link_options(${name} PRIVATE -Wl,--disable-new-dtags)
  else()
    target_sources(${name} PRIVATE ${PROJECT_SOURCE_DIR}/fuzz/harness/replay_main.cc)
  endif()
endfunction()

# sluice_fuzz_target(NAME): fuzz/targets/NAME.cc becomes a target of every engine, or a replayer of files without one.
set_property(GLOBAL PROPERTY SLUICE_FUZZ_TARGETS "")

function(sluice_fuzz_target name)
  add_executable(${name} ${PROJECT_SOURCE_DIR}/fuzz/targets/${name}.cc)
  target_link_libraries(${name} PRIVATE sluice_harness sluice_sanitized)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzzers)
  sluice_link_engine(${name})
  set_property(GLOBAL APPEND PROPERTY SLUICE_FUZZ_TARGETS ${name})
endfunction()

# sluice_speed(TARGET): TARGET_speed runs the target's inputs over and over in the same build (scripts/bench).
function(sluice_speed name)
  add_executable(${name}_speed EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/fuzz/targets/${name}.cc ${PROJECT_SOURCE_DIR}/fuzz/harness/speed_main.cc)
  target_link_libraries(${name}_speed PRIVATE sluice_harness sluice_feedback)
  set_target_properties(${name}_speed PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzz)
endfunction()
