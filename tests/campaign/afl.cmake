# The targets fuzz under AFL++ for a bounded number of executions.

get_property(targets GLOBAL PROPERTY SLUICE_FUZZ_TARGETS)
foreach(target ${targets})
  add_test(NAME afl.smoke_${target}
           COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_SOURCE_DIR}/afl_smoke_test.py ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR} ${target})
  set_tests_properties(afl.smoke_${target} PROPERTIES ENVIRONMENT "${SLUICE_TEST_ENVIRONMENT}" TIMEOUT 300)
endforeach()

if(SLUICE_SANITIZERS STREQUAL "address")
  add_test(NAME afl.engines COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_SOURCE_DIR}/engines_test.py ${PROJECT_SOURCE_DIR} -v)
  set_tests_properties(afl.engines PROPERTIES TIMEOUT 900)
endif()
