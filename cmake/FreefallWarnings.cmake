# freefall_warnings(<target>): the warnings every one of our targets, generated ones included, is clean under.
function(freefall_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # False alarms of g++ 12 at -O3: inactive members of a moved std::variant, and "text" + std::string (GCC bug 105329).
    target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized -Wno-restrict)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # std::stable_sort of libstdc++ 12 calls a function that the same library marks as deprecated.
    target_compile_options(${target} PRIVATE -Wno-deprecated-declarations)
  endif()
  if(FREEFALL_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()
