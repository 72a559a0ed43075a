# All mutants of src/core in one build (scripts/sluice_dev/mutation/schemata.py). Sources that have mutants are compiled and included from
# a folder that is generated while cmake configures.
option(SLUICE_MUTANTS "Put all mutants of src/core into the build, chosen by SLUICE_MUTANT in the environment" OFF)
set(SLUICE_MUTANTS_DIR ${PROJECT_BINARY_DIR}/mutants)
if(SLUICE_MUTANTS)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  file(GLOB inputs CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/core/*.cc ${PROJECT_SOURCE_DIR}/src/core/*.h)
  list(APPEND inputs ${PROJECT_SOURCE_DIR}/scripts/sluice_dev/mutation/mutators.py
       ${PROJECT_SOURCE_DIR}/scripts/sluice_dev/mutation/schemata.py)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${inputs})
  execute_process(COMMAND ${Python3_EXECUTABLE} -B ${PROJECT_SOURCE_DIR}/scripts/sluice_dev mutant-schemata ${SLUICE_MUTANTS_DIR}
                          --compiler ${CMAKE_CXX_COMPILER} COMMAND_ERROR_IS_FATAL ANY)
  # Before the originals.
  target_include_directories(sluice_flags BEFORE INTERFACE $<BUILD_INTERFACE:${SLUICE_MUTANTS_DIR}>)
  target_compile_definitions(sluice_flags INTERFACE $<BUILD_INTERFACE:SLUICE_MUTANTS=1>)
endif()

# sluice_mutate(TARGET): compiles the generated sources in place of those of the current folder.
function(sluice_mutate target)
  if(NOT SLUICE_MUTANTS)
    return()
  endif()
  file(RELATIVE_PATH folder ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  get_target_property(sources ${target} SOURCES)
  set(replaced "")
  foreach(source IN LISTS sources)
    set(generated ${SLUICE_MUTANTS_DIR}/${folder}/${source})
    if(EXISTS ${generated})
      # A mutant may leave variables that nothing uses. Of all the copies, hardly any runs.
      get_source_file_property(options ${source} COMPILE_OPTIONS)
      set_source_files_properties(${generated} PROPERTIES COMPILE_OPTIONS "$<$<BOOL:${options}>:${options}>;-w;-O1")
      list(APPEND replaced ${generated})
    else()
      list(APPEND replaced ${source})
    endif()
  endforeach()
  set_target_properties(${target} PROPERTIES SOURCES "${replaced};${SLUICE_MUTANTS_DIR}/${folder}/mutant.cc")
endfunction()
