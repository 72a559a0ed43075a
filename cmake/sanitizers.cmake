# How everything is compiled. Presets set these; OSS-Fuzz's builds set CXXFLAGS and LIB_FUZZING_ENGINE instead.
set(SLUICE_SANITIZERS "" CACHE STRING "Sanitizers, comma-separated: address, undefined, or both; or thread")
set(SLUICE_ENGINE "none" CACHE STRING "Fuzzing engine: none, libfuzzer, afl, or external (LIB_FUZZING_ENGINE in the environment)")
set_property(CACHE SLUICE_ENGINE PROPERTY STRINGS none libfuzzer afl external)
option(SLUICE_AFL_CMPLOG "With the engine afl: log comparisons, for afl-fuzz -c" OFF)
option(SLUICE_COVERAGE "Instrument for llvm-cov" OFF)

# Targets link this.
add_library(sluice_flags INTERFACE)
target_compile_options(sluice_flags INTERFACE $<BUILD_INTERFACE:-Wall;-Wextra;-Wshadow;-Wnon-virtual-dtor>)
# Members that a designated initializer leaves out have their default, which is the point. Only clang 19 and later warn.
include(CheckCXXCompilerFlag)
check_cxx_compiler_flag(-Wmissing-designated-field-initializers SLUICE_HAS_DESIGNATED_WARNING)
if(SLUICE_HAS_DESIGNATED_WARNING)
  target_compile_options(sluice_flags INTERFACE $<BUILD_INTERFACE:-Wno-missing-designated-field-initializers>)
endif()
# Switches over enumerations have no default: one that a new value was not added to does not compile.
target_compile_options(sluice_flags INTERFACE $<BUILD_INTERFACE:-Werror=switch>)
target_include_directories(sluice_flags INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>)

# The standard's asserts and the invariants are checked in every build that is not for production.
if(NOT CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_definitions(sluice_flags INTERFACE SLUICE_CHECKS=1)
endif()

# For all of a build with V8, because libnode uses our copies of the standard library's inline functions. Named for its content, which
# ccache and Ninja do not look at, and relative to the build, so that all checkouts share what ccache has.
function(sluice_ubsan_ignorelist result)
  set(path ${PROJECT_SOURCE_DIR}/sanitizers/ubsan.ignorelist)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${path})
  file(MD5 ${path} hash)
  configure_file(${path} ${CMAKE_BINARY_DIR}/generated/${hash}.ignorelist COPYONLY)
  set(${result} -fsanitize-ignorelist=generated/${hash}.ignorelist PARENT_SCOPE)
endfunction()

# Everything is linked with the sanitizers; what links sluice_sanitized is compiled with them as well.
add_library(sluice_sanitized INTERFACE)
target_link_libraries(sluice_sanitized INTERFACE sluice_flags)
if(SLUICE_SANITIZERS)
  include(${PROJECT_SOURCE_DIR}/sanitizers/flags.cmake)
  sluice_sanitizer_flags("${SLUICE_SANITIZERS}" flags)
  target_compile_options(sluice_sanitized INTERFACE ${flags})
  if(SLUICE_V8 AND SLUICE_SANITIZERS MATCHES "undefined")
    sluice_ubsan_ignorelist(ignorelist)
    target_compile_options(sluice_sanitized INTERFACE ${ignorelist})
  endif()
  target_link_options(sluice_flags INTERFACE ${flags})
  # Indexes and preconditions of the standard library are checked. (_GLIBCXX_SANITIZE_VECTOR is not set: it cost a third of the
  # speed, and the lists of the core, src/core/fifo.h, poison what was popped themselves.)
  target_compile_definitions(sluice_flags INTERFACE _GLIBCXX_ASSERTIONS=1)
endif()

if(SLUICE_ENGINE STREQUAL "external" AND SLUICE_V8)
  # Without any effect if CXXFLAGS ask for no UBSan. The same file, for the same reason.
  sluice_ubsan_ignorelist(ignorelist)
  target_compile_options(sluice_flags INTERFACE ${ignorelist})
endif()

# What has no code of the core in it, not even inline: the language, the driver, the model, the history rules. Tests compile it
# with the sanitizers too; campaigns need not, and are half as fast again.
option(SLUICE_SANITIZE_ORACLES "Compile the oracles with the sanitizers" ON)
add_library(sluice_oracle_flags INTERFACE)
target_link_libraries(sluice_oracle_flags INTERFACE sluice_flags)
if(SLUICE_SANITIZE_ORACLES)
  target_link_libraries(sluice_oracle_flags INTERFACE sluice_sanitized)
endif()

# What has scopes of src/core/operation.h links this. They are compiled in where a fuzz target or a test under a sanitizer may want to know in
# which operation the core diverges (fuzz/oracle/divergence.h), and to nothing elsewhere. Asserts perform operations, too: without them the
# core and the model would differ.
add_library(sluice_operations INTERFACE)
if(NOT CMAKE_BUILD_TYPE STREQUAL "Release" AND (SLUICE_SANITIZERS MATCHES "address|undefined" OR NOT SLUICE_ENGINE STREQUAL "none"))
  target_compile_definitions(sluice_operations INTERFACE SLUICE_RECORD_OPERATIONS=1)
endif()

if(SLUICE_COVERAGE)
  target_compile_options(sluice_flags INTERFACE -fprofile-instr-generate -fcoverage-mapping)
  target_link_options(sluice_flags INTERFACE -fprofile-instr-generate)
endif()

# Profile-guided optimisation, for the preset `release` (scripts/release).
set(SLUICE_PROFILE "" CACHE STRING "generate: count what runs; a file: the counts, as llvm-profdata merges them")
if(SLUICE_PROFILE STREQUAL "generate")
  target_compile_options(sluice_flags INTERFACE -fprofile-generate)
  target_link_options(sluice_flags INTERFACE -fprofile-generate)
elseif(SLUICE_PROFILE)
  if(NOT EXISTS ${SLUICE_PROFILE})
    message(FATAL_ERROR "There is no profile in ${SLUICE_PROFILE}. Run scripts/release, which makes it and this build.")
  endif()
  # So that all is compiled again when the profile is another one.
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${SLUICE_PROFILE})
  file(SHA256 ${SLUICE_PROFILE} profile)
  target_compile_definitions(sluice_flags INTERFACE SLUICE_PROFILE_${profile})
  # What the training never ran is compiled as it is without a profile.
  target_compile_options(sluice_flags INTERFACE -fprofile-use=${SLUICE_PROFILE} -Wno-profile-instr-unprofiled)
  target_link_options(sluice_flags INTERFACE -fprofile-use=${SLUICE_PROFILE})
endif()

# What a fuzzing engine gets feedback from links this: the code under test, not the oracles.
add_library(sluice_feedback INTERFACE)
target_link_libraries(sluice_feedback INTERFACE sluice_sanitized)
if(SLUICE_ENGINE STREQUAL "libfuzzer")
  # Comparisons are not traced: it took up to a third of the time. Programs are mutated as programs; where bytes are mutated, dictionaries and
  # seeds have the constants.
  target_compile_options(sluice_feedback INTERFACE -fsanitize=fuzzer-no-link -fno-sanitize-coverage=trace-cmp,indirect-calls)
elseif(SLUICE_ENGINE STREQUAL "afl")
  # AFL++'s compiler instruments all that it compiles, or what a list of files says; its passes can be had by themselves, so that
  # the line is drawn by target here as for libFuzzer. They fit the clang that AFL++ was built with (Debian: both are 14).
  find_path(SLUICE_AFL_PATH libAFLDriver.a HINTS ENV AFL_PATH PATHS /usr/lib/afl /usr/local/lib/afl NO_DEFAULT_PATH
            DOC "AFL++'s passes and run-time libraries" REQUIRED)
  set(passes SanitizerCoveragePCGUARD)
  if(SLUICE_AFL_CMPLOG)
    # In afl-cc's order; functions stay whole so that the arguments of their comparisons are seen.
    set(passes cmplog-switches-pass split-switches-pass SanitizerCoveragePCGUARD cmplog-instructions-pass cmplog-routines-pass)
    list(APPEND afl_flags -fno-inline)
  endif()
  list(TRANSFORM passes REPLACE "(.+)" "-fpass-plugin=${SLUICE_AFL_PATH}/\\1.so")
  target_compile_options(sluice_feedback INTERFACE ${afl_flags} ${passes})
  target_link_options(sluice_feedback INTERFACE ${SLUICE_AFL_PATH}/afl-compiler-rt.o
                      -Wl,--dynamic-list=${SLUICE_AFL_PATH}/dynamic_list.txt)
endif()
if(NOT SLUICE_ENGINE STREQUAL "none")
  target_compile_definitions(sluice_flags INTERFACE FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION=1)
endif()
