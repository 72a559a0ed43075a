# cmake --install: the libraries for embedders, as find_package(Sluice) and pkg-config find them. Headers are had by the names
# <sluice/core/...>, <sluice/sim/...> and <sluice/v8/...>.
#
#   cmake --install build/release --component development --prefix /opt/sluice     # libraries and headers
#   cmake --install build/release --component commands --prefix /opt/sluice        # sluice and sluice-fuzz
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(SLUICE_INSTALLED core sim)
if(SLUICE_V8)
  list(APPEND SLUICE_INSTALLED v8)
endif()
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/Sluice)
foreach(part flags ${SLUICE_INSTALLED})
  set_target_properties(sluice_${part} PROPERTIES EXPORT_NAME ${part})
  install(TARGETS sluice_${part} EXPORT Sluice ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
endforeach()
target_include_directories(sluice_flags INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_compile_features(sluice_flags INTERFACE cxx_std_20)
install(EXPORT Sluice NAMESPACE Sluice:: FILE SluiceTargets.cmake DESTINATION ${package} COMPONENT development)

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/SluiceConfig.cmake.in ${PROJECT_BINARY_DIR}/SluiceConfig.cmake
                              INSTALL_DESTINATION ${package})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/SluiceConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/SluiceConfig.cmake ${PROJECT_BINARY_DIR}/SluiceConfigVersion.cmake DESTINATION ${package}
        COMPONENT development)

# In the sources, headers are included by their path in the checkout, which is nobody else's business.
foreach(part ${SLUICE_INSTALLED})
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/src/${part}/*.h)
  list(APPEND SLUICE_HEADERS ${headers})
endforeach()
configure_file(${PROJECT_SOURCE_DIR}/cmake/install_headers.cmake.in ${PROJECT_BINARY_DIR}/install_headers.cmake @ONLY)
install(SCRIPT ${PROJECT_BINARY_DIR}/install_headers.cmake COMPONENT development)

# pkg-config, for other builds: sluice is core and sim, sluice-v8 the binding too. What headers check depends on how they were built.
set(SLUICE_DEFINITIONS "")
get_target_property(definitions sluice_flags INTERFACE_COMPILE_DEFINITIONS)
foreach(definition ${definitions})
  if(definition MATCHES "^[A-Z_]+=1$")
    string(APPEND SLUICE_DEFINITIONS " -D${definition}")
  endif()
endforeach()
get_target_property(SLUICE_LINK_FLAGS sluice_flags INTERFACE_LINK_OPTIONS)
list(FILTER SLUICE_LINK_FLAGS INCLUDE REGEX "^-fsanitize=")
list(JOIN SLUICE_LINK_FLAGS " " SLUICE_LINK_FLAGS)
file(RELATIVE_PATH SLUICE_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(${PROJECT_SOURCE_DIR}/cmake/sluice.pc.in ${PROJECT_BINARY_DIR}/sluice.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/sluice.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)
if(SLUICE_V8)
  # pkgconf prints a path with spaces as one word after -I, and as several after -isystem.
  set(SLUICE_V8_INCLUDE "-isystem ${SLUICE_V8_PREFIX}/include/node")
  if(SLUICE_V8_PREFIX MATCHES "[^A-Za-z0-9_./+-]")
    set(SLUICE_V8_INCLUDE "\"-I${SLUICE_V8_PREFIX}/include/node\"")
  endif()
  configure_file(${PROJECT_SOURCE_DIR}/cmake/sluice-v8.pc.in ${PROJECT_BINARY_DIR}/sluice-v8.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/sluice-v8.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)
endif()

# The commands find libnode where it was when they were built.
foreach(command sluice sluice-fuzz)
  if(TARGET ${command})
    set_target_properties(${command} PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
    install(TARGETS ${command} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT commands)
  endif()
endforeach()
