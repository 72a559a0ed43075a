# Ada, the URL parser, is inside libnode.so. Its header is not packaged; src/runtime/fetch/ada.h says what is used of it.
file(STRINGS ${PROJECT_SOURCE_DIR}/src/runtime/fetch/ada.h lines REGEX "^[a-z].* ada_[a-z_]+\\(.*;?$")
set(uses "")
foreach(line IN LISTS lines)
  if(line MATCHES " (ada_[a-z_]+)\\(")
    string(APPEND uses "  reinterpret_cast<void (*)()>(${CMAKE_MATCH_1}),\n")
  endif()
endforeach()
include(CheckCXXSourceCompiles)
set(CMAKE_REQUIRED_INCLUDES ${PROJECT_SOURCE_DIR})
set(CMAKE_REQUIRED_FLAGS -std=c++20)
set(CMAKE_REQUIRED_LIBRARIES ${SLUICE_V8_PREFIX}/lib/libnode.so)
check_cxx_source_compiles("
#include \"src/runtime/fetch/ada.h\"
void (*volatile uses[])() = {
${uses}};
int main() { return uses[0] == nullptr; }" SLUICE_HAS_ADA)
unset(CMAKE_REQUIRED_INCLUDES)
unset(CMAKE_REQUIRED_FLAGS)
unset(CMAKE_REQUIRED_LIBRARIES)
if(NOT SLUICE_HAS_ADA)
  unset(SLUICE_HAS_ADA CACHE)
  message(FATAL_ERROR "${SLUICE_V8_PREFIX}/lib/libnode.so does not export all functions of Ada that src/runtime/fetch/ada.h "
    "declares, which URL needs. That of Debian 12 (Node 18.20.4) does; scripts/test unpacks it there. What the compiler said is in "
    "${PROJECT_BINARY_DIR}/CMakeFiles.")
endif()
