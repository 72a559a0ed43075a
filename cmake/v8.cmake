# V8, from the prefix that scripts/lib/v8.sh unpacked. SLUICE_V8 is OFF where nothing needs it (the fuzz targets over the
# simulated host), so that those build with nothing but a compiler.
option(SLUICE_V8 "Build the V8 binding and the shell" ON)
set(SLUICE_V8_PREFIX ${PROJECT_SOURCE_DIR}/build/v8 CACHE PATH "Where include/node and lib/libnode.so are")
if(NOT SLUICE_V8)
  return()
endif()
if(NOT EXISTS ${SLUICE_V8_PREFIX}/include/node/v8.h)
  message(FATAL_ERROR "V8 is missing from ${SLUICE_V8_PREFIX}. Run scripts/test once, which unpacks it there, or set SLUICE_V8=OFF.")
endif()

add_library(sluice_v8_engine INTERFACE)
# SYSTEM: its headers are not ours to warn about.
target_include_directories(sluice_v8_engine SYSTEM INTERFACE ${SLUICE_V8_PREFIX}/include/node)
# v8-inspector.h is only here. (The other headers are the same; the first folder has them first.)
target_include_directories(sluice_v8_engine SYSTEM INTERFACE ${SLUICE_V8_PREFIX}/include/nodejs/deps/v8/include)
target_link_libraries(sluice_v8_engine INTERFACE ${SLUICE_V8_PREFIX}/lib/libnode.so)
