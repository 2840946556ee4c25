# cmake -DOUT=<file> [-DCURRENT=<file>] -P errata.cmake -- <generator>...
# Verifies the printed equations of each generator's model and writes what was found as one document; with CURRENT it
# fails if that file is not the same.
foreach(i RANGE 1 ${CMAKE_ARGC})
  if(DEFINED after AND DEFINED CMAKE_ARGV${i})
    list(APPEND generators "${CMAKE_ARGV${i}}")
  elseif("${CMAKE_ARGV${i}}" STREQUAL "--")
    set(after TRUE)
  endif()
endforeach()
foreach(generator IN LISTS generators)
  execute_process(COMMAND ${generator} verify --format markdown RESULT_VARIABLE code OUTPUT_VARIABLE text ERROR_VARIABLE err)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "${generator} verify: exit code ${code}\n${err}${text}")
  endif()
  string(APPEND tables "${text}")
endforeach()
string(REGEX MATCHALL "\\| (proven|proven up to probability|tested) \\|" hold "${tables}")
string(REGEX MATCHALL "\\| refuted \\|" wrong "${tables}")
list(LENGTH hold hold)
list(LENGTH wrong wrong)
math(EXPR all "${hold} + ${wrong}")
set(document "# Printed equations, verified

Made by `scripts/errata` from `models/*/printed.cpp`; not written by hand. Each equation is stated there as it is printed,
beside a model in the notation of its paper, and compared with what freefall derives from that model's free energy: of ${all}
equations ${hold} hold and ${wrong} do not. Where a single mistake explains a wrong equation, it stands in italics.

Matrix notation: `x .* y` is element by element, `x y^T` an outer product, `tanh'(a)` a derivative, `eps_x` the prediction error
of `x`. Where an equation is right under some reading of its symbols, it is read so.

${tables}")
string(REGEX REPLACE "\n+$" "\n" document "${document}")
file(WRITE ${OUT} "${document}")
if(CURRENT)
  file(READ ${CURRENT} current)
  if(NOT current STREQUAL document)
    message(FATAL_ERROR "${CURRENT} is not what verification finds now; run scripts/errata and look at what changed")
  endif()
endif()
