# FREEFALL_SANITIZE, FREEFALL_FUZZERS: every target of this project, generated kernels included.
if(FREEFALL_SANITIZE)
  # A finding ends the program. A division by zero is no error in IEEE arithmetic; a number that no integer holds is one.
  set(freefall_sanitizers -fsanitize=address,undefined,float-cast-overflow -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_compile_options(${freefall_sanitizers})
  add_link_options(-fsanitize=address,undefined)
endif()
if(FREEFALL_FUZZERS)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR NOT FREEFALL_SANITIZE)
    message(FATAL_ERROR "FREEFALL_FUZZERS needs clang and FREEFALL_SANITIZE=ON; use cmake --preset fuzz")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
