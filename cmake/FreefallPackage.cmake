# Debian packages by CPack: `freefall-runtime` (what generated kernels and their users link) and `freefall-dev` (the
# language and the compiler). `scripts/package` makes them.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME freefall)
set(CPACK_PACKAGE_VENDOR freefall)
set(CPACK_PACKAGE_CONTACT "The freefall authors <freefall@localhost>")
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_COMPONENTS_ALL runtime dev)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_STRIP_FILES ON)

set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME freefall-runtime)
set(CPACK_COMPONENT_RUNTIME_DESCRIPTION "runtime of kernels made by freefall
 Buffers, checks, random numbers, checkpoints and data readers: what kernels
 for inference, learning and action need besides their own code. A static
 library and headers.")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_DEPENDS "zlib1g-dev")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_RECOMMENDS "libeigen3-dev (>= 3.4), libxtensor-dev")

set(CPACK_DEBIAN_DEV_PACKAGE_NAME freefall-dev)
set(CPACK_COMPONENT_DEV_DESCRIPTION "compiler for free-energy models
 Declare a generative model and a variational density in C++; freefall derives
 the rules of inference, learning and action, and writes C++ kernels for them.
 The language of specifications, the compiler and its CMake functions.")
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS
    "freefall-runtime (= ${PROJECT_VERSION}), g++ (>= 4:12), cmake (>= 3.25), make, libboost-dev, libeigen3-dev (>= 3.4), libfmt-dev, libxtensor-dev")
include(CPack)
