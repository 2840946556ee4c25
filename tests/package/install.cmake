# Installs BUILD into an empty PREFIX, and fails if a test, a model or another file that is no part of the package is there.
file(REMOVE_RECURSE ${PREFIX})
execute_process(COMMAND ${CMAKE_COMMAND} --install ${BUILD} --prefix ${PREFIX} OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)

file(GLOB_RECURSE files RELATIVE ${PREFIX} ${PREFIX}/*)
foreach(file IN LISTS files)
<<<<<<< HEAD
  if(NOT file MATCHES "^(include/freefall/|lib[^/]*/([^/]+/)?(libfreefall_[a-z]+\\.a|cmake/freefall/[A-Za-z_-]+\\.cmake)$)"
     OR file MATCHES "test|models/|experiment|\\.cpp$")
=======
  if(NOT file MATCHES "^(include/freefall/|lib[^/]*/([^/]+/)?(libfreefall_[a-z]+\\.a|cmake/freefall/[A-Za-z_-]+\\.cmake)$|bin/freefall$|libexec/freefall/[a-z_]+_experiment$|share/freefall/(freefall\\.json$|models/|project/|data/))"
     OR file MATCHES "test|reference" OR (file MATCHES "models/|\\.cpp$" AND NOT file MATCHES "^share/freefall/"))
>>>>>>> cli
    list(APPEND strangers ${file})
  endif()
endforeach()
if(strangers)
  list(JOIN strangers "\n  " strangers)
  message(FATAL_ERROR "the installed tree holds files that are no part of the package:\n  ${strangers}")
endif()
foreach(needed dsl.hpp runtime/status.hpp internal/codegen/ir/expr.hpp)
  if(NOT EXISTS ${PREFIX}/include/freefall/${needed})
    message(FATAL_ERROR "the installed tree lacks include/freefall/${needed}")
  endif()
endforeach()
