# sluice_embed(TARGET HEADER NAMESPACE::NAME FILE...): the text of the files, one after the other, as a std::string_view in a header
# that TARGET includes by that name.
function(sluice_embed target header constant)
  string(REGEX MATCH "^(.+)::([^:]+)$" constant "${constant}")
  set(namespace "${CMAKE_MATCH_1}")
  set(name "${CMAKE_MATCH_2}")
  set(text "")
  foreach(path IN LISTS ARGN)
    file(READ ${path} part)
    string(APPEND text "${part}")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${path})
  endforeach()
  list(JOIN ARGN ", " files)
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/generated/${header} @ONLY
       CONTENT [==[// Made from @files@.
#pragma once
#include <string_view>
namespace @namespace@ { inline constexpr std::string_view @name@ = R"JS(@text@)JS"; }
]==])
  target_include_directories(${target} PRIVATE ${PROJECT_BINARY_DIR}/generated)
endfunction()
