# Run by ctest itself, with what tests/wpt/CMakeLists.txt has set.
set(command ${python} -B ${runner} wpt --no-fetch)
execute_process(COMMAND ${command} --list OUTPUT_VARIABLE names RESULT_VARIABLE result ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
if(NOT result EQUAL 0)
  # It fails too, and its words are then those of the failed test.
  add_test(wpt.suite ${command} --list)
  return()
endif()
add_test(wpt.expectations ${command} --check)
string(REPLACE "\n" ";" names "${names}")
foreach(name IN LISTS names)
  add_test("wpt.${name}" ${command} --jobs 1 --runner ${shell} ${name})
  # More than the limit of a test file itself, which says more.
  set_tests_properties("wpt.${name}" PROPERTIES TIMEOUT 600 ENVIRONMENT "${environment}")
endforeach()
