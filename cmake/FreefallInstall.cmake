# cmake --install and find_package(freefall).
include(CMakePackageConfigHelpers)
set(FREEFALL_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/freefall)
install(EXPORT freefall_targets NAMESPACE freefall:: DESTINATION ${FREEFALL_PACKAGE_DIR})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/freefall-config.cmake.in ${PROJECT_BINARY_DIR}/freefall-config.cmake
                              INSTALL_DESTINATION ${FREEFALL_PACKAGE_DIR})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/freefall-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/freefall-config.cmake ${PROJECT_BINARY_DIR}/freefall-config-version.cmake
              ${CMAKE_CURRENT_LIST_DIR}/FreefallAddKernels.cmake
        DESTINATION ${FREEFALL_PACKAGE_DIR})
