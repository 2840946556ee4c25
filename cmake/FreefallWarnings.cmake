# freefall_warnings(<target>): the warnings every one of our targets, generated ones included, is clean under.
function(freefall_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow)
  if(FREEFALL_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()
