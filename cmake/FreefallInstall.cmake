# cmake --install and find_package(freefall). Two components: `runtime`, which shipping code needs and which stands alone,
# and `dev`, the language and the compiler on top of it.
include(CMakePackageConfigHelpers)
set(FREEFALL_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/freefall)
install(EXPORT freefall_runtime_targets NAMESPACE freefall:: DESTINATION ${FREEFALL_PACKAGE_DIR} COMPONENT runtime)
install(EXPORT freefall_compiler_targets NAMESPACE freefall:: DESTINATION ${FREEFALL_PACKAGE_DIR} COMPONENT dev)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/freefall-config.cmake.in ${PROJECT_BINARY_DIR}/freefall-config.cmake
                              INSTALL_DESTINATION ${FREEFALL_PACKAGE_DIR})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/freefall-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/freefall-config.cmake ${PROJECT_BINARY_DIR}/freefall-config-version.cmake
        DESTINATION ${FREEFALL_PACKAGE_DIR} COMPONENT runtime)
install(FILES ${CMAKE_CURRENT_LIST_DIR}/FreefallAddKernels.cmake DESTINATION ${FREEFALL_PACKAGE_DIR} COMPONENT dev)
