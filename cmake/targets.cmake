# Fuzz targets: fuzz/targets/targets.json is the table of all that is known of them; fuzz/targets/README.md explains its fields.

# Reads the table once. Its fields are then had with sluice_target_fact().
set(SLUICE_TARGET_TABLE ${PROJECT_SOURCE_DIR}/fuzz/targets/targets.json)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${SLUICE_TARGET_TABLE})
file(READ ${SLUICE_TARGET_TABLE} SLUICE_TARGET_JSON)
set(SLUICE_KNOWN_TARGETS "")
string(JSON last LENGTH "${SLUICE_TARGET_JSON}" targets)
math(EXPR last "${last} - 1")
foreach(index RANGE ${last})
  string(JSON name GET "${SLUICE_TARGET_JSON}" targets ${index} name)
  list(APPEND SLUICE_KNOWN_TARGETS ${name})
endforeach()
unset(last)

# sluice_target_fact(RESULT NAME FIELD DEFAULT): a field of a target; a JSON list becomes a list.
function(sluice_target_fact result name field default)
  list(FIND SLUICE_KNOWN_TARGETS ${name} index)
  string(JSON type ERROR_VARIABLE missing TYPE "${SLUICE_TARGET_JSON}" targets ${index} ${field})
  set(value "${default}")
  if(type STREQUAL "ARRAY")
    set(value "")
    string(JSON length LENGTH "${SLUICE_TARGET_JSON}" targets ${index} ${field})
    math(EXPR last "${length} - 1")
    foreach(i RANGE ${last})
      string(JSON item GET "${SLUICE_TARGET_JSON}" targets ${index} ${field} ${i})
      list(APPEND value ${item})
    endforeach()
  elseif(NOT missing)
    string(JSON value GET "${SLUICE_TARGET_JSON}" targets ${index} ${field})
  endif()
  set(${result} "${value}" PARENT_SCOPE)
endfunction()

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
    target_link_libraries(${name} PRIVATE sluice_replay_main)
  endif()
endfunction()

# Its file, and what the table says about compiling it.
function(sluice_target_sources executable name)
  target_sources(${executable} PRIVATE ${PROJECT_SOURCE_DIR}/fuzz/targets/${name}.cc)
  sluice_target_fact(profile ${name} profile "")
  if(profile)
    target_compile_definitions(${executable} PRIVATE SLUICE_TARGET_PROFILE="${profile}")
  endif()
  sluice_target_fact(links ${name} links "")
  target_link_libraries(${executable} PRIVATE sluice_harness ${links})
endfunction()

# sluice_fuzz_target(NAME): fuzz/targets/NAME.cc becomes a target of every engine, or a replayer of files without one.
set_property(GLOBAL PROPERTY SLUICE_FUZZ_TARGETS "")
function(sluice_fuzz_target name)
  add_executable(${name})
  sluice_target_sources(${name} ${name})
  target_link_libraries(${name} PRIVATE sluice_sanitized)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzzers)
  sluice_link_engine(${name})
  set_property(GLOBAL APPEND PROPERTY SLUICE_FUZZ_TARGETS ${name})
endfunction()

# sluice_speed(TARGET): TARGET_speed runs the target's inputs over and over in the same build (scripts/bench).
function(sluice_speed name)
  add_executable(${name}_speed EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/fuzz/harness/speed_main.cc)
  sluice_target_sources(${name}_speed ${name})
  target_link_libraries(${name}_speed PRIVATE sluice_feedback)
  set_target_properties(${name}_speed PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzz)
endfunction()
