# cmake -DEXIT=<code> -DSTDERR=<text> -P expect.cmake -- <command>...
# Runs the command; it must end with that exit code (`fails`: any but 0) and its error output must contain the text.
foreach(i RANGE 1 ${CMAKE_ARGC})
  if(DEFINED after AND DEFINED CMAKE_ARGV${i})
    list(APPEND command "${CMAKE_ARGV${i}}")
  elseif("${CMAKE_ARGV${i}}" STREQUAL "--")
    set(after TRUE)
  endif()
endforeach()
execute_process(COMMAND ${command} RESULT_VARIABLE code OUTPUT_VARIABLE out ERROR_VARIABLE err)

# cmake breaks the lines of its messages at the width of a page.
string(REGEX REPLACE "[ \n]+" " " found "${err}")
string(FIND "${found}" "${STDERR}" position)
if(EXIT STREQUAL "fails" AND NOT code EQUAL 0)
  set(EXIT ${code})
endif()
if(NOT code STREQUAL "${EXIT}" OR position EQUAL -1)
  message(FATAL_ERROR "exit code ${code}, expected ${EXIT}\nerror output:\n${err}\nexpected in it:\n${STDERR}\n(output:\n${out})")
endif()
